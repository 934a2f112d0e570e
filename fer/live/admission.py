"""Who of several viewers gets the full frame rate, so that one more never stalls the others.

How many streams a machine carries cannot be known beforehand, only measured: every newcomer gets
the full rate on trial. When those who were there before keep their frame rate meanwhile, it stays;
when one of them falls behind, then or later, the last who came waits: a picture a few times a
second and a place in a line, until somebody leaves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass

# After a trial began: the frame rates, which are means over three seconds, show it from here on ...
_TRIAL_FROM_S = 3.0
# ... and when nobody fell behind until here, the newcomer stays.
_TRIAL_UNTIL_S = 7.0
# After the trial, the time behind has to exceed the time in step by so much: any page that opens is
# felt for a moment, and a rate just below the least one is above it now and then.
_BEHIND_S = 4.0
# Between two judgements, at most so much counts: nobody may have sent anything for a while.
_LONGEST_STEP_S = 0.5
# A camera that sent less than the least rate anyway, as in the dark, shall keep this part of it.
_KEPT_SHARE = 0.8
# Nobody hears of a closed tab at once: whoever sends no frame for so long has left.
_GONE_S = 4.0
# A full server is tried again after this time: the load may have been somebody else's.
_RETRY_S = 90.0


@dataclass(slots=True)
class _Viewer:
    seen_s: float
    fps: float = 0.0
    fps_before: float = 0.0
    full: bool = False


class Admission:
    """The line before one server's full frame rate; safe to call from any thread.

    Those who are in keep ``least_fps``, if their cameras send as much.
    """

    def __init__(self, clock: Callable[[], float], *, least_fps: float = 20.0) -> None:
        self.least_fps = least_fps
        self._clock = clock
        self._lock = threading.Lock()
        # In the order of arrival.
        self._viewers: dict[Hashable, _Viewer] = {}
        self._on_trial: Hashable | None = None
        self._trial_began_s = 0.0
        self._behind_s = self._judged_s = 0.0
        self._crowded_at: int | None = None
        self._crowded_s = 0.0

    def visit(self, viewer: Hashable, fps: float) -> int:
        """Tell that a frame came, at which of so many a second; learn the viewer's place.

        That is 0 with the full rate, else the position in the line, from 1.
        """
        now = self._clock()
        with self._lock:
            self._forget(now)
            state = self._viewers.setdefault(viewer, _Viewer(now))
            state.seen_s, state.fps = now, fps
            self._judge(now)
            self._let_in(now)
            return self._position(viewer)

    def leave(self, viewer: Hashable) -> None:
        """A viewer stopped."""
        with self._lock:
            if self._viewers.pop(viewer, None) is not None:
                self._after_leaving(viewer)

    @property
    def viewers(self) -> int:
        """How many send frames now, those in the line included."""
        with self._lock:
            return len(self._viewers)

    def position(self, viewer: Hashable) -> int:
        """As ``visit`` returned it last; 0 for a viewer who is unknown."""
        with self._lock:
            return self._position(viewer)

    def _position(self, viewer: Hashable) -> int:
        waiting = [name for name, state in self._viewers.items() if not state.full]
        return waiting.index(viewer) + 1 if viewer in waiting else 0

    def _forget(self, now: float) -> None:
        for viewer, state in list(self._viewers.items()):
            if now - state.seen_s > _GONE_S:
                del self._viewers[viewer]
                self._after_leaving(viewer)

    def _after_leaving(self, viewer: Hashable) -> None:
        if viewer == self._on_trial:
            self._on_trial = None

    def _full(self) -> list[_Viewer]:
        """Who has the full rate, the last who got it last."""
        return [state for state in self._viewers.values() if state.full]

    def _judge(self, now: float) -> None:
        """Let the last who came wait when somebody fell behind; end a trial that is over."""
        full, on_trial = self._full(), self._on_trial is not None
        step = min(now - self._judged_s, _LONGEST_STEP_S)
        self._judged_s = now
        if len(full) < 2 or (on_trial and now - self._trial_began_s < _TRIAL_FROM_S):
            self._behind_s = 0.0
            return
        *earlier, latest = full
        behind = any(
            state.fps < min(self.least_fps, _KEPT_SHARE * state.fps_before) for state in earlier
        )
        self._behind_s = max(0.0, self._behind_s + (step if behind else -step))
        crowded = behind and (on_trial or self._behind_s > _BEHIND_S)
        if crowded:
            latest.full = False
            self._crowded_at, self._crowded_s = len(earlier), now
            self._behind_s = 0.0
        if crowded or now - self._trial_began_s > _TRIAL_UNTIL_S:
            self._on_trial = None

    def _let_in(self, now: float) -> None:
        """Give the first in the line the full rate, on trial if others have it already."""
        if self._on_trial is not None:
            return
        first = next((name for name, state in self._viewers.items() if not state.full), None)
        if first is None:
            return
        earlier = self._full()
        crowded = self._crowded_at is not None and len(earlier) >= self._crowded_at
        if crowded and now - self._crowded_s < _RETRY_S:
            return
        self._viewers[first].full = True
        if earlier:
            for state in earlier:
                state.fps_before = state.fps
            self._on_trial, self._trial_began_s = first, now
