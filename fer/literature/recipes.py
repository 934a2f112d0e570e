"""How each system of the literature was trained there, and the figure that it reports."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from typing import Any

from fer.architectures import ARCHITECTURES
from fer.architectures.transfer import PREFIX
from fer.datasets.resplit import OFFICIAL, SCHEMES
from fer.errors import InputError
from fer.training.config import STRICT, AugmentationConfig, recipe_of
from fer.training.network_pass import check_policy


@dataclass(frozen=True, slots=True)
class Recipe:
    """Training with Adam, as tutorials do it.

    Attributes:
        split: A key of ``fer.datasets.resplit.SCHEMES``.
        epochs: Most epochs of the first phase.
        learning_rate: Of Adam (Kingma & Ba 2015, arXiv 1412.6980), in the first phase.
        patience: Early stopping: epochs without a lower validation loss; 0 never stops.
        plateau_patience: Epochs without a lower validation loss after which the rate shrinks; 0
            never shrinks it.
        augmentation: Further random changes, of grey pictures only; None for none.
        fine_tuning_epochs: Most epochs of a second phase at a tenth of the rate; 0 for none.
        fine_tuning_share: Share of the backbone's layers that learns in the second phase.
        frozen: Whether the backbone is frozen in the first phase.
        weights: Initial weights of a ``transfer:`` network, see ``find_weights``.
        image_size: Side in pixels that a ``transfer:`` backbone sees; 0 for its default.
        precision: Keras's dtype policy; "mixed_bfloat16" helps only where the processor has
            bfloat16 instructions, elsewhere it is many times slower.
    """

    architecture: str
    split: str = OFFICIAL
    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 1e-3
    patience: int = 0
    restore_best: bool = False
    plateau_patience: int = 0
    plateau_factor: float = 0.5
    lowest_rate: float = 0.0
    flip: float = 0.0
    augmentation: AugmentationConfig | None = None
    fine_tuning_epochs: int = 0
    fine_tuning_share: float = 0.3
    frozen: bool = False
    weights: str = "none"
    image_size: int = 0
    precision: str = "float32"
    seed: int = 0

    __pydantic_config__ = STRICT

    @property
    def phases(self) -> int:
        """One, or two with fine-tuning."""
        return 2 if self.fine_tuning_epochs else 1

    @property
    def total_epochs(self) -> int:
        """Most epochs of all phases together."""
        return self.epochs + self.fine_tuning_epochs

    def steps(self, rows: int) -> int:
        """Batches of an epoch over as many rows; the last one may be smaller."""
        return -(-rows // self.batch_size)


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure as its source reports it.

    Attributes:
        text: What and on what, for tables.
        accuracy: Share, or None where the source shows curves only.
        split: The scheme that it was measured under; None for data that is not FER-2013.
        remark: Why the figure does not come out here, where it does not and the reason is known.
    """

    text: str
    accuracy: float | None = None
    split: str | None = None
    remark: str = ""


def _stored() -> tuple[dict[str, Recipe], dict[str, Headline]]:
    text = (files("fer.literature") / "recipes.json").read_text(encoding="utf-8")
    values: dict[str, dict[str, Any]] = json.loads(text)
    # All backbones are trained alike.
    shared = values.pop(PREFIX)
    values |= {name: dict(shared) for name in ARCHITECTURES if name.startswith(PREFIX)}
    headlines = {name: Headline(**fields.pop("source")) for name, fields in values.items()}
    # Nothing is trained of stored neighbours.
    recipes = {
        name: recipe_of({**fields, "architecture": name}, Recipe)
        for name, fields in values.items()
        if fields
    }
    return recipes, headlines


RECIPES, HEADLINES = _stored()
"""Architecture -> recipe, whose split the caller chooses; system -> the figure of its source."""

OWN_SPLIT = "own_split.json"
"""Record of a run under its source's split and recipe."""

_CHOSEN_BY_USER = {
    *("architecture", "split", "weights", "image_size", "frozen", "fine_tuning_share"),
    "precision",
}


def recipe_changes(recipe: Recipe) -> dict[str, tuple[Any, Any]]:
    """What a recipe does otherwise than its architecture's own: field -> (here, there)."""
    here = asdict(recipe)
    there = asdict(RECIPES.get(recipe.architecture, recipe))
    return {
        name: (value, there[name])
        for name, value in here.items()
        if name not in _CHOSEN_BY_USER and value != there[name]
    }


def split_record(architecture: str, split: str, changed: Iterable[str] = ()) -> str:
    """File name of the record of a run under another split than the official one.

    Returns:
        ``own_split.json`` for the split that the source's headline is compared with and an
        unchanged recipe, else ``split_NAME.json``: another reading of the source.
    """
    own = HEADLINES[architecture].split
    parts = [name.replace("_", "-") for name in changed]
    if own in (None, split) and not parts:
        return OWN_SPLIT
    return f"split_{'_'.join([split, *parts])}.json"


def recipe_for(
    architecture: str,
    *,
    split: str = OFFICIAL,
    epochs: int | None = None,
    seed: int | None = None,
    weights: str | None = None,
    image_size: int | None = None,
    precision: str | None = None,
) -> Recipe:
    """The recipe of a network, with the options given by hand.

    With random weights there is nothing to keep frozen: a ``transfer:`` network with ``weights``
    "none" trains all of its backbone in both phases.

    Raises:
        InputError: If the network, the split or the precision is unknown, or its
            source used none of FER-2013, or ``weights`` or ``image_size`` belong to no
            ``transfer:`` network.
    """
    if architecture not in RECIPES:
        raise InputError(
            f"architecture: expected one of {', '.join(RECIPES)}, got {architecture!r}; choose one"
        )
    if split == "own":
        own = HEADLINES[architecture].split
        if own is None:
            raise InputError(
                f"{architecture}: expected a source with a split of FER-2013, its figure is "
                f"{HEADLINES[architecture].text}; use --split official"
            )
        split = own
    if split not in SCHEMES:
        raise InputError(
            f"split: expected own or one of {', '.join(SCHEMES)}, got {split!r}; choose one of them"
        )
    recipe = replace(RECIPES[architecture], split=split)
    if not architecture.startswith(PREFIX):
        if weights is not None or image_size is not None:
            raise InputError(
                f"{architecture}: expected no --weights or --image-size, it starts from random "
                f"weights at its own size; leave them out or choose a {PREFIX} network"
            )
    else:
        weights = recipe.weights if weights is None else weights
        recipe = replace(recipe, weights=weights, image_size=image_size or 0)
        if weights == "none":
            recipe = replace(recipe, frozen=False, fine_tuning_share=1.0)
    if epochs is not None:
        recipe = replace(recipe, epochs=epochs, fine_tuning_epochs=0)
    if precision is not None:
        recipe = replace(recipe, precision=check_policy(precision))
    return recipe if seed is None else replace(recipe, seed=seed)
