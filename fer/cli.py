"""The ``fer`` command: the same functions as the dashboard and the Python API."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TimeRemainingColumn
from rich.table import Table

from fer import __version__
from fer.errors import FerError, InputError

app = typer.Typer(
    name="fer",
    help="Read facial expressions: analyse pictures, evaluate and train models, inspect data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
dataset_app = typer.Typer(help="Look into a data set.", no_args_is_help=True)
models_app = typer.Typer(help="Look into the trained models.", no_args_is_help=True)
app.add_typer(dataset_app, name="dataset")
app.add_typer(models_app, name="models")

# Results go to standard output, everything said about the work to standard error.
out = Console()
err = Console(stderr=True)

Data = Annotated[
    Path | None,
    typer.Option("--data", help="FER-2013 CSV (.csv, .csv.gz) or a folder; default: FER_DATA."),
]
Ferplus = Annotated[
    Path | None, typer.Option("--ferplus", help="FER+ votes; default: fer2013new.csv beside it.")
]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Count bad rows and go on.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ModelName = Annotated[str | None, typer.Option("--model", help="Folder in models/.")]


class LabelSet(StrEnum):
    """The heads of a model."""

    fer2013 = "fer2013"
    ferplus = "ferplus"


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        *Progress.get_default_columns()[:3],
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )


def _open_data(data: Path | None, ferplus: Path | None, skip_bad: bool) -> Any:
    from fer.datasets import find_data, find_ferplus, open_dataset

    found = find_data(data)
    if found is None:
        raise InputError(
            "--data: expected FER-2013 (fer2013.csv, .csv.gz or a folder), found none; give its "
            "path or set FER_DATA"
        )
    votes = find_ferplus(ferplus, found)
    with _progress() as bars:
        task = bars.add_task(f"Reading {found.name}", total=1.0)
        return open_dataset(
            found,
            ferplus=votes,
            skip_bad=skip_bad,
            progress=lambda share: bars.update(task, completed=share),
        )


def _print_json(content: object) -> None:
    print(json.dumps(content, indent=2, ensure_ascii=False))


@app.command()
def analyze(
    paths: Annotated[list[Path], typer.Argument(help="Pictures, or folders of pictures.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help=".csv, .json, .jsonl or .parquet")
    ] = None,
    annotated: Annotated[
        Path | None, typer.Option("--annotated", help="Folder for annotated copies (PNG).")
    ] = None,
    model: ModelName = None,
    labels: Annotated[LabelSet, typer.Option("--labels", help="Label set.")] = LabelSet.fer2013,
) -> None:
    """Find faces in pictures and read their expressions."""
    from fer.detection import STILL_SETTINGS
    from fer.export import check_output, to_csv, to_rows, write_rows
    from fer.media import analyze_file, find_images
    from fer.pipeline import EmotionRecognizer

    if output is not None:
        check_output(output)
    recognizer = EmotionRecognizer.load(model, labels=labels.value, settings=STILL_SETTINGS)
    files = list(find_images(paths))
    if not files:
        raise InputError(
            f"PATH: expected pictures, found none in {', '.join(map(str, paths))}; check the path"
        )
    results = []
    with _progress() as bars:
        task = bars.add_task("Analysing", total=len(files))
        for file in files:
            results.append(analyze_file(file, recognizer, annotated))
            bars.advance(task)
    card = recognizer.classifier.folder.card
    rows = to_rows(
        results, labels=recognizer.classifier.labels, model=card.name, version=card.version
    )
    if output is None:
        print(to_csv(rows), end="")
    else:
        write_rows(rows, output)
    broken = [result for result in results if result.reason]
    for result in broken:
        err.print(result.reason, markup=False, style="red", highlight=False)
    faces = sum(len(result.faces) for result in results)
    err.print(f"{len(files) - len(broken)} pictures, {faces} faces, {len(broken)} not read")
    if broken:
        raise typer.Exit(1)


@app.command()
def evaluate(
    data: Data = None,
    ferplus: Ferplus = None,
    split: Annotated[str, typer.Option("--split", help="Split of the data.")] = "PublicTest",
    model: ModelName = None,
    as_json: AsJson = False,
    skip_bad: SkipBad = False,
) -> None:
    """Measure a published model on a labelled data set, under every protocol it allows."""
    from fer.classifier import EmotionClassifier
    from fer.evaluation.evaluate import evaluate_classifier

    classifier = EmotionClassifier.load(model)
    dataset = _open_data(data, ferplus, skip_bad)
    with _progress() as bars:
        bars.add_task(f"Evaluating on {split}", total=None)
        report = evaluate_classifier(
            classifier.predict_heads,
            dataset,
            split,
            temperatures=classifier.folder.card.temperature,
        )
    card = classifier.folder.card
    if as_json:
        _print_json({"model": card.name, "version": card.version, **report})
        return
    table = Table(title=f"{card.name} {card.version} on {report['source']}, {report['split']}")
    for column in ("protocol", "n", "accuracy", "95 %", "macro-F1", "ECE"):
        table.add_column(column, justify="left" if column == "protocol" else "right")
    for name, entry in report.items():
        if isinstance(entry, dict) and "accuracy" in entry:
            low, high = entry["accuracy_interval"]
            table.add_row(
                name,
                f"{entry['n']:,}",
                f"{entry['accuracy']:.2%}",
                f"{low:.1%}-{high:.1%}",
                f"{entry['macro_f1']:.3f}" if "macro_f1" in entry else "",
                f"{entry['ece']:.3f}" if "ece" in entry else "",
            )
    out.print(table)


@app.command()
def train(
    architecture: Annotated[str, typer.Option("--architecture", help="Network.")] = "xs",
    data: Data = None,
    ferplus: Ferplus = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Recipe as JSON; options given here win.")
    ] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Passes.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Random seed.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint.")] = False,
    run_dir: Annotated[
        Path | None, typer.Option("--run-dir", help="Folder of the run; default runs/NAME.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Publish as models/NAME; default: do not.")
    ] = None,
    version: Annotated[str, typer.Option("--version", help="Version of the weights.")] = "1",
    skip_bad: SkipBad = False,
) -> None:
    """Train a network under the protocol; a run can be interrupted and resumed at any time."""
    from fer.training.session import run_training

    dataset = _open_data(data, ferplus, skip_bad)
    folder = run_dir or Path("runs") / (name or architecture)
    with _progress() as bars:
        task = bars.add_task("Training", total=None)

        def report(step: Any) -> None:
            bars.update(
                task,
                total=step.epochs * step.steps,
                completed=step.epoch * step.steps + step.step,
                description=f"Epoch {step.epoch + 1}/{step.epochs}, loss {step.loss:.3f}",
            )

        run_training(
            dataset,
            folder,
            architecture=architecture,
            config_path=config,
            epochs=epochs,
            seed=seed,
            resume=resume,
            report=report,
        )
    err.print(f"Trained; history and checkpoint are in {folder}")
    if name is not None:
        from fer.model_store import models_dir
        from fer.training.publish import publish

        with _progress() as bars:
            bars.add_task("Publishing", total=None)
            path = publish(folder, dataset, models_dir(), name, version=version)
        err.print(f"Published as {path}")


@dataset_app.command("stats")
def dataset_stats(
    data: Data = None,
    ferplus: Ferplus = None,
    as_json: AsJson = False,
    skip_bad: SkipBad = False,
) -> None:
    """Count classes, splits, copies and blank pictures."""
    from fer.datasets.statistics import class_distribution, summary

    dataset = _open_data(data, ferplus, skip_bad)
    facts = summary(dataset)
    if as_json:
        _print_json(facts)
        return
    table = Table(title=f"{dataset.source}: {len(dataset):,} pictures")
    counts = class_distribution(dataset).pivot(index="label", columns="split", values="count")
    table.add_column("class")
    for split in dataset.split_names:
        table.add_column(split, justify="right")
    for label in dataset.label_names:
        table.add_row(label, *(f"{counts.loc[label, s]:,}" for s in dataset.split_names))
    out.print(table)
    for key, value in facts.items():
        if isinstance(value, int | str) and key != "source":
            out.print(f"{key.replace('_', ' ')}: {value}", highlight=False, markup=False)


@models_app.command("list")
def models_list(as_json: AsJson = False) -> None:
    """The published models."""
    from fer.model_store import list_models

    cards = list_models()
    if as_json:
        _print_json([card.model_dump(mode="json") for card in cards])
        return
    table = Table("name", "version", "architecture", "parameters", "MB", "epochs")
    for card in cards:
        table.add_row(
            card.name,
            card.version,
            card.architecture,
            f"{card.parameters:,}",
            f"{card.file_bytes / 1e6:.2f}",
            str(card.epochs),
        )
    out.print(table)


@models_app.command("show")
def models_show(
    name: Annotated[str | None, typer.Argument(help="Folder in models/.")] = None,
) -> None:
    """A model's card as JSON, after its checksum was verified."""
    from fer.model_store import open_model

    _print_json(open_model(name).card.model_dump(mode="json"))


@app.command("version")
def show_version() -> None:
    """The version of this package."""
    print(__version__)


def main() -> None:
    """Entry point: a ``FerError`` becomes one line on standard error and exit code 1."""
    try:
        app()
    except FerError as fault:
        err.print(f"fer: {fault}", markup=False, style="red", highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("fer: stopped; what was finished is kept", markup=False)
        sys.exit(130)


if __name__ == "__main__":
    main()
