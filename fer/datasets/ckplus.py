"""Reader of CK+ as it is distributed (Lucey et al. 2010): sequences from neutral to the peak.

Layout: ``cohn-kanade-images/S005/001/S005_001_00000011.png`` and, for 327 of the 593 sequences,
``Emotion/S005/001/S005_001_00000011_emotion.txt`` with one number.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fer.datasets.base import SPLITS, FaceDataset, Progress
from fer.datasets.faults import Faults
from fer.datasets.gather import Cut, Grey, Listed, gather
from fer.datasets.label_map import MAPS, LabelMap
from fer.datasets.pictures import SUFFIXES, BadPicture
from fer.errors import DatasetError

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
            raise BadPicture("expected a face that the detector finds, got none")
        return crop_face(grey, max(found, key=lambda one: one.box.width * one.box.height).box)

    return cut


def _label(path: Path, faults: Faults) -> str | None:
    try:
        text = path.read_text(encoding="ascii").strip()
        number = float(text)
        if number != int(number):
            raise ValueError
    except (OSError, ValueError, OverflowError):
        faults.add(path, "expected one whole number", "correct the file")
        return None
    return str(int(number))


def read_ckplus(
    path: str | Path,
    *,
    words: LabelMap | None = None,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> FaceDataset:
    """Read the peak frame of every labelled sequence, and its first frame as neutral.

    Frames are scenes, so the face is found by the detector that the dashboard uses. CK+ has no
    official split: all rows are PrivateTest.

    Args:
        path: The folder that holds ``cohn-kanade-images`` and ``Emotion``.
        words: What the numbers mean; default is CK+'s own.
        skip_bad: Count bad labels and files and go on.
        progress: Called with the share read so far.

    Raises:
        DatasetError: Naming file and fault.
    """
    root = Path(path).resolve()
    labels = label_folder(root)
    if labels is None:
        raise DatasetError(
            f"{root}: expected {IMAGES}/ and Emotion/, found others; give the folder that holds "
            "both"
        )
    faults = Faults(root, skip_bad)
    rows: list[Listed] = []
    for told in sorted(labels.glob(f"*/*/*{_SUFFIX}")):
        label = _label(told, faults)
        if label is None:
            continue
        sequence = root / IMAGES / told.parent.relative_to(labels)
        frames = (
            sorted(p for p in sequence.iterdir() if p.suffix.lower() in SUFFIXES)
            if sequence.is_dir()
            else []
        )
        named = told.name.removesuffix(_SUFFIX)
        peak = next((frame for frame in frames if frame.stem == named), None)
        if peak is None:
            faults.add(told, f"expected the frame {named} in {IMAGES}, found none", "add it")
            continue
        if frames[0] != peak:
            rows.append(Listed(frames[0], NEUTRAL, SPLITS[2]))
        rows.append(Listed(peak, label, SPLITS[2]))
    notes = (
        "The last frame of every labelled sequence, and its first frame as neutral; there is no "
        f"official split, all are {SPLITS[2]}.",
    )
    return gather(
        rows, words or MAPS["ck+"], faults, cut=face_cutter(), notes=notes, progress=progress
    )
