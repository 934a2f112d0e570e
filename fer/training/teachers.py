"""Other networks as teachers: they answer the pictures that the student sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from fer.architectures import ARCHITECTURES, build
from fer.errors import TrainingError
from fer.models.store import KERAS_FILE, models_dir
from fer.training.batches import Batch
from fer.training.config import TrainingConfig
from fer.training.network_pass import dtype_policy, resized
from fer.training.run_folder import load_view, view_path, write_arrays

if TYPE_CHECKING:
    import keras


Answers = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class Teachers:
    """Networks whose mean answer replaces a share of a batch's targets.

    Attributes:
        networks: Networks from pixels of any size to logits of both heads.
        share: Of the targets that the answer replaces.
        keep_in: Folder that keeps the answers to views that are shown again; None keeps none.
    """

    networks: tuple[keras.Model, ...]
    share: float
    keep_in: Path | None = None

    def ask(self, pixels: npt.NDArray[np.float32]) -> Answers:
        """The mean probabilities of both heads for pixels ``(b, s, s, 1)`` float32 in 0..255.

        Where answers are kept, mirror images are asked about too: that pays by the second time.
        """
        looks = [pixels] if self.keep_in is None else [pixels, pixels[:, :, ::-1]]
        answers: Answers = {}
        for network in self.networks:
            for look in looks:
                for head, logits in network.predict_on_batch(look).items():
                    part = softmax(logits, axis=1) / (len(looks) * len(self.networks))
                    answers[head] = np.asarray(answers.get(head, 0) + part, np.float32)
        return answers

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
        kept = None if self.keep_in is None else view_path(self.keep_in, view)
        known = load_view(kept, rows) if kept is not None and kept.exists() else None
        new: list[Answers] = []
        for step, batch in enumerate(batches):
            if known is None:
                answers = self.ask(batch.pixels)
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
            write_arrays(
                kept, {head: np.concatenate([one[head] for one in new]) for head in new[0]}
            )


def load_network(path: Path) -> keras.Model:
    """A network for inputs of any size, from the folder of a finished run or a ``.keras`` file.

    The name of a published model, as its card has it, is that model's ``model.keras``.

    Raises:
        TrainingError: If there is none with the heads "fer2013" and "ferplus".
    """
    published = models_dir() / path / KERAS_FILE
    if not path.exists() and len(path.parts) == 1 and published.is_file():
        path = published
    if path.is_dir():
        from fer.training.run import open_run  # which imports this module

        model, config, done = open_run(path)
        if done < config.epochs:
            raise TrainingError(
                f"{path}: expected a finished run, got {done} of {config.epochs} epochs; finish it "
                "with --resume"
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


def _in_precision(network: keras.Model, precision: str) -> keras.Model:
    """A network of this project, made again to compute in a precision."""
    if precision == "float32" or network.name not in ARCHITECTURES:
        return network
    with dtype_policy(precision):
        made = build(network.name, input_size=None)
    made.set_weights(network.get_weights())
    return made


def load_teachers(config: TrainingConfig, run_dir: Path) -> Teachers | None:
    """The teachers of a run; None when its recipe has none.

    Raises:
        TrainingError: If one cannot be loaded.
    """
    if not config.teachers:
        return None
    networks = tuple(
        _in_precision(load_network(Path(one)), config.precision) for one in config.teachers
    )
    return Teachers(networks, config.teacher_weight, run_dir if config.views else None)
