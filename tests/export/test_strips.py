import base64
import re

import numpy as np
import pytest

from fer.export.events import Event
from fer.export.strips import clock, event_names, lane, legend, nearest, share_bar, time_axis
from fer.labels import COLOURS, UNSURE

LABELS = ("sad", "happy")
HOSTILE = "<b onload=x>"


def drawn(html: str) -> str:
    encoded = re.search(r"base64,([A-Za-z0-9+/=]+)", html)
    assert encoded is not None
    return base64.b64decode(encoded[1]).decode()


def bands(html: str) -> list[tuple[str, list[tuple[float, float]]]]:
    """Colour and corners of each band of a lane, back to front."""
    return [
        (colour, [(float(x), float(y)) for x, y in (xy.split(",") for xy in points.split())])
        for colour, points in re.findall(r'<polygon fill="(#\w+)" points="([^"]+)"', drawn(html))
    ]


def test_the_bands_are_stacked_to_one_and_as_thick_as_the_probabilities() -> None:
    times = np.arange(6) + 0.5
    happy = 0.2 + 0.1 * np.arange(6)
    line = lane(times, np.stack([1 - happy, happy], axis=1), LABELS, (0.0, 6.0), alt="a")
    (back, whole), (front, sad) = bands(line)
    assert (back, front) == (COLOURS["happy"], COLOURS["sad"])
    # First and last corner lie on the base line; between them runs the upper edge.
    assert {y for _, y in whole[1:-1]} == {0.0}
    heights = [1 - y / 100 for _, y in sad[1:-1:2]]
    assert heights == pytest.approx(1 - happy, abs=6e-3)
    xs = [x for x, _ in sad]
    assert xs == sorted(xs) and (xs[0], xs[-1]) == (0, 1000)


def test_where_a_person_was_away_is_a_gap_and_a_single_mean_has_the_width_of_its_step() -> None:
    rows = np.full((10, 2), np.nan)
    rows[[0, 1, 2, 8]] = 0.5
    line = lane(np.arange(10) + 0.5, rows, LABELS, (0.0, 10.0), alt="a")
    edges = [
        (points[0][0], points[-1][0]) for colour, points in bands(line) if colour == COLOURS["sad"]
    ]
    assert edges == [(0, 300), (800, 900)]


def test_events_are_where_they_happen_and_only_within_the_window() -> None:
    events = [Event(1.0, "a"), Event(4.0, HOSTILE, 8.0), Event(50.0, "late")]
    nothing = np.zeros((0, 2))
    svg = drawn(lane(np.zeros(0), nothing, LABELS, (0.0, 10.0), alt="a", events=events))
    assert re.findall(r'<rect x="([\d.]+)" y="0" width="([\d.]+)"', svg) == [
        ("100.0", "0.0"),
        ("400.0", "400.0"),
    ]
    names = event_names(events, (0.0, 10.0))
    assert "left:10.00%" in names and "left:40.00%" in names
    assert "late" not in names and HOSTILE not in names
    assert event_names(events, (20.0, 30.0)) == ""
    # Two that would cover each other: the second is a line alone.
    close = event_names(
        [Event(2.0, "stimulus"), Event(2.5, "mark"), Event(6.0, "end")], (0.0, 10.0)
    )
    assert "stimulus" in close and "end" in close and "mark" not in close


@pytest.mark.parametrize("length", [0.5, 7.0, 59.0, 600.0, 5000.0, 40_000.0])
def test_an_axis_has_few_times_in_order_that_do_not_touch(length: float) -> None:
    places = [float(at) for at in re.findall(r"left:([\d.]+)%", time_axis((30.0, 30.0 + length)))]
    inner = sorted(places)
    assert len(places) <= 9 and (inner[0], inner[-1]) == (0.0, 100.0)
    assert min(np.diff(inner)) >= 8.9


@pytest.mark.parametrize("length", [2.4, 4.4, 5.4, 5.97, 6.0, 8.3, 59.9])
def test_no_time_stands_on_an_axis_twice_and_the_last_is_the_nearest(length: float) -> None:
    said = re.findall(r">([\d:]+)<", time_axis((0.0, length)))
    assert len(said) == len(set(said)) and said[-1] == nearest(length)


def test_words_of_others_are_escaped() -> None:
    assert HOSTILE not in lane(np.zeros(0), np.zeros((0, 2)), LABELS, (0, 1), alt=HOSTILE)


def test_shares_and_legend_come_in_one_order_and_unsure_is_hatched() -> None:
    shares = {UNSURE: 0.25, "happy": 0.5, "angry": 0.25}
    assert re.findall(r'title="(\w+) (\d+)%"', share_bar(shares)) == [
        ("angry", "25"),
        ("happy", "50"),
        (UNSURE, "25"),
    ]
    assert legend(shares).index("angry") < legend(shares).index(UNSURE)
    assert "repeating-linear-gradient" in legend(shares) and "sad" not in legend(shares)


def test_times_are_read_as_a_clock() -> None:
    assert [clock(s) for s in (0, 65.9, 3725)] == ["0:00", "1:05", "1:02:05"]
    assert [nearest(s) for s in (0.4, 5.5, 5.97, 59.6)] == ["0:00", "0:06", "0:06", "1:00"]
