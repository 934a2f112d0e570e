"""``fer dataset``: looking into a data set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from fer.cli.common import (
    AsJson,
    Data,
    Ferplus,
    SkipBad,
    err,
    number_table,
    open_data,
    out,
    print_json,
    share_bar,
)
from fer.errors import InputError

dataset_app = typer.Typer(help="Look into a data set.", no_args_is_help=True)


@dataset_app.command("stats")
def dataset_stats(
    data: Data = None,
    ferplus: Ferplus = None,
    as_json: AsJson = False,
    skip_bad: SkipBad = False,
) -> None:
    """Count classes, splits, copies and blank pictures."""
    from fer.datasets.statistics import class_distribution, summary

    dataset = open_data(data, ferplus, skip_bad)
    facts = summary(dataset)
    if as_json:
        print_json(facts)
        return
    table_of = class_distribution(dataset).pivot(index="label", columns="split", values="count")
    counts = table_of.to_dict()
    title = f"{dataset.source}: {len(dataset):,} pictures"
    table = number_table("class", *dataset.split_names, title=title)
    for label in dataset.label_names:
        table.add_row(label, *(f"{counts[s][label]:,}" for s in dataset.split_names))
    out.print(table)
    for key, value in facts.items():
        if isinstance(value, int | str) and key != "source":
            out.print(f"{key.replace('_', ' ')}: {value}", highlight=False, markup=False)


@dataset_app.command("audit")
def dataset_audit(
    data: Data = None,
    ferplus: Ferplus = None,
    as_json: AsJson = False,
    skip_bad: SkipBad = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="CSV of the rows found, for fer train --drop."),
    ] = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            help="Only this finding in --output: copied, leaked, tested twice, near copy, "
            "conflicting, blank or not a face; may be repeated.",
        ),
    ] = None,
) -> None:
    """Look for pictures that are copied, leaked, in conflict, blank or no face."""
    from fer.datasets.audit import KINDS, audit

    if kinds and output is None:
        raise InputError(
            "--kind: expected --output, whose rows it chooses, got none; give -o FILE.csv"
        )
    report = audit(open_data(data, ferplus, skip_bad))
    facts = report.to_dict()
    listed = report.table(kinds or None)
    if as_json:
        print_json(facts)
    else:
        table = Table("finding", "rows", *report.dataset.split_names)
        for finding in report.findings:
            counts = (f"{count:,}" for count in finding.by_split.values())
            table.add_row(finding.kind, f"{len(finding.rows):,}", *counts)
        out.print(
            f"{facts['source']}: {facts['rows']:,} rows, {facts['distinct_images']:,} distinct"
        )
        out.print(table)
        for finding in report.findings:
            out.print(f"{finding.kind}: {KINDS[finding.kind]}.", highlight=False)
        if facts["ferplus_agreement"]:
            out.print(_agreement_table(facts["ferplus_agreement"]))
    if output is not None:
        listed.to_csv(output, index=False)
        err.print(f"Wrote {len(listed):,} rows to {output}")


@dataset_app.command("export")
def dataset_export(
    output: Annotated[Path, typer.Option("--output", "-o", help="New or empty folder.")],
    data: Data = None,
    ferplus: Ferplus = None,
    as_json: AsJson = False,
    skip_bad: SkipBad = False,
) -> None:
    """Write a tree of class folders with lossless pictures."""
    from fer.datasets.export import export_folders

    dataset = open_data(data, ferplus, skip_bad)
    with share_bar(f"Writing {output}") as show:
        written = export_folders(dataset, output, progress=show)
    if as_json:
        print_json({"pictures": written, "folder": str(output)})
    else:
        err.print(f"Wrote {written:,} pictures to {output}", markup=False)


def _agreement_table(shares: Mapping[str, Mapping[str, float]]) -> Table:
    names = list(dict.fromkeys(name for row in shares.values() for name in row))
    table = Table("split", *names, title="Labels of FER-2013 that FER+'s majority shares")
    for split, row in shares.items():
        table.add_row(split, *(f"{row[name]:.0%}" if name in row else "" for name in names))
    return table
