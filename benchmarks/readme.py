"""Writes the figures of the README and of docs/figures.md, so that none is typed by hand.

``python -m benchmarks.readme`` rewrites the block between the markers of each from the cards of
the shipped models: a few figures in the README, all of them in docs/figures.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fer.evaluation.evaluate import SEEN, in_words
from fer.evaluation.peers import Peer, peers
from fer.labels import FER2013, PERCEIVED
from fer.models.card import SEEN_PROTOCOL, ModelCard
from fer.models.store import CHOICE, DEFAULT_MODEL, ModelFolder, list_models, open_model

README = Path(__file__).parents[1] / "README.md"
FIGURES = README.parent / "docs" / "figures.md"
START = "<!-- figures: written by python -m benchmarks.readme -->"
END = "<!-- end of figures -->"

_SEEN = {
    "perceived": "`perceived`, the default",
    "fer2013": "`fer2013`",
    "ferplus": "`ferplus`, contempt taken out",
}
"""Label set -> its name in the table of what people see."""

_ROWS: tuple[tuple[str, str], ...] = (
    ("FER-2013, all", "fer2013"),
    ("FER-2013, without copies of Training", "fer2013_without_copies"),
    ("FER-2013, mean with the mirror image", "fer2013_flip"),
    ("FER+, majority of ten voters", "ferplus_majority"),
    ("FER+, largest vote", "ferplus_argmax"),
)


_OTHERS: tuple[tuple[str, str, str, str], ...] = (
    ("mean of the classes", "macro_recall", PERCEIVED, SEEN_PROTOCOL),
    ("neutral called neutral", "recall_neutral", PERCEIVED, SEEN_PROTOCOL),
    ("FER-2013's labels", "accuracy", "fer2013", "all"),
)


def _split(metrics: Mapping[str, Any]) -> str:
    return "PrivateTest" if "PrivateTest" in metrics else "PublicTest"


def summary(folder: ModelFolder) -> str:
    """The README's block: what people see beside others, and both data sets in a line."""
    card, metrics = folder.card, folder.metrics()
    split = _split(metrics)
    reports = metrics[split]
    known = _seen_reports(reports)
    first = next(iter(known.values()))
    lines = [
        f"`{card.name}` {card.version}, {card.file_bytes / 1e6:.1f} MB, on {split}'s "
        f"{first['n']:,} faces that most of ten people gave one of seven names. {in_words(first)}",
        "",
        "| read by | right | mean of the classes | neutral faces found | calibration error |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, report in known.items():
        lines.append(
            f"| {_SEEN[name]} | {report['accuracy']:.1%} | {report['macro_recall']:.0%} | "
            f"{report['per_class']['neutral']['recall']:.0%} | {report['ece']:.3f} |"
        )
    for peer in peers(PERCEIVED):
        lines.append(
            f"| {_named(peer, first['n'])} | {peer.accuracy:.1%} | {peer.macro_recall:.0%} | "
            f"{peer.neutral:.0%} | |"
        )
    told = []
    for labels, key in (("FER-2013's own labels", "fer2013"), ("FER+", "ferplus_majority")):
        low, high = reports[key]["accuracy_interval"]
        told.append(
            f"by {labels} {reports[key]['accuracy']:.1%} (95 % interval {low:.1%} to {high:.1%})"
        )
    lines += ["", f"Right {', '.join(told)}."]
    return "\n".join(lines)


def figures(folder: ModelFolder) -> str:
    """All of a model: facts, what people see, FER-2013's and FER+'s own protocols."""
    card, metrics = folder.card, folder.metrics()
    split = _split(metrics)
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
        f"two CPU cores. All figures: {split}, one forward pass of the file that ships.",
        "",
        *seen(metrics[split]),
        "By the labels of the data sets themselves:",
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
    abstain = card.abstain.get(PERCEIVED, card.abstain["fer2013"])
    if abstain.accuracy is not None:
        lines += [
            "",
            f'Below a confidence of {abstain.threshold:.2f} it says "unsure", and what it would '
            f"have been: on {abstain.split} it then answers {abstain.coverage:.0%} of all faces, "
            f"ambiguous ones included, and is right on {abstain.accuracy:.0%} of them.",
        ]
    return "\n".join(lines)


def _seen_reports(reports: Mapping[str, Any]) -> dict[str, Any]:
    return {name: reports[key] for name, key in SEEN.items() if key in reports}


def _named(peer: Peer, n: int) -> str:
    """A peer's name, with its number of faces where that is another."""
    return peer.name if peer.n == n else f"{peer.name} (n = {peer.n:,.0f})"


def seen(reports: Mapping[str, Any]) -> list[str]:
    """What people see: each label set and each peer against the majority of ten voters."""
    known = _seen_reports(reports)
    n = next(iter(known.values()))["n"]
    lines = [
        f"**What people see** (the majority of ten FER+ voters, seven classes, n = {n:,}). "
        f"{in_words(next(iter(known.values())))}",
        "",
        f"| read by | right | mean of the classes | {' | '.join(FER2013)} | calibration error | "
        "against the votes | answered |",
        f"|{' --- |' * (len(FER2013) + 6)}",
    ]
    for name, report in known.items():
        each = report["per_class"]
        recalls = " | ".join(f"{each[label]['recall'] * 100:.0f}" for label in FER2013)
        answered = report.get("answered")
        lines.append(
            f"| {_SEEN[name]} | {report['accuracy']:.1%} | {report['macro_recall'] * 100:.0f} | "
            f"{recalls} | {report['ece']:.3f} | {report['votes']['error']:.3f} | "
            f"{answered['coverage']:.0%} |"
        )
    for peer in peers(PERCEIVED):
        recalls = " | ".join(
            f"{peer.neutral * 100:.0f}" if label == "neutral" else "" for label in FER2013
        )
        lines.append(
            f"| {_named(peer, n)} | {peer.accuracy:.1%} | {peer.macro_recall * 100:.0f} | "
            f"{recalls} | | | |"
        )
    lines += [
        "",
        "Columns of classes: of 100 faces that people call so, how many are found. *Against the "
        "votes*: mean over the classes of |mean probability - mean share of the votes|, in 15 "
        'bins. *Answered*: not "unsure".',
        "",
    ]
    return lines


def others(default: ModelCard, cards: Sequence[ModelCard]) -> str:
    """A paragraph on the other models that are shipped, each beside the default one."""
    lines = []
    for card in cards:
        accuracy = card.metric("accuracy", head=PERCEIVED, protocol=SEEN_PROTOCOL)
        if card.name == default.name or accuracy is None:
            continue
        figures = [f"{accuracy.value:.1%} as most people see it"]
        for text, name, head, protocol in _OTHERS:
            own, its = (one.metric(name, head=head, protocol=protocol) for one in (card, default))
            if own is not None and its is not None:
                shown = (f"{one.value:.1%}" for one in (own, its))
                figures.append(f"{text} {' against '.join(shown)}")
        lines.append(
            f"Also there: `{card.name}` {card.version} ({card.file_bytes / 1e6:.1f} MB, "
            f"{card.multiply_adds / 1e6:.0f} M multiply-adds) reads {', '.join(figures)}. "
            f"[Its card](../models/{card.name}/card.json) says what it learned from. "
            f"`{CHOICE}={card.name} make run` opens the dashboard with it, `--model {card.name}` "
            "runs a command with it."
        )
    return "\n\n".join(lines)


def blocks() -> dict[Path, str]:
    """Document -> everything between its markers."""
    folder = open_model(DEFAULT_MODEL)
    long = (figures(folder), others(folder.card, list_models()))
    return {README: summary(folder), FIGURES: "\n\n".join(part for part in long if part)}


def with_figures(text: str, figures: str) -> str:
    """A document's text with its block replaced."""
    head, rest = text.split(START, 1)
    _old, tail = rest.split(END, 1)
    return f"{head}{START}\n\n{figures}\n\n{END}{tail}"


def main() -> None:
    """Rewrite both documents."""
    for path, written in blocks().items():
        text = path.read_text(encoding="utf-8")
        path.write_text(with_figures(text, written), encoding="utf-8")


if __name__ == "__main__":
    main()
