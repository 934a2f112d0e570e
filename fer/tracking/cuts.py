"""Where a film is cut: from one frame to the next the picture is another one."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from fer.preprocessing import Image, to_grey

# Measured on thumbnails of this size. Two frames of one scene up to a second apart, with people
# and camera in motion, differ by at most .37; of 515 pairs of unrelated photographs nine in ten
# differ by more than .5, and what is below .37 are pictures of one series.
_THUMBNAIL = (16, 12)
_SHADES = 16

CUT = 0.4
"""From here on another scene is shown, whatever is known of faces."""
CHANGE = 0.2
"""From here on it is another scene if every face was lost with it."""
STIR = 0.1
"""From here on somebody else may be where a face was, as where a video call changes its speaker."""


class SceneWatch:
    """Compares every frame of a stream or video with the one before."""

    def __init__(self) -> None:
        self._before: tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]] | None = None

    def difference(self, frame: Image) -> float:
        """How much a frame differs from the one before, 0 to 2; 0 for the first.

        Half of what the pixels of a thumbnail lack to a perfect correlation, which no change of
        light alters, plus the share of its pixels that would have to take another of 16 shades,
        which no movement alters.

        Args:
            frame: ``(h, w)`` grey or ``(h, w, 3)`` BGR, uint8.
        """
        step = max(1, min(frame.shape[:2]) // 96)
        small = to_grey(
            np.asarray(
                cv2.resize(frame, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_NEAREST)
            )
        )
        thumbnail = cv2.resize(small, _THUMBNAIL, interpolation=cv2.INTER_AREA)
        counts = np.bincount(thumbnail.ravel() // (256 // _SHADES), minlength=_SHADES)
        now = (thumbnail - np.float32(thumbnail.mean()), counts / thumbnail.size)
        before, self._before = self._before, now
        if before is None:
            return 0.0
        (a, shades_a), (b, shades_b) = before, now
        # A plain picture has no structure to compare: one grey level stands for it.
        spread = max(float(np.sqrt((a * a).mean() * (b * b).mean())), 1.0)
        structure = (1 - float((a * b).mean()) / spread) / 2 if a.any() or b.any() else 0.0
        return structure + float(np.abs(shades_a - shades_b).sum()) / 2
