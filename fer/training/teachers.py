"""Other networks as teachers: they answer the pictures that the student sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from fer.architectures import ARCHITECTURES, build
from fer.errors import TrainingError
from fer.training.batches import Batch
from fer.training.config import Cycle
from fer.training.network_pass import resized
from fer.training.parallel import Workers
from fer.training.parts import in_part
from fer.training.precision import dtype_policy
from fer.training.run_folder import answers_path, load_answers, read_config, save_answers

if TYPE_CHECKING:
    import keras


Answers = dict[str, npt.NDArray[np.float32]]
Mask = npt.NDArray[np.bool_]
_TRACED = 32
"""Batches of some rows only are filled up to a multiple of this."""


@dataclass(frozen=True, slots=True, eq=False)
class Teachers:
    """Networks whose mean answer replaces a share of a batch's targets.

    Attributes:
        networks: Networks from pixels of any size to logits of both heads.
        share: Of the targets that the answer replaces.
        keep_in: Folder that keeps the answers to views that are shown again; None keeps none.
        unseen: Of each network the training rows that it answers for, ``(n,)``, where its run
            left out their labels; None where it answers for all. Empty for none such.
    """

    networks: tuple[keras.Model, ...]
    share: float
    keep_in: Path | None = None
    unseen: tuple[Mask | None, ...] = ()

    def ask(
        self, pixels: npt.NDArray[np.float32], rows: npt.NDArray[np.intp] | None = None
    ) -> Answers:
        """The mean probabilities of both heads.

        Where answers are kept, mirror images are asked about too: that pays by the second time.

        Args:
            pixels: ``(b, s, s, 1)`` float32 in 0..255.
            rows: ``(b,)`` training rows that they show; only needed for ``unseen``.
        """
        looks = [pixels] if self.keep_in is None else [pixels, pixels[:, :, ::-1]]
        sums: Answers = {}
        heard = np.zeros((len(pixels), 1), np.float32)
        for network, mask in zip(self.networks, self.unseen or repeat(None), strict=False):
            at = np.arange(len(pixels)) if mask is None else np.flatnonzero(mask[rows])
            if not len(at):
                continue
            heard[at] += len(looks)
            for look in looks:
                # Few sizes of batches, since TensorFlow traces each anew.
                asked = look[np.resize(at, min(len(look), -(-len(at) // _TRACED) * _TRACED))]
                for head, logits in network.predict_on_batch(asked).items():
                    part = np.asarray(softmax(logits[: len(at)], axis=1), np.float32)
                    sums.setdefault(head, np.zeros((len(pixels), part.shape[1]), np.float32))
                    sums[head][at] += part
        return {head: total / heard for head, total in sums.items()}

    def teach(self, batches: Iterable[Batch], view: int, rows: int, size: int) -> Iterator[Batch]:
        """An epoch's batches with targets that are partly the teachers' probabilities.

        Teachers look at the batches as they are; the student gets them at its own size.

        Args:
            batches: Of one epoch, all with the same number of rows.
            view: The epoch whose pictures they show, which names the file of kept answers.
            rows: In all batches together.
            size: Side of the student's pictures in pixels.

        Raises:
            TrainingError: If kept answers are those to other pictures, or the disk refuses.
        """
        kept = None if self.keep_in is None else answers_path(self.keep_in, view, view=True)
        known = load_answers(kept, rows) if kept is not None and kept.exists() else None
        new: list[Answers] = []
        for step, batch in enumerate(batches):
            if known is None:
                answers = self.ask(batch.pixels, batch.rows)
                new.append(answers)
            else:
                part = slice(step * len(batch.pixels), (step + 1) * len(batch.pixels))
                answers = {head: values[part] for head, values in known.items()}
            targets = {
                head: (1 - self.share) * values + self.share * answers[head]
                for head, values in batch.targets.items()
            }
            pixels = batch.pixels
            if pixels.shape[1] != size:
                pixels = resized(pixels[..., 0].astype(np.uint8), size)
            yield Batch(pixels, targets, batch.weights)
        if kept is not None and known is None:
            save_answers(
                kept, {head: np.concatenate([one[head] for one in new]) for head in new[0]}
            )


def load_network(path: Path) -> keras.Model:
    """A network for inputs of any size, from the folder of a finished run or a ``.keras`` file.

    Raises:
        TrainingError: If there is none with the heads "fer2013" and "ferplus".
    """
    if path.is_dir():
        from fer.training.run import open_run  # which imports this module

        model, config, done = open_run(path)
        if done < config.total_epochs:
            raise TrainingError(
                f"{path}: expected a finished run, got {done} of "
                f"{config.total_epochs} epochs; finish it with --resume"
            )
        return model
    import keras

    import fer.architectures.layers  # noqa: F401 - registers the layers

    try:
        model = keras.saving.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as fault:
        raise TrainingError(
            f"{path}: expected the folder of a run or a .keras file, got: "
            f"{str(fault).splitlines()[0]}; check the path"
        ) from fault
    heads = model.output if isinstance(model.output, dict) else {}
    if set(heads) != {"fer2013", "ferplus"}:
        raise TrainingError(
            f"{path}: expected a network with the heads fer2013 and ferplus, got "
            f"{', '.join(sorted(heads)) or 'one output'}; choose a network of this project"
        )
    return model


def load_teachers(cycle: Cycle) -> tuple[keras.Model, ...]:
    """The networks that a cycle names as its teachers, for inputs of any size.

    Raises:
        TrainingError: If one cannot be loaded, or their share is none.
    """
    if not 0 < cycle.teacher_weight <= 1:
        raise TrainingError(
            f"teacher_weight: expected above 0 and at most 1 with teachers, got "
            f"{cycle.teacher_weight:g}; set the share of the targets that is theirs"
        )
    return tuple(load_network(Path(one)) for one in cycle.teachers)


def _in_precision(network: keras.Model, precision: str) -> keras.Model:
    """A network of this project, made again to compute in a precision."""
    if precision == "float32" or network.name not in ARCHITECTURES:
        return network
    with dtype_policy(precision):
        made = build(network.name, input_size=None)
    made.set_weights(network.get_weights())
    return made


def unseen_rows(cycle: Cycle, images: npt.NDArray[np.uint8]) -> tuple[Mask | None, ...]:
    """The rows that each teacher answers for; empty when all answer for all.

    Raises:
        TrainingError: If some row has no teacher.
    """
    folders = [Path(one) for one in cycle.teachers]
    parts = [read_config(one).left_out if one.is_dir() else None for one in folders]
    masks = tuple(in_part(images, part) for part in parts)
    if all(one is None for one in masks):
        return ()
    if not any(one is None for one in masks):
        alone = int((~np.any([one for one in masks if one is not None], axis=0)).sum())
        if alone:
            raise TrainingError(
                f"teachers: expected one for each of {len(images)} pictures, got none for {alone}: "
                "a run that left out labels teaches about them alone; add the runs that left out "
                "the other parts"
            )
    return masks


def hire(
    cycle: Cycle,
    run_dir: Path,
    images: npt.NDArray[np.uint8],
    workers: Workers | None = None,
    *,
    precision: str = "float32",
) -> Teachers | None:
    """Load the teachers that answer every picture of a cycle; None when it has none.

    Args:
        cycle: It.
        run_dir: Folder of the run, which keeps their answers when the cycle repeats its views.
        images: ``(n, h, h)`` uint8 training rows.
        workers: The processes that train together, if any.
        precision: In which they compute.

    Raises:
        TrainingError: If one cannot be loaded, their share is none, a picture has no teacher, or
            several processes train.
    """
    if not cycle.teachers or cycle.taught_once:
        return None
    if workers is not None:
        raise TrainingError(
            f"teachers: expected one process, got {workers.count} workers; train without --workers "
            "or let them answer_once"
        )
    networks = tuple(_in_precision(one, precision) for one in load_teachers(cycle))
    keep_in = run_dir if cycle.views else None
    return Teachers(networks, cycle.teacher_weight, keep_in, unseen_rows(cycle, images))
