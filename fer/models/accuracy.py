"""How often a model is right, in sentences for people who know no metric."""

from __future__ import annotations

from fer.models.card import SEEN_PROTOCOL
from fer.models.store import ModelFolder

_LEAST = 0.6


def accuracy_lines(folder: ModelFolder, labels: str) -> tuple[str, ...]:
    """What its card says about a label set; nothing where that was not measured."""
    card = folder.card
    seen = next(
        (
            one
            for split in ("PrivateTest", "PublicTest")
            if (one := card.metric("accuracy", head=labels, split=split, protocol=SEEN_PROTOCOL))
        ),
        None,
    )
    lines = []
    if seen is not None:
        lines.append(
            f"Of {seen.n:,} test faces on which most of ten people agreed, it named the same "
            f"expression for {seen.value:.0%}; it had not learned from them."
        )
    recalls = sorted(folder.recalls(labels).items(), key=lambda item: -item[1])
    if recalls:
        each = ", ".join(f"{name} {share:.0%}" for name, share in recalls)
        lines.append(f"Of each expression it finds, on test faces: {each}.")
    weak = [name for name, share in recalls if share < _LEAST]
    if weak:
        lines.append("It often misses: " + ", ".join(weak) + ".")
    return tuple(lines)
