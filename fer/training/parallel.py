"""Data-parallel training: several processes, each with a share of every batch.

The engine is the Keras distribution API on JAX: every process holds the whole network, gradients
and batch statistics are those of the whole batch, and so the loss is that of one process.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fer.errors import TrainingError
from fer.training.batches import Batch

if TYPE_CHECKING:
    import keras


@dataclass(slots=True)
class Workers:
    """One of the processes that train together.

    Attributes:
        index: Of this process, from 0; the first one writes the folder of the run.
        count: Number of processes.
        address: ``host:port`` of the first one, where all of them meet.
    """

    index: int
    count: int
    address: str
    _distribution: Any = field(default=None, repr=False)
    _viewer: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        host, _, port = self.address.rpartition(":")
        if not (0 <= self.index < self.count and host and port.isdigit()):
            raise TrainingError(
                "workers: expected an index below their number and an address host:port, got "
                f"{self.index} of {self.count} at {self.address!r}; number them from 0"
            )

    @property
    def first(self) -> bool:
        """Whether this process writes the folder of the run."""
        return self.index == 0

    def build(self, make: Callable[[], keras.Model], batch_size: int) -> keras.Model:
        """Meet the others, and build the network that all of them train.

        Args:
            make: Builds and compiles it; called twice, because validation needs a network of its
                own that does not wait for the others.
            batch_size: Images a step, of all workers together.

        Raises:
            TrainingError: If Keras does not run on JAX, the batch cannot be shared out evenly, or
                the others do not come.
        """
        import keras

        if keras.backend.backend() != "jax":
            raise TrainingError(
                f"workers: expected Keras on JAX, got {keras.backend.backend()}; install "
                "fer-dashboard[jax] and set KERAS_BACKEND=jax"
            )
        if batch_size % self.count:
            raise TrainingError(
                f"workers: expected a batch size that {self.count} divides, got {batch_size}; "
                "change batch_size in the recipe or the number of workers"
            )
        try:
            keras.distribution.initialize(
                job_addresses=self.address, num_processes=self.count, process_id=self.index
            )
        except RuntimeError as fault:
            raise TrainingError(
                f"workers: expected {self.count} of them at {self.address}, got: {fault}; start "
                "all with the same address"
            ) from fault
        self._viewer = make()
        self._distribution = keras.distribution.DataParallel(
            devices=keras.distribution.list_devices(), auto_shard_dataset=False
        )
        keras.distribution.set_distribution(self._distribution)
        return make()

    def share(self, batch: Batch) -> Batch:
        """This worker's part of a batch that every worker has made alike.

        Each makes all of it, because the augmentation of a picture depends on those before it;
        that costs a tenth of a step and keeps the run equal to that of one process.
        """
        size = len(batch.pixels) // self.count
        part = slice(self.index * size, (self.index + 1) * size)
        return Batch(
            batch.pixels[part],
            {head: values[part] for head, values in batch.targets.items()},
            {head: values[part] for head, values in batch.weights.items()},
        )

    @contextmanager
    def looking(self, model: keras.Model) -> Iterator[keras.Model]:
        """A network with the weights of ``model`` that this process can use on its own."""
        import keras

        keras.distribution.set_distribution(None)
        try:
            for own, shared in zip(self._viewer.variables, model.variables, strict=True):
                own.assign(keras.ops.convert_to_numpy(shared))
            yield self._viewer
        finally:
            keras.distribution.set_distribution(self._distribution)


def prepare(count: int, index: int | None, address: str | None) -> Workers:
    """What ``fer train --workers`` means: join the others, or start them on this machine.

    Chooses JAX unless ``KERAS_BACKEND`` says otherwise, so call it before Keras is imported.

    Args:
        count: Number of processes.
        index: Of this process; None starts the others here, with the arguments of this one.
        address: ``host:port`` of the first process; None takes a free port of this machine.

    Raises:
        TrainingError: If an index comes without an address.
    """
    os.environ.setdefault("KERAS_BACKEND", "jax")
    if index is not None:
        if address is None:
            raise TrainingError(
                "workers: expected --address host:port of the first worker beside --worker, got "
                "none; give all workers the same"
            )
        return Workers(index, count, address)
    if address is None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
    for other in range(1, count):
        # They end with the first one: the meeting point is gone, and their next step fails.
        subprocess.Popen(
            [
                *(sys.executable, "-m", "fer", *sys.argv[1:]),
                *("--worker", str(other), "--address", address),
            ],
            stdout=subprocess.DEVNULL,
        )
    return Workers(0, count, address)
