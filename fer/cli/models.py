"""``fer models``: looking into published models, and adding parts to them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from fer.cli.common import (
    AsJson,
    Data,
    Ferplus,
    err,
    open_data,
    out,
    print_json,
)
from fer.cli.train import publishing
from fer.errors import ModelError

models_app = typer.Typer(help="Look into the trained models.", no_args_is_help=True)


@models_app.command("list")
def models_list(as_json: AsJson = False) -> None:
    """The published models."""
    from fer.models.store import ENVIRONMENT, list_models, models_dir

    if not models_dir().is_dir():
        raise ModelError(
            f"{models_dir()}: expected the folder that holds the models, found none; set "
            f"{ENVIRONMENT} to it"
        )
    cards = list_models()
    if as_json:
        print_json([card.model_dump(mode="json") for card in cards])
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
    from fer.models.store import open_model

    print_json(open_model(name).card.model_dump(mode="json"))


@models_app.command("remake")
def models_remake(
    name: Annotated[str, typer.Argument(help="Folder in models/, with its model.keras.")],
    version: Annotated[str, typer.Option("--version", help="Of what is made, for its card.")],
    data: Data = None,
    ferplus: Ferplus = None,
    trial: Annotated[
        bool, typer.Option("--trial", help="Leave PrivateTest closed; for trying, not for use.")
    ] = False,
) -> None:
    """Calibrate, convert and measure a published network anew, without training it."""
    from fer.models.store import open_model
    from fer.training.publish import remake

    before = open_model(name)
    dataset = open_data(data, ferplus, skip_bad=False)
    publishing(lambda: remake(before, dataset, version=version, test=not trial))


@models_app.command("affect")
def models_affect(
    run_dir: Annotated[Path, typer.Argument(help="Folder of fer affect fit.")],
    name: Annotated[str | None, typer.Option("--model", help="Folder in models/.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put a head for valence and arousal into its model's folder; the dashboard then uses it."""
    from fer.models.store import open_model
    from fer.training.affect import add_affect

    record = add_affect(open_model(name), run_dir).card.affect
    facts = record.model_dump() if record else {}
    if as_json:
        print_json(facts)
        return
    for key, value in facts.items():
        out.print(f"{key.replace('_', ' ')}: {value}", highlight=False, markup=False)


@models_app.command("compare")
def models_compare() -> None:
    """Write models/COMPARISON.md: the systems of the literature beside the shipped model."""
    from fer.literature.comparison import COLUMNS, entries, trained, write_comparison
    from fer.models.store import models_dir

    path = write_comparison(models_dir())
    table = Table(*COLUMNS)
    for entry in entries(models_dir()):
        if trained(entry):
            table.add_row(*entry.cells())
    out.print(table)
    err.print(f"Wrote {path}", markup=False)
