"""The ``fer`` command: the same functions as the dashboard and the Python API."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from fer import __version__
from fer.cli.affect import affect_app
from fer.cli.analyze import analyze
from fer.cli.common import (
    AsJson,
    ModelName,
    err,
    out,
    print_json,
    survive_encodings,
)
from fer.cli.dashboard import dashboard
from fer.cli.dataset import dataset_app
from fer.cli.evaluate import evaluate
from fer.cli.literature import literature_app
from fer.cli.models import models_app
from fer.cli.train import train
from fer.errors import FerError

app = typer.Typer(
    name="fer",
    help="Read facial expressions: analyse pictures, evaluate and train models, inspect data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(dataset_app, name="dataset")
app.add_typer(models_app, name="models")
app.add_typer(literature_app, name="literature")
app.add_typer(affect_app, name="affect")


app.command()(analyze)
app.command()(dashboard)
app.command()(evaluate)
app.command()(train)


@app.command()
def benchmark(
    picture: Annotated[
        Path | None, typer.Argument(help="A picture with a face; default: a generated scene.")
    ] = None,
    model: ModelName = None,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Times each step.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Time the steps of the pipeline on this machine, one thread."""
    from fer.pictures.reading import read_image
    from fer.recognition.recognizer import EmotionRecognizer
    from fer.recognition.timing import clutter, measure

    recognizer = EmotionRecognizer.load(model)
    pixels = clutter() if picture is None else read_image(picture).image_bgr
    stages = measure(recognizer, pixels, repeats)
    card = recognizer.classifier.folder.card
    height, width = pixels.shape[:2]
    if as_json:
        print_json(
            {
                "model": card.name,
                "version": card.version,
                "width": width,
                "height": height,
                "stages": [asdict(stage) for stage in stages],
            }
        )
        return
    table = Table(f"{width}x{height}, {card.name} {card.version}", "median ms", "90 % below ms")
    for stage in stages:
        table.add_row(stage.stage, f"{stage.median_ms:.2f}", f"{stage.p90_ms:.2f}")
    out.print(table)


@app.command("version")
def show_version() -> None:
    """The version of this package."""
    print(__version__)


def main() -> None:
    """Entry point: a ``FerError`` becomes one line on standard error and exit code 1."""
    survive_encodings()
    try:
        app()
    except FerError as fault:
        err.print(f"fer: {fault}", markup=False, style="red", highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("fer: stopped; what was finished is kept", markup=False)
        sys.exit(130)
