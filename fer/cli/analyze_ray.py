"""``fer analyze --engine ray``: options to work for a cluster, progress, summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import typer

from fer.cli.analyze_inputs import check_acting, nothing_left, own_files, say_passed
from fer.cli.common import err, progress
from fer.errors import InputError
from fer.media.job import Settings


def analyze_on_ray(
    paths: Sequence[str],
    output: Path | None,
    *,
    model: str | None,
    labels: str | None,
    detector: str,
    job: Settings,
    resume: bool,
    address: str | None,
) -> None:
    """Analyse on a Ray cluster and leave a folder of Parquet files.

    Raises:
        InputError: If an option does not fit this engine, or as ``fer.media.ray_engine.run``.
    """
    from fer.media.ray_engine import run
    from fer.media.sources import Search
    from fer.media.unit_work import WorkSettings
    from fer.media.units import cut

    if output is None or output.suffix:
        raise InputError(
            "--output: expected a folder for --engine ray, such as faces, got "
            f"{output or 'none'}; it will hold Parquet files"
        )
    search = Search(own_files(None, output, job.annotated))
    units = list(cut(paths, search=search))
    say_passed(search)
    if not units:
        raise nothing_left(paths)
    if not any(unit.table for unit in units):
        check_acting((source for unit in units for source in unit.sources), job)
    parts = output.absolute().with_name(f".{output.name}.job")
    annotated = job.annotated.absolute() if job.annotated else None
    settings = WorkSettings(parts, model, labels, detector, replace(job, annotated=annotated))
    with progress() as bars:
        task = bars.add_task("Analysing on Ray", total=len(units))
        outcome = run(
            units,
            output.absolute(),
            settings,
            resume=resume,
            address=address,
            workers=job.workers,
            report=lambda done, _total: bars.update(task, completed=done),
        )
    rows = ", ".join(f"{count:,} {status}" for status, count in sorted(outcome.rows.items()))
    err.print(f"{outcome.worked:,} of {outcome.units:,} units worked; rows: {rows}", markup=False)
    if outcome.rows.get("error") or outcome.rows.get("partial"):
        raise typer.Exit(1)
