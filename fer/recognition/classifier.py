"""Emotion classification with LiteRT: crops in, calibrated probabilities out. No TensorFlow."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer.errors import InputError, ModelError
from fer.labels import PERCEIVED
from fer.models.card import ModelCard
from fer.models.store import ModelFolder, open_model
from fer.preprocessing import CROP_SIZE, Image
from fer.recognition.affect_head import AffectHead
from fer.results import Reader

Probabilities = npt.NDArray[np.float32]


def usual_labels(card: ModelCard) -> str:
    """The label set that a model is read in unless another is asked for.

    What people see; FER-2013's labels in a file that was made before it had that output.
    """
    return PERCEIVED if PERCEIVED in card.labels else next(iter(card.labels))


class EmotionClassifier:
    """A published model on the LiteRT runtime.

    Thread-safe: an interpreter belongs to one thread, so every thread that calls ``predict``
    gets one of its own, made on first use. The weights are read and verified once.

    Args:
        folder: An opened model folder.
        labels: Which label set to read: ``"perceived"`` (what people see, seven classes),
            ``"fer2013"`` (the same seven by that data set's labels) or ``"ferplus"`` (eight);
            default is ``usual_labels``.
        threads: Threads of the LiteRT runtime per interpreter.

    Raises:
        InputError: If the model has no such label set.
        ModelError: If the weights cannot be run.
    """

    def __init__(self, folder: ModelFolder, *, labels: str | None = None, threads: int = 1) -> None:
        labels = usual_labels(folder.card) if labels is None else labels
        if labels not in folder.card.labels:
            raise InputError(
                f"labels: expected one of {', '.join(folder.card.labels)} for the model "
                f"{folder.card.name}, got '{labels}'; choose one of them"
            )
        self.folder = folder
        self.head = labels
        self.labels: tuple[str, ...] = tuple(folder.card.labels[labels])
        self.affect = AffectHead.load(folder.affect) if folder.affect is not None else None
        self._threads = threads
        self._weights = folder.weights.read_bytes()
        self._local = threading.local()
        self._runner()

    @classmethod
    def load(
        cls,
        name: str | Path | None = None,
        *,
        labels: str | None = None,
        directory: str | Path | None = None,
        threads: int = 1,
    ) -> EmotionClassifier:
        """Load a model by the name of its folder.

        Args:
            name: Folder in ``models/``, or a path (text with a separator is one); default is the
                shipped model.
            labels: ``"perceived"``, ``"fer2013"`` or ``"ferplus"``; default is what people see;
                ``"own"`` of a model with classes of its own.
            directory: Where the model folders are, if not ``models/``.
            threads: Threads per interpreter.

        Raises:
            ModelError: If the folder is missing, incomplete or damaged.
            InputError: If the model has no such label set.
        """
        return cls(open_model(name, directory=directory), labels=labels, threads=threads)

    @property
    def reader(self) -> Reader:
        """What it is called in the rows of a table."""
        return Reader(self.folder.card.name, self.folder.card.version, self.head, self.labels)

    @property
    def threshold(self) -> float:
        """Confidence below which the label set abstains, chosen on PublicTest."""
        return float(self.folder.card.abstain[self.head].threshold)

    def _runner(self) -> Any:
        runner = getattr(self._local, "runner", None)
        if runner is None:
            from ai_edge_litert.interpreter import Interpreter

            try:
                # The interpreter must outlive its runner, and both stay with this thread.
                interpreter = Interpreter(model_content=self._weights, num_threads=self._threads)
                runner = interpreter.get_signature_runner("serving_default")
            except (ValueError, RuntimeError) as fault:
                raise ModelError(
                    f"{self.folder.weights}: expected a LiteRT model with the signature "
                    f"'serving_default', got: {fault}; publish the model again"
                ) from fault
            self._local.interpreter = interpreter
            (self._local.pixels,) = runner.get_input_details()
            self._local.runner = runner
        return runner

    def predict_heads(self, crops: Image) -> dict[str, npt.NDArray[np.float32]]:
        """Every output of the network.

        Args:
            crops: ``(n, 48, 48)`` uint8, as ``fer.detection.alignment.cut_face`` makes them.

        Returns:
            ``{"perceived": (n, 7), "fer2013": (n, 7), "ferplus": (n, 8), "features":
            (n, h, w, c)}`` float32; what the file has of them.

        Raises:
            InputError: If ``crops`` has another shape or dtype.
        """
        expected = (CROP_SIZE, CROP_SIZE)
        if (
            not isinstance(crops, np.ndarray)
            or crops.dtype != np.uint8
            or crops.ndim != 3
            or crops.shape[1:] != expected
        ):
            got = (
                f"shape {crops.shape}, dtype {crops.dtype}"
                if isinstance(crops, np.ndarray)
                else type(crops).__name__
            )
            raise InputError(
                f"crops: expected a uint8 array of shape (n, {CROP_SIZE}, {CROP_SIZE}), got "
                f"{got}; cut them with fer.detection.alignment.cut_face"
            )
        runner = self._runner()
        # LiteRT gains nothing from batches, so faces go one by one through a fixed-size graph.
        pixels = self._local.pixels
        outputs = [runner(**{pixels: crop[None]}) for crop in np.ascontiguousarray(crops)]
        if not outputs:
            details = runner.get_output_details().items()
            return {name: np.zeros((0, *one["shape"][1:]), np.float32) for name, one in details}
        return {name: np.concatenate([out[name] for out in outputs]) for name in outputs[0]}

    def predict(self, crops: Image) -> Probabilities:
        """Calibrated probabilities of the chosen label set.

        Args:
            crops: ``(n, 48, 48)`` uint8.

        Returns:
            ``(n, k)`` float32 in the order of ``labels``; rows sum to 1.

        Raises:
            InputError: If ``crops`` has another shape or dtype.
        """
        return self.predict_heads(crops)[self.head]
