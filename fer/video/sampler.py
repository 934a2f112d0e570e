"""Which frames of a video are analysed."""

from __future__ import annotations


class Sampler:
    """Says which frames are analysed.

    Args:
        every: Every n-th frame.
        rate: At most so many frames a second of the video; None for no limit.
        frames: Frames that an earlier run has read.
        due_s: When the earlier run would have analysed the next frame.
    """

    def __init__(
        self, every: int, rate: float | None, frames: int = 0, due_s: float | None = None
    ) -> None:
        self._every, self._rate = every, rate
        self.frames = frames
        self.due_s = due_s

    def wants(self, time_s: float) -> bool:
        """Whether to analyse the frame of this time; ask once for each, in order."""
        index = self.frames
        self.frames += 1
        if index % self._every:
            return False
        if self._rate is None:
            return True
        if self.due_s is not None and time_s < self.due_s - 1e-6:
            return False
        # From the grid of due times, so that a rate is kept on average; after a gap, from here.
        step = 1 / self._rate
        due = time_s if self.due_s is None else self.due_s
        self.due_s = due + step if time_s < due + step else time_s + step
        return True
