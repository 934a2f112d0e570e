"""``fer literature``: the systems of the literature, trained as their sources did."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fer.cli.common import Data, SkipBad, err
from fer.cli.train import (
    ClassNames,
    Drop,
    Epochs,
    Precision,
    Replace,
    Resume,
    RunDir,
    Seed,
    Version,
    open_training_data,
    publishing,
    training_progress,
)

literature_app = typer.Typer(help="The systems of the literature.", no_args_is_help=True)


@literature_app.callback()
def _literature() -> None:
    """Keeps ``train`` a command of its own."""


@literature_app.command("train")
def train_literature(
    architecture: Annotated[str, typer.Option("--architecture", help="System.")],
    data: Data = None,
    epochs: Epochs = None,
    seed: Seed = None,
    resume: Resume = False,
    run_dir: RunDir = None,
    name: Annotated[
        str | None,
        typer.Option("--name", help="Publish as models/literature/NAME; default: do not."),
    ] = None,
    version: Version = "1",
    skip_bad: SkipBad = False,
    drop: Drop = None,
    split: Annotated[
        str,
        typer.Option(
            "--split",
            help="official, own (that of its source), folder, test-folder, stratified or plain.",
        ),
    ] = "official",
    weights: Annotated[
        str | None,
        typer.Option("--weights", help="transfer: networks: a file, cache (default) or none."),
    ] = None,
    image_size: Annotated[
        int | None, typer.Option("--image-size", min=32, help="transfer: networks: pixels.")
    ] = None,
    precision: Precision = None,
    class_names: ClassNames = None,
    replace: Replace = False,
) -> None:
    """Train a system by its source's recipe; a run can be interrupted and resumed at any time."""
    from fer.literature.session import check_system, publish_system, train_system
    from fer.models.store import LITERATURE, check_name, models_dir

    folder = run_dir or Path("runs") / (name or architecture.replace(":", "-"))
    options = {
        "epochs": epochs,
        "seed": seed,
        "weights": weights,
        "image_size": image_size,
        "precision": precision,
    }
    target = None if name is None else models_dir() / LITERATURE / check_name(name)
    if target is not None:
        check_system(target, folder, architecture, split=split, replace=replace, **options)
    dataset = open_training_data(data, None, skip_bad, class_names, drop)
    with training_progress() as report:
        train_system(
            dataset,
            folder,
            architecture,
            split=split,
            resume=resume,
            report=report,
            **options,
        )
    err.print(f"Trained; the run is in {folder}")
    if target is not None:
        publishing(
            lambda: publish_system(folder, dataset, target, version=version, replace=replace)
        )
