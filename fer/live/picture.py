"""What a viewer sees: the newest frame with the last known faces, as the controls ask."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fer.explanation.activation import ClassActivation, HeatMap, draw_heat_maps
from fer.live.settings import LiveSettings
from fer.overlay import OverlayStyle, blurred, draw_faces
from fer.preprocessing import Image
from fer.recognition.recognizer import Reading
from fer.results import FaceEmotion
from fer.tracking.track import centre

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
    """A new array: a frame ``(h, w, 3)`` uint8 with what is known about it.

    Where the faces are not ``fresh``, hiding them takes all of the picture, heat maps too.
    """
    if settings.blur != "nobody" and not fresh:
        frame = blurred(frame)
    elif maps and fresh:
        frame = draw_heat_maps(frame, maps)
    return draw_faces(frame, faces, live_style(settings))


def heat_maps(
    explainer: ClassActivation, reading: Reading, shown: Sequence[FaceEmotion]
) -> tuple[HeatMap, ...]:
    """What speaks for the label of each face on show, from what the network made of it already.

    Those are the measured ones, followed: smoothed, and in another order than in the reading.
    """
    if not reading.faces:
        return ()
    labels, evidence = explainer.classifier.labels, explainer.evidence(reading.features)
    maps = []
    for face in shown:
        x, y = centre(face.box)
        nearest = min(
            range(len(evidence)),
            key=lambda one: math.dist((x, y), centre(reading.faces[one].box)),
        )
        of_label = evidence[nearest, :, :, labels.index(face.top_label)]
        maps.append(HeatMap(face.box, face.top_label, of_label, face.roll))
    return tuple(maps)


def guarded(frame: Image, settings: LiveSettings) -> Image:
    """A picture that could not be worked on: as it is, or black when faces are to be hidden."""
    return frame if settings.blur == "nobody" else np.zeros_like(frame)
