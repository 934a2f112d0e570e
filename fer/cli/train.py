"""``fer train``: networks of this project, those of the literature, and valence and arousal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fer.cli.affect import Task, train_affect
from fer.cli.common import Data, Ferplus, ModelName, SkipBad, err, open_data, progress
from fer.datasets.label_map import read_label_map
from fer.datasets.splits import stratified_split, with_validation
from fer.errors import InputError, TrainingError


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
    drop: Annotated[
        Path | None,
        typer.Option("--drop", help="CSV of rows to leave out, as fer dataset audit writes it."),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Processes that share every batch (JAX).")
    ] = 1,
    worker: Annotated[
        int | None,
        typer.Option("--worker", min=0, help="Which one this is; default: start all of them here."),
    ] = None,
    address: Annotated[
        str | None, typer.Option("--address", help="host:port of the first worker.")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            help="official (default) or stratified (80/12/8 % of each class); systems of the "
            "literature also own (that of its source), folder, test-folder or plain.",
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option("--weights", help="transfer: networks: a file, cache (default) or none."),
    ] = None,
    image_size: Annotated[
        int | None, typer.Option("--image-size", min=32, help="transfer: networks: pixels.")
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(
            "--augment",
            help="Systems of the literature: names such as rotation,shift,flip instead of the "
            "recipe's own; none for none.",
        ),
    ] = None,
    plateau_patience: Annotated[
        int | None,
        typer.Option(
            "--plateau-patience",
            min=0,
            help="Systems of the literature: epochs without progress before the rate shrinks, "
            "instead of the recipe's own.",
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision",
            help="float32, or mixed_bfloat16: faster where the processor has such instructions, "
            "many times slower elsewhere.",
        ),
    ] = None,
    class_names: Annotated[
        str | None,
        typer.Option("--class-names", help="What the class names mean, as for fer evaluate."),
    ] = None,
    task: Annotated[Task, typer.Option("--task", help="What is learned.")] = Task.classes,
    joint: Annotated[
        bool,
        typer.Option(
            "--joint",
            help="valence-arousal: a network for classes and both values; default: a head on "
            "--model.",
        ),
    ] = False,
    model: ModelName = None,
) -> None:
    """Train a network under the protocol; a run can be interrupted and resumed at any time."""
    words = None if class_names is None else read_label_map(class_names)
    if task is Task.valence_arousal:
        others = (
            *(config, name, drop, split, weights, image_size, augment, worker, address),
            *(plateau_patience, precision),
        )
        if workers > 1 or any(one is not None for one in others):
            raise InputError(
                "--task valence-arousal: expected only --data, --joint with --architecture, "
                "--epochs, --seed and --resume, or --model, and --run-dir, got others; leave them "
                "out"
            )
        train_affect(
            open_data(data, ferplus, skip_bad, words),
            run_dir or Path("runs") / "valence-arousal",
            architecture=architecture if joint else None,
            model=model,
            epochs=epochs,
            seed=seed,
            resume=resume,
        )
        return
    if joint or model is not None:
        raise InputError(
            "train: expected --joint and --model with --task valence-arousal only; leave them out"
        )
    team = None
    if workers > 1:
        from fer.training.parallel import prepare

        if name is not None:
            raise TrainingError(
                "train: expected --name without --workers, got both; publish afterwards with "
                "--resume --name, which needs Keras on TensorFlow"
            )
        team = prepare(workers, worker, address)
    from fer.literature.session import SYSTEMS, literature_folder, publish_system, train_system
    from fer.training.session import run_training

    literature = architecture in SYSTEMS
    if literature and (config is not None or workers > 1):
        raise InputError(
            f"{architecture}: expected no --config and no --workers, its recipe is fixed; leave "
            "them out"
        )
    if not literature and any(
        one is not None for one in (weights, image_size, augment, plateau_patience)
    ):
        raise InputError(
            f"{architecture}: expected no --weights, --image-size, --augment or "
            "--plateau-patience, they belong to the systems of the literature; leave them out"
        )
    if not literature and split not in (None, "official", "stratified"):
        raise InputError(
            f"--split: expected official or stratified for {architecture}, got {split}; the others "
            "belong to the systems of the literature"
        )
    from fer.training.augmentations import split_names

    dataset = open_data(data, ferplus, skip_bad, words)
    if drop is not None:
        from fer.datasets.audit import drop_rows

        dataset = drop_rows(dataset, drop)
        err.print(dataset.notes[-1], markup=False)
    if not literature and split == "stratified":
        dataset = stratified_split(dataset, seed=seed or 0)
    elif (divided := with_validation(dataset, seed=seed or 0)) is not dataset:
        dataset = divided
        err.print(dataset.notes[-1], markup=False)
    folder = run_dir or Path("runs") / (name or architecture)
    with progress() as bars:
        bar = bars.add_task("Training", total=None)

        def report(step: Any) -> None:
            bars.update(
                bar,
                total=step.epochs * step.steps,
                completed=step.epoch * step.steps + step.step,
                description=f"{step.network} epoch {step.epoch + 1}/{step.epochs}, "
                f"loss {step.loss:.3f}".lstrip(),
            )

        common: dict[str, Any] = {
            "epochs": epochs,
            "seed": seed,
            "precision": precision,
            "resume": resume,
            "report": report,
        }
        if literature:
            train_system(
                dataset,
                folder,
                architecture,
                split=split,
                weights=weights,
                image_size=image_size,
                augmentations=None if augment is None else split_names(augment),
                plateau_patience=plateau_patience,
                **common,
            )
        else:
            run_training(
                dataset,
                folder,
                architecture=architecture,
                config_path=config,
                workers=team,
                **common,
            )
    err.print(f"Trained; the run is in {folder}")
    if name is not None:
        from fer.models.store import models_dir
        from fer.training.publish import publish

        with progress() as bars:
            bars.add_task("Publishing", total=None)
            if literature:
                path = publish_system(folder, dataset, literature_folder(name), version=version)
            else:
                path = publish(folder, dataset, models_dir(), name, version=version)
        err.print(f"Published as {path}")
