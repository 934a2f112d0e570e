"""The times of all systems, measured again in one run on one machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from fer.datasets.base import IMAGE_SIZE
from fer.errors import TrainingError
from fer.evaluation.calibrator import Calibrator
from fer.literature.comparison import entries, folder_of, read_json
from fer.literature.neighbours import FILE, NAMES, Neighbours
from fer.literature.timing import LATENCY, TIMED, latency_ms, neighbours_ms, write_json
from fer.models.card import ModelCard
from fer.models.store import METRICS, WEIGHTS


def blank_network(card: ModelCard) -> bytes:
    """The file of a network as its card describes it, with new weights: they take as long.

    Raises:
        TrainingError: If the card's recipe cannot be read.
        ModelError: If the network cannot be converted.
    """
    from fer.literature.network import build_network
    from fer.literature.publish import serving_model
    from fer.literature.recipes import Recipe
    from fer.training.convert import Precision, convert
    from fer.training.deployment import PRECISIONS

    recipe = replace(Recipe.from_dict(card.recipe), weights="none", precision="float32")
    stored: Precision = next((one for one in PRECISIONS if one == card.precision), "float32")
    network = serving_model(build_network(recipe))
    return convert(network, dict.fromkeys(card.labels, Calibrator()), precision=stored)


def blank_neighbours(card: ModelCard) -> Neighbours:
    """As many stored points as the card says, with random values: they take as long."""
    rng = np.random.default_rng(0)
    rows, pixels = int(card.recipe["training_rows"]), IMAGE_SIZE**2
    labels = rng.integers(0, 7, rows).astype(np.int8)
    components = NAMES[card.architecture]
    if not components:
        return Neighbours(rng.integers(0, 256, (rows, pixels), dtype=np.uint8), labels, 7)
    return Neighbours(
        rng.normal(size=(rows, components)).astype(np.float32),
        labels,
        7,
        mean=np.zeros(pixels, np.float32),
        axes=rng.normal(size=(components, pixels)).astype(np.float32),
    )


def _time(folder: Path, card: ModelCard) -> float:
    if card.architecture in NAMES:
        stored = folder / FILE
        return neighbours_ms(
            Neighbours.load(stored) if stored.is_file() else blank_neighbours(card)
        )
    weights = folder / WEIGHTS
    return latency_ms(weights.read_bytes() if weights.is_file() else blank_network(card))


def time_all(models_dir: Path, *, report: Callable[[str], None] | None = None) -> dict[str, float]:
    """Time the shipped model and every published system one after the other.

    A system whose weights are not on this machine is timed with others: how long a network or a
    search takes depends on its shape alone.

    Args:
        models_dir: Folder of model folders; their ``metrics.json`` get the times.
        report: Called with the name of each system before it is timed.

    Returns:
        System -> median processor time of one face in milliseconds.

    Raises:
        ModelError: If a record is damaged.
        TrainingError: If a recipe cannot be read or the disk refuses.
    """
    found = [entry for entry in entries(models_dir) if entry.card is not None]
    times: dict[str, float] = {}
    records: list[tuple[Path, dict[str, Any]]] = []
    for entry in found:
        folder = folder_of(models_dir, entry.name)
        figures = read_json(folder / METRICS)
        if figures is None or entry.card is None:
            raise TrainingError(
                f"{folder}: expected {METRICS} beside the card, found none; publish it again"
            )
        if report is not None:
            report(entry.name)
        times[entry.name] = _time(folder, entry.card)
        records.append((folder, figures))
    # Only now, so that an interrupted run leaves no mixture behind.
    stamp = datetime.now(UTC).isoformat(timespec="seconds")
    for (folder, figures), milliseconds in zip(records, times.values(), strict=True):
        write_json(folder / METRICS, {**figures, LATENCY: milliseconds, TIMED: stamp})
    return times
