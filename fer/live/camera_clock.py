"""Times of a camera's frames on the server's clock."""

from __future__ import annotations

# A camera's clock is followed while it is so close to the server's; else it was set anew.
_DRIFT_S = 1.0


class CameraClock:
    """Gives frames times that are as far apart as the camera took them, whenever they come."""

    def __init__(self) -> None:
        self._offset_s = float("inf")
        self._newest_s = float("-inf")

    def moment(self, camera_s: float | None, now: float) -> float:
        """When a frame was taken that came now, in the server's seconds; never goes back.

        A camera may give no time by its own clock.
        """
        moment = now
        if camera_s is not None:
            # The frame that took the least time to come tells the difference of the clocks best.
            self._offset_s = min(self._offset_s, now - camera_s)
            moment = camera_s + self._offset_s
            if now - moment > _DRIFT_S:
                self._offset_s, moment = now - camera_s, now
        self._newest_s = max(self._newest_s, moment)
        return self._newest_s
