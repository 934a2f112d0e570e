"""What is not a face: crops of pictures without people, for fitting and measuring a face gate."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fer.detection.cascade import CASCADE_FILE
from fer.errors import FerError, InputError
from fer.media import find_images, read_image
from fer.preprocessing import Image, crop_face, to_grey
from fer.results import Box

LONGEST_SIDE = 800
"""Pictures are shrunk to this before the search, in pixels."""

MORE_CASCADES = (
    CASCADE_FILE,
    "haarcascade_frontalface_alt.xml",
    "haarcascade_frontalface_alt2.xml",
)
"""Searched with as well where pictures are learned from: four times as many false alarms."""

_SCALE_FACTOR = 1.1
_FINE_SCALE_FACTOR = 1.05
_RANDOM_CROPS = 8
_SMALLEST = 24
_HELD_OUT_ONE_IN = 3


@dataclass(frozen=True, slots=True, eq=False)
class NonFaces:
    """Crops without a face.

    Attributes:
        crops: ``(n, 48, 48)`` uint8.
        false_alarm: ``(n,)`` whether a cascade took it for a face; the others are random crops.
        held_out: ``(n,)`` whether its picture is kept for measuring.
        pictures: Pictures that were read.
        skipped: One line per file that could not be read.
    """

    crops: npt.NDArray[np.uint8]
    false_alarm: npt.NDArray[np.bool_]
    held_out: npt.NDArray[np.bool_]
    pictures: int
    skipped: tuple[str, ...]


def _views(grey: Image, *, held_out: bool) -> Iterator[Image]:
    """The picture; for training also turned and mirrored, where cascades err anew."""
    yield grey
    if held_out:
        return
    for turned in (
        cv2.flip(grey, 1),
        cv2.rotate(grey, cv2.ROTATE_180),
        cv2.rotate(grey, cv2.ROTATE_90_CLOCKWISE),
        cv2.rotate(grey, cv2.ROTATE_90_COUNTERCLOCKWISE),
    ):
        yield np.asarray(turned, np.uint8)


def _false_alarms(grey: Image, cascades: Sequence[tuple[cv2.CascadeClassifier, float]]) -> set[Box]:
    """What cascades, each with its scale factor, take for a face after a single hit."""
    return {
        Box(*(int(value) for value in box))
        for cascade, scale_factor in cascades
        for box in cascade.detectMultiScale(grey, scale_factor, 1, minSize=(_SMALLEST, _SMALLEST))
    }


def _random_boxes(grey: Image, rng: np.random.Generator) -> Iterator[Box]:
    shortest = min(grey.shape)
    if shortest <= _SMALLEST:
        return
    for _ in range(_RANDOM_CROPS):
        side = int(rng.integers(_SMALLEST, shortest))
        x = int(rng.integers(0, grey.shape[1] - side + 1))
        y = int(rng.integers(0, grey.shape[0] - side + 1))
        yield Box(x, y, side, side)


def _cascade(name: str) -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / name))


def harvest(
    paths: Sequence[Path], *, seed: int = 0, report: Callable[[int, int], None] | None = None
) -> NonFaces:
    """Cut non-faces out of pictures that show no people.

    Every picture gives what OpenCV's frontal cascade finds in it with a scale factor of 1.1 and a
    single hit, the most credulous setting, and some random crops. A third of the pictures, chosen
    by their content, is held out, with all that comes from it. The others are also searched in
    finer steps, by three cascades, turned and mirrored.

    Args:
        paths: Files and folders of pictures without people or drawn faces.
        seed: Seed of the random crops.
        report: Called with the pictures done and their number.

    Raises:
        InputError: If no picture can be read.
    """
    files = list(find_images(list(paths)))
    searches = [(_cascade(CASCADE_FILE), _SCALE_FACTOR)]
    more = [(_cascade(name), _FINE_SCALE_FACTOR) for name in MORE_CASCADES]
    rng = np.random.default_rng(seed)
    crops: list[Image] = []
    alarms: list[bool] = []
    kept: list[bool] = []
    skipped: list[str] = []
    seen: set[str] = set()
    for done, file in enumerate(files, start=1):
        try:
            grey = to_grey(read_image(file).image_bgr)
        except FerError as fault:
            skipped.append(str(fault))
            continue
        shrink = min(1.0, LONGEST_SIDE / max(grey.shape))
        if shrink < 1.0:
            grey = np.asarray(
                cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8
            )
        # The same picture in several sizes must not be on both sides.
        digest = hashlib.sha256(cv2.resize(grey, (16, 16)).tobytes()).hexdigest()
        if digest in seen:
            continue
        seen.add(digest)
        held_out = int(digest, 16) % _HELD_OUT_ONE_IN == 0
        for view in _views(grey, held_out=held_out):
            # Sorted: OpenCV searches in several threads and lists hits as they come.
            hits = sorted(_false_alarms(view, searches if held_out else [*searches, *more]))
            boxes = [(hit, True) for hit in hits]
            boxes += [(box, False) for box in _random_boxes(view, rng)]
            for box, alarm in boxes:
                crops.append(crop_face(view, box))
                alarms.append(alarm)
                kept.append(held_out)
        if report is not None:
            report(done, len(files))
    if not crops:
        raise InputError(
            f"non-faces: expected pictures without people, found {len(files)} files and none that "
            "could be used; pass a folder of JPEG or PNG pictures"
        )
    return NonFaces(np.stack(crops), np.array(alarms), np.array(kept), len(seen), tuple(skipped))
