"""How often a stream is analysed and searched, where several viewers share the machine."""

from __future__ import annotations

from fer.detection.stream import SEARCH_EVERY, StreamSearch
from fer.live.admission import Admission
from fer.recognition.recognizer import EmotionRecognizer

# Between two frames that are analysed: with two viewers every second one of a usual camera, with
# more every third. Every picture is drawn and sent all the same.
_SHARED_STEP_S = 0.06
_CROWD = 3
_CROWD_STEP_S = 0.09
# As SEARCH_EVERY, of the frames that are analysed, with two viewers and more; the search takes more
# than half of an analysis. Of three viewers each finds a new face in three seconds at most.
_SHARED_SEARCH_EVERY = 6


class Pace:
    """Decides for one stream which frames are analysed, and how much of them is searched.

    Args:
        admission: Knows how many viewers there are; None for one alone.
    """

    def __init__(self, admission: Admission | None) -> None:
        self._admission = admission
        self._last_s = float("-inf")

    @property
    def _viewers(self) -> int:
        return self._admission.viewers if self._admission else 1

    @property
    def crowded(self) -> bool:
        """Whether three viewers or more share the machine."""
        return self._viewers >= _CROWD

    def due(self, now: float) -> bool:
        """Whether the frame that came now is to be analysed.

        Args:
            now: Monotonic seconds.
        """
        step = _CROWD_STEP_S if self.crowded else _SHARED_STEP_S
        if self._viewers > 1 and now - self._last_s < step:
            return False
        self._last_s = now
        return True

    def steer(self, recognizer: EmotionRecognizer) -> None:
        """Let a stream's recogniser look for new faces as often as there is room for."""
        if isinstance(detector := recognizer.detector, StreamSearch):
            detector.search_every = SEARCH_EVERY if self._viewers == 1 else _SHARED_SEARCH_EVERY
