from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer.boxes import clip, containment, intersection, iou, merge_overlapping, scale
from fer.results import Box, Detection

coordinates = st.integers(-50, 150)
sides = st.integers(0, 100)
boxes = st.builds(Box, coordinates, coordinates, sides, sides)
detections = st.lists(st.builds(Detection, boxes, st.floats(-5, 5)), max_size=12)


@pytest.mark.parametrize(
    ("a", "b", "common", "overlap", "contained"),
    [
        (Box(0, 0, 10, 10), Box(0, 0, 10, 10), 100, 1.0, 1.0),
        (Box(0, 0, 10, 10), Box(5, 0, 10, 10), 50, 1 / 3, 0.5),
        (Box(0, 0, 10, 10), Box(2, 2, 5, 5), 25, 0.25, 1.0),
        (Box(0, 0, 10, 10), Box(10, 0, 10, 10), 0, 0.0, 0.0),
        (Box(0, 0, 10, 10), Box(30, 30, 10, 10), 0, 0.0, 0.0),
        (Box(0, 0, 0, 0), Box(0, 0, 0, 0), 0, 0.0, 0.0),
    ],
)
def test_overlap_by_hand(a: Box, b: Box, common: int, overlap: float, contained: float) -> None:
    assert intersection(a, b) == common
    assert iou(a, b) == pytest.approx(overlap)
    assert containment(a, b) == pytest.approx(contained)


@given(boxes, boxes)
def test_overlap_is_symmetric_and_between_zero_and_one(a: Box, b: Box) -> None:
    assert iou(a, b) == iou(b, a)
    assert containment(a, b) == containment(b, a)
    assert 0 <= iou(a, b) <= containment(a, b) <= 1


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(-5, -5, 20, 20), Box(0, 0, 15, 15)),
        (Box(90, 70, 20, 20), Box(90, 70, 10, 10)),
        (Box(10, 10, 20, 20), Box(10, 10, 20, 20)),
        (Box(200, 10, 5, 5), Box(100, 10, 0, 5)),
    ],
)
def test_clip_keeps_the_part_inside(box: Box, expected: Box) -> None:
    assert clip(box, 100, 80) == expected


@given(boxes, st.integers(1, 120), st.integers(1, 120))
def test_clipped_boxes_lie_in_the_image(box: Box, width: int, height: int) -> None:
    inside = clip(box, width, height)
    assert 0 <= inside.x <= inside.right <= width
    assert 0 <= inside.y <= inside.bottom <= height
    assert clip(inside, width, height) == inside


def test_scale_multiplies_position_and_size() -> None:
    assert scale(Box(10, 20, 30, 40), 2.5) == Box(25, 50, 75, 100)


def test_the_better_of_two_overlapping_boxes_stays() -> None:
    weak, strong = Detection(Box(0, 0, 10, 10), 1.0), Detection(Box(2, 0, 10, 10), 3.0)
    assert merge_overlapping([weak, strong]) == [strong]


def test_a_small_box_inside_a_better_one_is_dropped() -> None:
    whole, nose = Detection(Box(0, 0, 100, 100), 3.0), Detection(Box(40, 40, 20, 20), 1.0)
    assert merge_overlapping([nose, whole]) == [whole]


def test_neighbours_that_only_touch_stay() -> None:
    pair = [Detection(Box(0, 0, 10, 10), 2.0), Detection(Box(10, 0, 10, 10), 1.0)]
    assert merge_overlapping(pair) == pair


@given(detections)
def test_what_is_kept_hardly_overlaps_and_comes_best_first(found: list[Detection]) -> None:
    kept = merge_overlapping(found)
    assert all(
        iou(a.box, b.box) <= 0.3 and containment(a.box, b.box) <= 0.6
        for a, b in combinations(kept, 2)
    )
    assert [d.score for d in kept] == sorted((d.score for d in kept), reverse=True)
    assert bool(kept) == bool(found)


@given(detections, st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_does_not_matter(found: list[Detection], random) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    assert merge_overlapping(shuffled) == merge_overlapping(found)
