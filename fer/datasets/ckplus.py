"""CK+ as it is distributed (Lucey et al. 2010): sequences from neutral to the peak.

Layout: ``cohn-kanade-images/S005/001/S005_001_00000011.png`` and, for 327 of the 593 sequences,
``Emotion/S005/001/S005_001_00000011_emotion.txt`` with one number.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fer.datasets.base import SPLITS
from fer.datasets.gather import Cut, Faults, Grey, Listed
from fer.errors import InputError
from fer.pictures.content import IMAGE_SUFFIXES

IMAGES = "cohn-kanade-images"
_LABELS = ("Emotion", "Emotion_labels/Emotion", "Emotion_labels")
_SUFFIX = "_emotion.txt"
NEUTRAL = "0"


def label_folder(root: Path) -> Path | None:
    """CK+'s folder of emotion labels, or None when the folder is another data set."""
    if not (root / IMAGES).is_dir():
        return None
    return next((root / place for place in _LABELS if (root / place).is_dir()), None)


def face_cutter() -> Cut:
    """Cuts the largest face that the detector finds out of a scene."""
    from fer.detection.cascade import CascadeDetector
    from fer.preprocessing import crop_face

    detector = CascadeDetector()

    def cut(grey: Grey) -> Grey:
        found = detector.detect(np.ascontiguousarray(grey))
        if not found:
            raise InputError("expected a face that the detector finds, got none; replace the file")
        return crop_face(grey, max(found, key=lambda one: one.box.area).box)

    return cut


def _label(path: Path, faults: Faults) -> str | None:
    try:
        number = float(path.read_text(encoding="ascii"))
        if number == int(number):
            return str(int(number))
    except (OSError, ValueError, OverflowError):
        pass
    faults.add(path, "expected one whole number; correct the file")
    return None


def rows(root: Path, faults: Faults) -> Iterator[Listed]:
    """The peak frame of every labelled sequence, and its first frame as neutral.

    Raises:
        DatasetError: Naming file and fault.
    """
    labels = label_folder(root)
    assert labels is not None
    faults.notes.append(
        "The last frame of every labelled sequence, and its first frame as neutral; there is no "
        f"official split, all are {SPLITS[2]}."
    )
    for told in sorted(labels.glob(f"*/*/*{_SUFFIX}")):
        label = _label(told, faults)
        if label is None:
            continue
        sequence = root / IMAGES / told.parent.relative_to(labels)
        frames = sorted(p for p in sequence.glob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
        named = told.name.removesuffix(_SUFFIX)
        peak = next((frame for frame in frames if frame.stem == named), None)
        if peak is None:
            faults.add(told, f"expected the frame {named} in {IMAGES}, found none; add it")
            continue
        if frames[0] != peak:
            yield Listed(frames[0], NEUTRAL, SPLITS[2])
        yield Listed(peak, label, SPLITS[2])
