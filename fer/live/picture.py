"""What a viewer sees: the newest frame with the last known faces, as the controls ask."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fer.explanation.activation import HeatMap, draw_heat_maps
from fer.live.settings import LiveSettings
from fer.overlay import OverlayStyle, blurred, draw_faces
from fer.preprocessing import Image
from fer.results import FaceEmotion

_BARS = 3


def live_style(settings: LiveSettings) -> OverlayStyle:
    """How faces are drawn with these controls."""
    return OverlayStyle(
        mirror=settings.mirror,
        ids=True,
        bars=_BARS if settings.bars else 0,
        blur=settings.blur,
        unblurred=settings.unblurred,
    )


def live_picture(
    frame: Image,
    faces: Sequence[FaceEmotion],
    settings: LiveSettings,
    *,
    fresh: bool,
    maps: Sequence[HeatMap] = (),
) -> Image:
    """A frame with what is known about it.

    Args:
        frame: ``(h, w, 3)`` uint8.
        faces: The last known ones.
        settings: The controls.
        fresh: Whether the faces are where they were found; else hiding them takes all of the
            picture.
        maps: Heat maps of the faces; what is blurred hides them too.

    Returns:
        A new array.
    """
    if settings.blur != "nobody" and not fresh:
        frame = blurred(frame)
    elif maps and fresh:
        frame = draw_heat_maps(frame, maps)
    return draw_faces(frame, faces, live_style(settings))


def guarded(frame: Image, settings: LiveSettings) -> Image:
    """A picture that could not be worked on: as it is, or black when faces are to be hidden."""
    return frame if settings.blur == "nobody" else np.zeros_like(frame)
