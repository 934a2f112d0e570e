from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fer import EmotionRecognizer
from fer.boxes import iou
from fer.detection.following import FollowingDetector
from fer.preprocessing import to_grey
from fer.video import VideoOptions, VideoReader
from fer.video.analysis import FrameAnalyzer, Sampler
from fer.video.lookahead import LookaheadDetector, between, look_ahead

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
        (VideoOptions(), 4),
        (VideoOptions(rate=10), 2),
        (VideoOptions(rate=1), 1),
    ):
        analyzer = FrameAnalyzer(recognizer, options, info)
        following = analyzer._detector._detector
        assert isinstance(following, FollowingDetector) and following.scan_every == every
        analyzer.close()


def test_between_two_searched_frames_a_face_lies_in_the_middle(
    letterboxed: Callable[..., np.ndarray], recognizer: EmotionRecognizer
) -> None:
    frames = [to_grey(letterboxed(480, 360, 300, left=4 * index)) for index in range(7)]
    following = recognizer.for_stream().detector
    detector = LookaheadDetector(following, alternate=True)
    for frame in frames:
        detector.begin(frame)
    found = [detector.detect(frame) for frame in frames]
    detector.close()
    assert [len(faces) for faces in found[1:]] == [1] * 6
    for index in (3, 5):
        before, one, after = (found[index + step][0] for step in (-1, 0, 1))
        assert one == between(before, after)
        assert iou(one.box, after.box) > 0.8
    # Before the second frame nothing was sure: it was looked for there. The last one was searched.
    searched = [recognizer.detector.detect(frames[index])[0] for index in (1, 6)]
    assert iou(found[1][0].box, searched[0].box) > 0.8
    assert iou(found[6][0].box, searched[1].box) > 0.8


def test_a_face_before_a_cut_is_not_seen_after_it(
    letterboxed: Callable[..., np.ndarray], recognizer: EmotionRecognizer
) -> None:
    face = to_grey(letterboxed(480, 360, 300))
    empty = np.full_like(face, 90)
    frames = [face, face, face, empty, empty, face, face]
    detector = LookaheadDetector(recognizer.for_stream().detector, alternate=True)
    for frame in frames:
        detector.begin(frame)
    assert [len(detector.detect(frame)) for frame in frames][2:] == [1, 0, 0, 1, 1]
    detector.close()


def test_frames_of_another_size_are_searched(
    letterboxed: Callable[..., np.ndarray], recognizer: EmotionRecognizer
) -> None:
    sizes = [(480, 360, 300)] * 3 + [(400, 300, 260)] * 3
    frames = [to_grey(letterboxed(*size)) for size in sizes]
    detector = LookaheadDetector(recognizer.for_stream().detector, alternate=True)
    for frame in frames:
        detector.begin(frame)
    found = [detector.detect(frame) for frame in frames]
    detector.close()
    assert [len(faces) for faces in found][2:] == [1, 1, 1, 1]
    assert all(one.box.right <= 400 for faces in found[3:] for one in faces)
