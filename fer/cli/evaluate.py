"""``fer evaluate``: one model on one data set, or several on several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from fer.cli.affect import affect_table
from fer.cli.common import (
    AsJson,
    Ferplus,
    LabelSet,
    SkipBad,
    number_table,
    open_data,
    out,
    print_json,
    share_bar,
)
from fer.errors import InputError
from fer.evaluation.evaluate import SEEN, in_words
from fer.labels import FER2013, LABEL_SETS, OWN, PERCEIVED


def evaluate(
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            help="FER-2013 CSV, class folders, or CK+, RAF-DB or AffectNet as distributed; may be "
            "repeated. Default: FER_DATA.",
        ),
    ] = None,
    ferplus: Ferplus = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            help="Split of the data, or all; default: PublicTest, else the test, else all. "
            "PrivateTest is opened on request only.",
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="Folder in models/, or a path; may be repeated."),
    ] = None,
    labels: Annotated[
        LabelSet | None,
        typer.Option("--labels", help="Only this label set; default: all that the model has."),
    ] = None,
    class_names: Annotated[
        list[str] | None,
        typer.Option(
            "--class-names",
            help="What the class names mean: affectnet, raf-db, ck+, emotic, fer2013, a JSON file, "
            "or 1=surprise,2=fear,8=-; one for all data or one each; own: as they are, the default "
            "for a model with classes of its own.",
        ),
    ] = None,
    as_json: AsJson = False,
    skip_bad: SkipBad = False,
) -> None:
    """Measure published models on labelled faces, under every protocol that they allow."""
    from fer.datasets.label_map import OWN_NAMES, read_label_map
    from fer.evaluation.cross import maps_for
    from fer.literature.session import evaluate_published, published_card

    places: list[Path | None] = [*data] if data else [None]
    names: list[str | None] = [*model] if model else [None]
    said = [read_label_map(text) for text in class_names or ()]
    if not said and all(OWN in published_card(name).labels for name in names):
        said = [OWN_NAMES]
    maps = maps_for(len(places), said)
    reports: list[dict[str, Any]] = []
    for place, words in zip(places, maps, strict=True):
        dataset = open_data(place, ferplus, skip_bad, words, class_names=True)
        for name in names:
            with share_bar(f"Evaluating on {dataset.source}") as show:
                report = evaluate_published(name, dataset, split, progress=show)
            reports.append(report if labels is None else only(report, labels))
    table = cross_table(reports)
    if as_json:
        print_json({"reports": reports, "cross": table} if len(reports) > 1 else reports[0])
        return
    for report in reports:
        _print_one(report)
    if len(reports) > 1:
        _print_cross(table)


def only(report: Mapping[str, Any], labels: str) -> dict[str, Any]:
    """What a report says about one label set.

    Raises:
        InputError: If the model has no such label set.
    """
    mine = {key for key in report if key.startswith(labels)} - {*SEEN.values()}
    mine |= {SEEN[labels]} if labels in SEEN else set()
    kept = {
        key: value
        for key, value in report.items()
        if key in mine or not (isinstance(value, dict) and "accuracy" in value)
    }
    if not mine & kept.keys():
        raise InputError(
            f"--labels: expected a label set of the model {report['model']}, got '{labels}'; leave "
            "--labels out to see all that it has"
        )
    return kept


_HEADLINES: dict[str, dict[str, str]] = {
    PERCEIVED: {"perceived": "votes", "perceived_labels": "labels"},
    "fer2013": {"fer2013": "labels"},
    "ferplus": {"ferplus_majority": "votes", "ferplus_labels": "labels"},
    OWN: {OWN: "labels"},
}
"""Label set -> the protocols that stand for it across data sets, and what each is measured against;
the first that a report has."""


def cross_table(reports: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row for every model and label set, with its figures on every data set."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for report in reports:
        for head, protocols in _HEADLINES.items():
            protocol = next((one for one in protocols if one in report), None)
            if protocol is None:
                continue
            entry = report[protocol]
            row = rows.setdefault(
                (report["model"], head), {"model": report["model"], "head": head, "on": []}
            )
            row["on"].append(
                {
                    "data": report["source"],
                    "split": report["split"],
                    "protocol": protocol,
                    "against": protocols[protocol],
                    "classes": len(entry["labels"]),
                    **{key: entry[key] for key in ("n", "accuracy", "weighted_f1")},
                }
            )
    return list(rows.values())


def _print_cross(rows: Sequence[Mapping[str, Any]]) -> None:
    places = list(
        dict.fromkeys((cell["data"], cell["split"]) for row in rows for cell in row["on"])
    )
    title = "Across data sets: accuracy, weighted F1"
    table = number_table("model, head", *map(", ".join, places), title=title)
    for row in rows:
        cells = {
            (cell["data"], cell["split"]): f"{cell['accuracy']:.1%}, {cell['weighted_f1']:.3f} "
            f"({cell['classes']} classes, {cell['against']})"
            for cell in row["on"]
        }
        table.add_row(f"{row['model']}, {row['head']}", *(cells.get(at, "") for at in places))
    out.print(table)


def _print_one(report: Mapping[str, Any]) -> None:
    title = f"{report['model']} {report['version']} on {report['source']}, {report['split']}"
    columns = ("n", "accuracy", "95 %", "weighted F1", "macro-F1", "ECE")
    table = number_table("protocol", *columns, title=title)
    for name, entry in report.items():
        if isinstance(entry, dict) and "accuracy" in entry:
            low, high = entry["accuracy_interval"]
            table.add_row(
                name,
                f"{entry['n']:,}",
                f"{entry['accuracy']:.2%}",
                f"{low:.1%}-{high:.1%}",
                *(
                    f"{entry[figure]:.3f}" if figure in entry else ""
                    for figure in ("weighted_f1", "macro_f1", "ece")
                ),
            )
    out.print(table)
    _print_seen(report)
    for head in (*LABEL_SETS, OWN):
        if head in report:
            _print_confusion(head, report[head])
    for rule in dict.fromkeys(
        entry["rule"] for entry in report.values() if isinstance(entry, dict) and "rule" in entry
    ):
        out.print(rule, highlight=False, markup=False)
    if "valence_arousal_derived" in report:
        out.print(affect_table({"derived": report["valence_arousal_derived"]}))
    for note in report.get("notes", ()):
        out.print(note, highlight=False, markup=False)


def _print_seen(report: Mapping[str, Any]) -> None:
    """How each label set reads what people see: recall of each class, and the votes."""
    seen = {name: report[key] for name, key in SEEN.items() if "votes" in report.get(key, {})}
    if not seen:
        return
    columns = ("mean", "calibration error", "against votes", "answered", "of these right")
    title = "What most of ten people see: found of 100"
    table = number_table("label set", *FER2013, *columns, title=title)
    for name, entry in seen.items():
        recalls = [entry["per_class"][label]["recall"] for label in FER2013]
        answered = entry.get("answered", {})
        right = answered.get("accuracy")
        table.add_row(
            name,
            *(f"{share * 100:.0f}" for share in recalls),
            f"{entry['macro_recall'] * 100:.0f}",
            f"{entry['ece']:.3f}",
            f"{entry['votes']['error']:.3f}",
            f"{answered['coverage']:.0%}" if answered else "",
            f"{right:.0%}" if right is not None else "",
        )
    out.print(table)
    name, entry = next(iter(seen.items()))
    out.print(f"{name}: {in_words(entry)}", highlight=False, markup=False)


def _print_confusion(head: str, entry: Mapping[str, Any]) -> None:
    table = number_table("is \\ read as", *entry["labels"], title=f"{head}: confusion")
    for label, row in zip(entry["labels"], entry["confusion"], strict=True):
        table.add_row(label, *(f"{count:,}" for count in row))
    out.print(table)
