"""How a stream gives way to the other viewers of a server."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from fer.detection.stream import StreamSearch
from fer.live.admission import Admission
from fer.live.throttle import Pace
from fer.recognition.recognizer import EmotionRecognizer


def _crowd(viewers: int) -> Admission:
    admission = Admission(time.monotonic)
    for viewer in range(viewers):
        admission.visit(viewer, 30.0)
    return admission


def _analysed(pace: Pace, frames: int = 30) -> int:
    return sum(pace.due(index / 30) for index in range(frames))


def test_a_viewer_alone_has_every_frame_analysed() -> None:
    assert _analysed(Pace(None)) == 30
    assert _analysed(Pace(_crowd(1))) == 30


@pytest.mark.parametrize(("viewers", "expected"), [(2, 15), (3, 10)])
def test_with_others_every_second_or_third_frame_is_analysed(viewers: int, expected: int) -> None:
    assert _analysed(Pace(_crowd(viewers))) == expected


@pytest.mark.parametrize(("viewers", "expected"), [(1, 3), (2, 6), (3, 6)])
def test_with_others_new_faces_are_looked_for_less_often(viewers: int, expected: int) -> None:
    stream = EmotionRecognizer.load().for_stream()
    Pace(_crowd(viewers)).steer(stream)
    assert isinstance(stream.detector, StreamSearch)
    assert stream.detector.search_every == expected


def test_the_pace_follows_the_viewers_as_they_leave() -> None:
    admission = _crowd(2)
    stream, pace = EmotionRecognizer.load().for_stream(), Pace(admission)
    pace.steer(stream)
    admission.leave(0)
    pace.steer(stream)
    assert isinstance(stream.detector, StreamSearch)
    assert stream.detector.search_every == 3


def test_a_detector_of_somebody_else_is_left_as_it_is() -> None:
    class Detector:
        search_every = 1

    stream = replace(EmotionRecognizer.load(), detector=Detector())
    Pace(_crowd(3)).steer(stream)
    assert stream.detector.search_every == 1
