"""``fer analyze --engine ray``: the same work on a Ray cluster.

The inputs are cut into small units. Ray Data hands them to a pool of actors, each of which has
loaded the model once; an actor writes the rows of a unit as a part file, whole or not at all, and
returns a line of numbers. So nothing large goes through the cluster or the driver, a unit whose
worker was lost is simply done again, and a job that was interrupted goes on with the units whose
part is missing. At the end the parts become a folder of Parquet files in the order of the inputs.
"""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer.errors import InputError
from fer.media.journal import claim
from fer.media.unit_work import UnitWorker, WorkSettings, finish
from fer.media.units import Unit
from fer.models.store import open_model

# Nothing leaves the machines of the cluster.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job.

    Attributes:
        units: Units of the job.
        worked: Units that this run has done; the others were done before.
        rows: Status -> rows.
    """

    units: int
    worked: int
    rows: dict[str, int]


class _Actor:
    """What Ray keeps alive on a worker."""

    def __init__(self, settings: WorkSettings) -> None:
        self._worker = UnitWorker(settings)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        unit: Unit = pickle.loads(row["unit"])
        self._worker.work(unit)
        return {"unit": unit.name}


def _connect(address: str | None) -> Any:
    try:
        import ray
    except ImportError:
        raise InputError(
            "--engine ray: expected Ray to be installed, found none; run pip install "
            "'fer-dashboard[ray]'"
        ) from None
    if not ray.is_initialized():
        ray.init(address=address, include_dashboard=False, logging_level="ERROR")
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # A result is a line of numbers; Ray would keep room for blocks of 128 MiB in every task.
    context.target_max_block_size = 2**20
    return ray


def run(
    units: Sequence[Unit],
    output: Path,
    settings: WorkSettings,
    *,
    resume: bool = False,
    address: str | None = None,
    workers: int | None = None,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> Outcome:
    """Do every unit on a cluster.

    Args:
        units: The work.
        output: Folder for the result; must not exist.
        settings: For every worker; its ``parts`` must lie where all machines see it.
        resume: Go on with what an earlier run has left.
        address: Of a running cluster; None for ``RAY_ADDRESS``, else one on this machine.
        workers: Actors; None for as many as the cluster has room for.
        report: Called with the units done and all.

    Raises:
        InputError: If Ray is missing, the output exists, or the folder cannot be written.
    """
    if output.exists():
        raise InputError(f"{output}: expected a new folder, found it there; give another name")
    # As it is now: without a name the environment chooses, and a model may be published again.
    card = open_model(settings.model).card
    model = [settings.model, card.name, card.version]
    identity = {"model": model, "labels": settings.labels, "job": repr(settings.job)}
    lock, _new = claim(settings.parts, {**identity, "detector": settings.detector}, resume=resume)
    missing = [unit for unit in units if not _part(settings, unit).is_file()]
    done = len(units) - len(missing)
    report(done, len(units))
    if missing:
        ray = _connect(address)
        data = ray.data.from_items(
            [{"unit": pickle.dumps(unit)} for unit in missing],
            override_num_blocks=len(missing),
        )
        room = max(1, int(ray.cluster_resources().get("CPU", 1)))
        results = data.map(
            _Actor,
            fn_constructor_args=(settings,),
            compute=ray.data.ActorPoolStrategy(
                min_size=workers or 1, max_size=workers or min(room, len(missing))
            ),
            num_cpus=1,
        )
        for _name in results.iter_rows():
            done += 1
            report(done, len(units))
    rows = finish([_part(settings, unit) for unit in units], output)
    shutil.rmtree(settings.parts, ignore_errors=True)
    lock.close()
    return Outcome(len(units), len(missing), rows)


def _part(settings: WorkSettings, unit: Unit) -> Path:
    return settings.parts / f"{unit.name}.parquet"
