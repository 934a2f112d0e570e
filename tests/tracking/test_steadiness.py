"""What the webcam page says of a face that talks, and of one that smiles."""

from itertools import pairwise

from benchmarks.clips import PEOPLE, play
from fer import EmotionRecognizer
from fer.live.settings import LiveSettings
from fer.tracking.tracker import FaceTracker

_FPS = 15


def said(clip: str, seconds: float) -> list[tuple[float, str, str | None]]:
    """Time, expression and label of every frame."""
    recognizer = EmotionRecognizer.load()
    stream = recognizer.for_stream(LiveSettings().search_settings())
    tracker = FaceTracker(recognizer.threshold)
    result = []
    for time_s, (frame, (truth,)) in play(PEOPLE[clip], seconds, _FPS):
        (face,) = tracker.update(stream.analyze(frame), time_s)
        result.append((time_s, truth.expression, face.emotion))
    return result


def test_the_label_of_one_who_talks_changes_less_than_six_times_a_minute() -> None:
    labels = [label for _time_s, _expression, label in said("talking head", 30)]
    changes = sum(a != b for a, b in pairwise(labels))
    assert changes < 3 and labels.count("neutral") > 0.8 * len(labels)


def test_a_smile_is_said_within_half_a_second_and_so_is_its_end() -> None:
    shown = said("a smile comes and goes", 12)
    for begin, end, expression in ((2.5, 5.0, "happy"), (5.5, 8.0, "neutral"), (8.5, 11, "happy")):
        labels = [label for time_s, _expression, label in shown if begin <= time_s <= end]
        assert set(labels) == {expression}
