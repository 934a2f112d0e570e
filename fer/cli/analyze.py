"""``fer analyze``: pictures, archives and videos in, one table and annotated copies out."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fer.cli.analyze_inputs import (
    check_acting,
    check_engine,
    nothing_left,
    own_files,
    part_of,
    say_passed,
)
from fer.cli.analyze_report import check_report, events_of, write_report
from fer.cli.common import LabelSet, ModelName, bar_text, err, printable, progress
from fer.cli.stopping import stop_signal
from fer.errors import InputError

if TYPE_CHECKING:
    from fer.media.job import AnalysisJob, Finished
    from fer.media.sources import Source


_SELDOM = 0.3
"""Recall below which a label is as good as not there."""


def analyze(
    paths: Annotated[
        list[str],
        typer.Argument(help="Pictures, videos, ZIPs, folders, or patterns like '*.jpg'."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help=".csv, .json, .jsonl or .parquet"),
    ] = None,
    annotated: Annotated[
        Path | None, typer.Option("--annotated", help="Folder for annotated copies (PNG, MP4).")
    ] = None,
    model: ModelName = None,
    labels: Annotated[
        LabelSet | None,
        typer.Option(
            "--labels",
            help="What people see (perceived, the default), FER-2013's own labels, FER+'s eight "
            "with contempt, or own, the classes of a model of yours.",
        ),
    ] = None,
    every: Annotated[
        int, typer.Option("--every", min=1, help="Videos: analyse every n-th frame.")
    ] = 1,
    rate: Annotated[
        float | None, typer.Option("--rate", help="Videos: at most this many frames a second.")
    ] = None,
    identity: Annotated[
        bool,
        typer.Option(
            "--identity/--no-identity",
            help="Videos: a person who returns gets the old number, by looks that are kept in "
            "memory until the video's end.",
        ),
    ] = True,
    csv_excel: Annotated[
        bool, typer.Option("--csv-excel", help="Mark a .csv as UTF-8, for Excel.")
    ] = False,
    frames: Annotated[
        Literal["first", "all"],
        typer.Option("--frames", help="Animated pictures and pages: the first, or all."),
    ] = "first",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what an earlier run has left.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=1, help="Threads (default: one more than cores), or actors on Ray."
        ),
    ] = None,
    detector: Annotated[
        Literal["blazeface", "cascade"],
        typer.Option("--detector", help="BlazeFace, or the Haar cascade for upright faces only."),
    ] = "blazeface",
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option("--engine", help="This machine, or a Ray cluster."),
    ] = "local",
    address: Annotated[
        str | None, typer.Option("--address", help="Of the Ray cluster; default RAY_ADDRESS.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="An .html for people: arcs, shares, caveats.")
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option("--events", help="Videos: a CSV of time,label[,end][,note] on the time line."),
    ] = None,
) -> None:
    """Find faces in pictures and videos and read their expressions."""
    from fer.decoding import decoders
    from fer.media.job import AnalysisJob, Settings, scratch_folder
    from fer.media.sources import Search
    from fer.recognition.recognizer import EmotionRecognizer
    from fer.video import VideoOptions

    if csv_excel and (output is None or output.suffix.lower() != ".csv"):
        raise InputError(
            f"--csv-excel: expected --output with a .csv, got {output or 'none'}; give one, or "
            "leave the option out"
        )
    check_engine(engine, address=address, report=report, events=events)
    if report is not None:
        check_report(report)
    settings = Settings(
        annotated,
        VideoOptions(every=every, rate=rate, identity=identity),
        workers,
        every_frame=frames == "all",
        events=events_of(events) if events is not None else (),
    )
    if labels is not None:
        _say_recalls(model, labels)
    if engine == "ray":
        from fer.cli.analyze_ray import analyze_on_ray

        analyze_on_ray(
            paths,
            output,
            model=model,
            labels=labels,
            detector=detector,
            job=settings,
            resume=resume,
            address=address,
        )
        return
    if output is not None:
        from fer.export.schema import check_output

        check_output(output)
    elif resume:
        raise InputError(
            "--resume: expected --output too, got none; a job without a file cannot go on"
        )
    decoders.start()
    recognizer = EmotionRecognizer.load(model, labels=labels, detector=detector)
    search = Search(own_files(output, annotated, report, events))
    sources = list(search.sources(paths))
    say_passed(search)
    if not sources:
        raise nothing_left(paths)
    check_acting(sources, settings)
    folder = scratch_folder() if output is None else output.with_name(f".{output.name}.job")
    job = AnalysisJob(sources, folder, recognizer=recognizer, settings=settings, resume=resume)
    with stop_signal(job.close if output is None else lambda: None) as stop:
        finished = _run(job, stop)
        if report is not None and not stop.is_set():
            write_report(job, report, {"Faces found by": detector})
        _hand_out(job, output, stopped=stop.is_set(), excel=csv_excel)
        _summarise(finished)
    if stop.is_set():
        raise typer.Exit(130)
    # Also where an earlier run has met the fault.
    if job.faulty:
        raise typer.Exit(1)


def _say_recalls(model: str | None, labels: LabelSet) -> None:
    """No label without how often it is found; one that never is, is named."""
    from fer.models.store import open_model

    recalls = open_model(model).recalls(labels)
    if not recalls:
        return
    found = ", ".join(f"{name} {share * 100:.0f}" for name, share in recalls.items())
    err.print(f"{labels}: of 100 faces that people call so it finds {found}.", highlight=False)
    missed = [name for name, share in recalls.items() if share < _SELDOM]
    if missed and labels is not LabelSet.perceived:
        err.print(f"It hardly ever says {' or '.join(missed)}.", highlight=False)


def _run(job: AnalysisJob, stop: threading.Event) -> list[Finished]:
    """Do the work under a progress bar; a video counts by the share that is read."""
    finished: list[Finished] = []
    with progress() as bars:
        task = bars.add_task("Analysing", total=len(job.sources), completed=job.done)

        def report(source: Source, share: float) -> None:
            bars.update(
                task, completed=job.done + share, description=bar_text(Path(source.name).name)
            )

        for entry in job.run(cancel=stop.is_set, report=report):
            finished.append(entry)
            bars.update(
                task,
                completed=job.done,
                description=f"Analysing {job.done:,} of {len(job.sources):,}",
            )
    return finished


def _hand_out(job: AnalysisJob, output: Path | None, *, stopped: bool, excel: bool) -> None:
    """Write the table; after a stop under another name, beside what is needed to go on."""
    if output is None:
        from fer.export.schema import to_csv

        for index, rows in enumerate(block for block in job.row_blocks() if block):
            text = to_csv(rows)
            # Python ends lines as this system does, and names must not reach a terminal raw.
            print(printable(text if index == 0 else text.split("\r\n", 1)[1]), end="")
        job.close()
        return
    if stopped:
        part = part_of(output)
        job.write_table(part)
        err.print(f"Stopped; what is done is in {part}, add --resume to go on", markup=False)
        return
    job.write_table(output, excel=excel)
    part_of(output).unlink(missing_ok=True)
    job.close()


def _summarise(finished: list[Finished]) -> None:
    from fer.pictures.content import Kind

    for entry in finished:
        if entry.reason:
            err.print(
                " ".join(entry.reason.split()),
                markup=False,
                style="red",
                highlight=False,
                soft_wrap=True,
            )
    read = [entry for entry in finished if entry.status != "error"]
    pictures = sum(entry.kind is Kind.picture for entry in read)
    videos = [entry for entry in read if entry.kind is Kind.video]
    parts = [f"{pictures} pictures"]
    if videos:
        parts.append(f"{len(videos)} videos ({sum(entry.frames for entry in videos)} frames)")
    parts.append(f"{sum(entry.faces for entry in read)} faces")
    parts.append(f"{len(finished) - len(read)} not read")
    partial = sum(entry.status == "partial" for entry in finished)
    if partial:
        parts.append(f"{partial} read in part")
    err.print(", ".join(parts))
