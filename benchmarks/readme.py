"""Writes the README's figures from the shipped model's card, so that none is typed by hand.

``python -m benchmarks.readme`` rewrites the block between the two markers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fer.models.card import ModelCard
from fer.models.store import CHOICE, DEFAULT_MODEL, ModelFolder, list_models, open_model

README = Path(__file__).parents[1] / "README.md"
START = "<!-- figures: written by python -m benchmarks.readme -->"
END = "<!-- end of figures -->"

_ROWS: tuple[tuple[str, str], ...] = (
    ("FER-2013, all", "fer2013"),
    ("FER-2013, without copies of Training", "fer2013_without_copies"),
    ("FER-2013, mean with the mirror image", "fer2013_flip"),
    ("FER+, majority of ten voters", "ferplus_majority"),
    ("FER+, largest vote", "ferplus_argmax"),
)


_OTHERS: tuple[tuple[str, str, str, str], ...] = (
    ("macro-F1", "macro_f1", "fer2013", "all"),
    ("FER+ majority", "accuracy", "ferplus", "majority"),
    ("calibration error", "ece", "fer2013", "all"),
    ("of FER+", "ece", "ferplus", "majority"),
)


def figures(folder: ModelFolder) -> str:
    """The block of a model: one line of facts, one table per protocol, recall per class."""
    card, metrics = folder.card, folder.metrics()
    split = "PrivateTest" if "PrivateTest" in metrics else "PublicTest"
    before = (
        f", {card.training_minutes_before:,.0f} more for the networks before it,"
        if card.training_minutes_before
        else ""
    )
    lines = [
        f"The shipped model `{card.name}` {card.version}: {card.parameters / 1e6:.2f} M "
        f"parameters, {card.multiply_adds / 1e6:.0f} M multiply-adds a face, "
        f"{card.file_bytes / 1e6:.1f} MB, "
        f"trained here in {card.training_minutes:.0f} minutes ({card.epochs} epochs){before} on "
        f"two CPU cores. On {split}, one forward pass of the file that ships:",
        "",
        "| labels | n | accuracy | 95 % interval | macro-F1 | calibration error |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for title, key in _ROWS:
        report = metrics[split].get(key)
        if report is None:
            continue
        low, high = report["accuracy_interval"]
        macro = f"{report['macro_f1']:.3f}" if "macro_f1" in report else ""
        ece = f"{report['ece']:.3f}" if "ece" in report else ""
        lines.append(
            f"| {title} | {report['n']:,} | {report['accuracy']:.1%} | {low:.1%} - {high:.1%} | "
            f"{macro} | {ece} |"
        )
    recall = ", ".join(
        f"{label} {entry['recall']:.2f}"
        for label, entry in metrics[split]["fer2013"]["per_class"].items()
    )
    lines += ["", f"Recall of each FER-2013 class: {recall}."]
    abstain = card.abstain["fer2013"]
    if abstain.accuracy is not None:
        lines += [
            "",
            f'Below a confidence of {abstain.threshold:.2f} it says "unsure": on '
            f"{abstain.split} it then answers {abstain.coverage:.0%} of the faces and is right on "
            f"{abstain.accuracy:.0%} of them.",
        ]
    return "\n".join(lines)


def others(default: ModelCard, cards: Sequence[ModelCard]) -> str:
    """A paragraph on the other models that are shipped, each beside the default one."""
    lines = []
    for card in cards:
        accuracy = card.metric("accuracy")
        if card.name == default.name or accuracy is None:
            continue
        figures = [f"{accuracy.value:.1%} of PrivateTest"]
        for text, name, head, protocol in _OTHERS:
            own, its = (one.metric(name, head=head, protocol=protocol) for one in (card, default))
            if own is not None and its is not None:
                shown = (
                    f"{one.value:.{'1%' if name == 'accuracy' else '3f'}}" for one in (own, its)
                )
                figures.append(f"{text} {' against '.join(shown)}")
        lines.append(
            f"Also there: `{card.name}` {card.version} ({card.file_bytes / 1e6:.1f} MB, "
            f"{card.multiply_adds / 1e6:.0f} M multiply-adds) reads {', '.join(figures)}. "
            f"[Its card](models/{card.name}/card.json) says what it learned from. "
            f"`{CHOICE}={card.name} make run` opens the dashboard with it, `--model {card.name}` "
            "runs a command with it."
        )
    return "\n\n".join(lines)


def block() -> str:
    """Everything between the markers."""
    folder = open_model(DEFAULT_MODEL)
    return "\n\n".join(
        part for part in (figures(folder), others(folder.card, list_models())) if part
    )


def with_figures(text: str, figures: str) -> str:
    """The README's text with its block replaced."""
    head, rest = text.split(START, 1)
    _old, tail = rest.split(END, 1)
    return f"{head}{START}\n\n{figures}\n\n{END}{tail}"


def main() -> None:
    """Rewrite the README."""
    text = README.read_text(encoding="utf-8")
    README.write_text(with_figures(text, block()), encoding="utf-8")


if __name__ == "__main__":
    main()
