"""``fer train``: the networks of this project; and what the commands that train share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer.cli.common import Data, Ferplus, SkipBad, err, open_data, progress
from fer.datasets import FaceDataset
from fer.datasets.label_map import read_label_map
from fer.datasets.splits import stratified_split, with_validation
from fer.errors import InputError
from fer.labels import OWN

if TYPE_CHECKING:
    from fer.training.trainer import Reporter, StepReport

Epochs = Annotated[int | None, typer.Option("--epochs", min=1, help="Passes.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Random seed.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint.")]
RunDir = Annotated[
    Path | None, typer.Option("--run-dir", help="Folder of the run; default runs/NAME.")
]
Version = Annotated[str, typer.Option("--version", help="Version of the weights.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="Replace what another run has published as NAME.")
]
Drop = Annotated[
    Path | None,
    typer.Option("--drop", help="CSV of rows to leave out, as fer dataset audit writes it."),
]
Precision = Annotated[
    str | None,
    typer.Option(
        "--precision",
        help="float32, or mixed_bfloat16: faster where the processor has such instructions, "
        "many times slower elsewhere.",
    ),
]
ClassNames = Annotated[
    str | None,
    typer.Option(
        "--class-names",
        help="What the class names mean, as for fer evaluate; own: 2 to 20 classes of your own.",
    ),
]


def open_training_data(
    data: Path | None,
    ferplus: Path | None,
    skip_bad: bool,
    class_names: str | None,
    drop: Path | None,
) -> FaceDataset:
    """The data set that the options name, without the rows of a list."""
    words = None if class_names is None else read_label_map(class_names)
    dataset = open_data(data, ferplus, skip_bad, words, class_names=True)
    if drop is not None:
        from fer.datasets.audit import drop_rows

        dataset = drop_rows(dataset, drop)
        err.print(dataset.notes[-1], markup=False)
    return dataset


def publishing(publish: Callable[[], Path]) -> None:
    """Write a model folder, and say where."""
    with progress() as bars:
        bars.add_task("Publishing", total=None)
        path = publish()
    if path.is_dir():
        err.print(f"Published as {path}", markup=False)
    else:
        err.print(
            f"Recorded in {path}; a model is published from a run under --split official",
            markup=False,
        )


@contextmanager
def training_progress() -> Iterator[Reporter]:
    """A progress bar, moved by what the block calls after every step."""
    with progress() as bars:
        bar = bars.add_task("Training", total=None)

        def report(step: StepReport) -> None:
            bars.update(
                bar,
                total=step.epochs * step.steps,
                completed=step.epoch * step.steps + step.step,
                description=f"Epoch {step.epoch + 1}/{step.epochs}, loss {step.loss:.3f}",
            )

        yield report


def train(
    architecture: Annotated[str, typer.Option("--architecture", help="Network.")] = "xs",
    data: Data = None,
    ferplus: Ferplus = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Recipe as JSON; options given here win.")
    ] = None,
    epochs: Epochs = None,
    seed: Seed = None,
    resume: Resume = False,
    run_dir: RunDir = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Publish as models/NAME; default: do not.")
    ] = None,
    version: Version = "1",
    skip_bad: SkipBad = False,
    drop: Drop = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="official (default) or stratified: 80/12/8 % of each class."),
    ] = None,
    precision: Precision = None,
    class_names: ClassNames = None,
    replace: Replace = False,
) -> None:
    """Train a network under the protocol; a run can be interrupted and resumed at any time."""
    from fer.models.store import check_name, models_dir
    from fer.training.run import train as train_network
    from fer.training.run_data import check_target, read_data
    from fer.training.session import choose_recipe

    if split not in (None, "official", "stratified"):
        raise InputError(
            f"--split: expected official or stratified, got {split}; the others belong to fer "
            "literature train"
        )
    folder = run_dir or Path("runs") / (name or architecture)
    if name is not None:
        check_target(models_dir() / check_name(name), folder, replace=replace)
    dataset = open_training_data(data, ferplus, skip_bad, class_names, drop)
    drawn = seed
    if drawn is None and resume and (division := read_data(folder).get("division")):
        drawn = int(division[1])
    if split == "stratified":
        dataset = stratified_split(dataset, seed=drawn or 0)
    elif (divided := with_validation(dataset, seed=drawn or 0)) is not dataset:
        dataset = divided
        err.print(dataset.notes[-1], markup=False)
    with training_progress() as report:
        recipe = choose_recipe(
            folder,
            architecture=architecture,
            config_path=config,
            epochs=epochs,
            seed=seed,
            precision=precision,
            resume=resume,
            classes=dataset.label_names if class_names == OWN else (),
        )
        train_network(recipe, dataset, folder, resume=resume, report=report)
    err.print(f"Trained; the run is in {folder}")
    if name is not None:
        from fer.training.publish import publish

        publishing(
            lambda: publish(folder, dataset, models_dir(), name, version=version, replace=replace)
        )
