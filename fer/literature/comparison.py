"""Every system of the literature beside the shipped model: one table, computed from the records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer.architectures.transfer import PREFIX
from fer.evaluation.readings import LATENCY
from fer.literature.neighbours import NAMES
from fer.literature.recipes import HEADLINES, OWN_SPLIT, RECIPES, Headline
from fer.models.card import ModelCard
from fer.models.store import CARD, DEFAULT_MODEL, LITERATURE, METRICS, read_card, read_json
from fer.training.run_folder import write_bytes

FILE = "COMPARISON.md"
READINGS = "split_*.json"

CLOSE_POINTS = 1.5
"""A published figure that is missed by more than this needs its reason."""

COLUMNS: tuple[str, ...] = (
    "system",
    "as published",
    "here, on its split",
    "here, official",
    "parameters",
    "multiply-adds",
    "CPU ms a face",
    "minutes",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One system: the figure of its source, and what was recorded of it here.

    Attributes:
        own: Record of the run under its source's split, or None.
        readings: Records under other readings of that split or of the recipe.
        card: Card of the run under the official split, or None.
        metrics: Of the same run; empty without one.
    """

    name: str
    headline: Headline
    own: dict[str, Any] | None
    readings: tuple[dict[str, Any], ...]
    card: ModelCard | None
    metrics: dict[str, Any]

    @property
    def published(self) -> float | None:
        """The figure of its source as a share, where it is one of FER-2013."""
        return self.headline.accuracy if self.headline.split else None

    def cells(self) -> tuple[str, ...]:
        """Its row, as text in the order of ``COLUMNS``; empty where nothing was measured."""
        own, card, milliseconds = self.own, self.card, self.metrics.get(LATENCY)
        metric = card.metric("accuracy") if card else None
        return (
            self.name,
            self.headline.text,
            f"{own['accuracy']:.2%} (n = {own['n']:,}, {own['scheme']})" if own else "",
            f"{metric.value:.2%} (n = {metric.n:,})" if metric else "",
            f"{card.parameters:,}" if card else "",
            f"{card.multiply_adds / 1e6:,.0f} M" if card else "",
            f"{milliseconds:,.2f}" if milliseconds is not None else "",
            f"{card.training_minutes + card.training_minutes_before:,.1f}" if card else "",
        )


def folder_of(models_dir: Path, name: str) -> Path:
    """Where the records of the shipped model or of a system of the literature are."""
    if name == DEFAULT_MODEL:
        return models_dir / DEFAULT_MODEL
    return models_dir / LITERATURE / name.replace(":", "-")


def entries(models_dir: Path) -> list[Entry]:
    """The shipped model, then every system that has a headline, in their fixed order.

    Raises:
        ModelError: If a record is damaged.
    """
    found = []
    for name in (DEFAULT_MODEL, *RECIPES, *NAMES):
        headline = HEADLINES.get(name, Headline("this project's own"))
        folder = folder_of(models_dir, name)
        own_split, metrics = (
            read_json(folder / file) if (folder / file).is_file() else None
            for file in (OWN_SPLIT, METRICS)
        )
        readings = tuple(map(read_json, sorted(folder.glob(READINGS))))
        card = read_card(folder) if (folder / CARD).is_file() else None
        found.append(Entry(name, headline, own_split, readings, card, metrics or {}))
    return found


def trained(entry: Entry) -> bool:
    """Whether anything was measured of it."""
    return entry.own is not None or entry.card is not None


def _difference(entry: Entry) -> str | None:
    if entry.published is None or entry.own is None:
        return None
    points = 100 * (entry.own["accuracy"] - entry.published)
    low, high = entry.own["accuracy_interval"]
    inside = "contains" if low <= entry.published <= high else "does not contain"
    line = (
        f"- `{entry.name}`: {points:+.2f} points from the published figure on the split "
        f"*{entry.own['split']}*; the 95 % interval of ours, {low:.1%} to {high:.1%}, {inside} it."
    )
    if abs(points) > CLOSE_POINTS and entry.headline.remark:
        line += f" {entry.headline.remark}"
    return line


def _readings(entry: Entry) -> list[str]:
    lines = []
    for record in entry.readings:
        changes = record.get("changes") or {}
        what = ", ".join(
            f"{name.replace('_', ' ')} {here} instead of {there}"
            for name, (here, there) in changes.items()
        )
        reading = f"recipe, *{what}*" if what else f"split, *{record['split']}*"
        figure = f"{record['accuracy']:.2%} (n = {record['n']:,})"
        if what and entry.published is not None:
            figure += f", {100 * (record['accuracy'] - entry.published):+.2f} points"
        lines.append(f"- `{entry.name}`, another reading of its {reading}: {figure}.")
    return lines


def _start(entry: Entry) -> str | None:
    recipe = entry.card.recipe if entry.card else {}
    if not entry.name.startswith(PREFIX) or recipe.get("weights") != "none":
        return None
    return f"- `{entry.name}` started from random weights here, at its source from ImageNet's."


def against_published(found: list[Entry]) -> list[str]:
    """Markdown list lines: how far each system is from its published figure, and why."""
    shown = [entry for entry in found if trained(entry)]
    return [
        line
        for entry in shown
        for line in (_difference(entry), *_readings(entry), _start(entry))
        if line
    ]


def fit_signs(found: list[Entry]) -> list[str]:
    """Markdown list lines: how much each network overfits, and how much one class rules it."""
    return [
        f"- `{entry.name}`: {100 * fit['gap']:.1f} points better on pictures that it learned from; "
        f"its favourite class is answered {fit['dominance']:.2f} times as often as it occurs."
        for entry in found
        if (fit := entry.metrics.get("fit"))
    ]


ABOUT_TIMES = (
    "The time of a face is processor time, the median, on the machine that published the system."
)


def markdown(found: list[Entry]) -> str:
    """The whole file."""
    lines = [
        "# The systems of the literature, compared",
        "",
        "Written by `fer models compare` from the records in `models/`; nothing here is typed by",
        "hand. *Official*: trained on Training without copies of test pictures, chosen on",
        "PublicTest, measured once on PrivateTest. The other splits let copies of training",
        "pictures into the test, so figures on them do not compare with the official ones.",
        ABOUT_TIMES,
        "Minutes of training, those of the networks that one began with and learned from included,",
        "are by the clock of the machine, whatever else it did and however it was sped up: they do",
        "not compare.",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "| --- | --- " + "| ---: " * (len(COLUMNS) - 2) + "|",
    ]
    shown = [entry for entry in found if trained(entry)]
    lines += ["| " + " | ".join(entry.cells()) + " |" for entry in shown]
    differences = against_published(found)
    if differences:
        lines += ["", "## Against the published figures", "", *differences]
    signs = fit_signs(found)
    if signs:
        lines += ["", "## Overfitting and dominance", "", *signs]
    missing = [f"`{entry.name}`" for entry in found if not trained(entry)]
    if missing:
        lines += ["", "## Not trained here yet", "", f"{', '.join(missing)}."]
        lines += [
            "",
            "`fer literature train --architecture NAME --name NAME --replace` trains one and adds "
            "its row.",
        ]
    return "\n".join(lines) + "\n"


def write_comparison(models_dir: Path) -> Path:
    """Write ``models/COMPARISON.md``.

    Raises:
        ModelError: If a record is damaged.
        TrainingError: If the disk refuses.
    """
    path = models_dir / FILE
    write_bytes(path, markdown(entries(models_dir)).encode())
    return path
