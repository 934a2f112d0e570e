from collections.abc import Callable
from pathlib import Path

import pytest

from fer import EmotionRecognizer
from fer.detection_following import FollowingDetector
from fer.video import VideoOptions, VideoReader
from fer.video.analysis import FrameAnalyzer, Sampler
from fer.video.lookahead import look_ahead

Clip = Callable[..., Path]


def test_what_is_found_ahead_is_what_is_found_in_turn(
    clip: Clip, recognizer: EmotionRecognizer
) -> None:
    path = clip("a.mp4", count=16, size=(320, 240))
    options = VideoOptions(every=2)
    with VideoReader(path) as reader:
        analyzer = FrameAnalyzer(recognizer, options, reader.info)
        sampler = Sampler(options)
        seen = []
        for step in look_ahead(reader, None, sampler, analyzer):
            # How far the reading was at this frame, though it is further now.
            assert step.frames == len(seen) + 1
            assert step.end_s == pytest.approx(step.frame.time_s + 1 / 30, abs=2e-3)
            boxes = []
            if step.grey is not None:
                faces = analyzer.analyze(step.grey, step.frame.time_s).faces
                boxes = [(face.box, face.detection_score) for face in faces]
            seen.append(boxes)
        analyzer.close()

    alone = recognizer.for_stream()
    assert isinstance(alone.detector, FollowingDetector)
    alone.detector.scan_every = 4
    expected = []
    with VideoReader(path) as reader:
        for index, frame in enumerate(reader.frames()):
            found = alone.detector.detect(frame.image_grey()) if index % 2 == 0 else ()
            expected.append([(one.box, one.score) for one in found])
    assert len(seen) == 16 and any(seen)
    assert [len(boxes) for boxes in seen] == [len(boxes) for boxes in expected]
    scores = [[score for _box, score in boxes] for boxes in seen]
    assert scores == [[score for _box, score in boxes] for boxes in expected]


def test_the_rest_of_the_frame_is_searched_as_often_whatever_the_rate(
    clip: Clip, recognizer: EmotionRecognizer
) -> None:
    with VideoReader(clip("a.mp4", count=3)) as reader:
        info = reader.info
    for options, every in (
        (VideoOptions(), 7),
        (VideoOptions(rate=10), 2),
        (VideoOptions(rate=1), 1),
    ):
        analyzer = FrameAnalyzer(recognizer, options, info)
        following = analyzer._detector._detector
        assert isinstance(following, FollowingDetector) and following.scan_every == every
        analyzer.close()
