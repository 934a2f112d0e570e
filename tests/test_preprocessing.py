import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer.errors import InputError
from fer.preprocessing import CROP_SIZE, check_frame, crop_face, to_grey
from fer.results import Box


def ramp(height: int, width: int) -> np.ndarray:
    rows, columns = np.mgrid[0:height, 0:width]
    return ((rows * 3 + columns * 2) % 256).astype(np.uint8)


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((4, 5), np.uint8),
        np.zeros((4, 5, 1), np.uint8),
        np.zeros((4, 5, 3), np.uint8),
        np.zeros((4, 5, 4), np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((2, 5000, 3), np.uint8),
        ramp(9, 8)[::2, ::-1],
        np.asfortranarray(np.zeros((4, 5, 3), np.uint8)),
        np.zeros((4, 5, 3), np.uint8)[..., ::-1],
    ],
    ids=lambda frame: f"{frame.shape}-{frame.strides}",
)
def test_check_frame_gives_the_same_pixels_in_one_block(frame: np.ndarray) -> None:
    checked = check_frame(frame)
    assert checked.flags.c_contiguous
    assert np.array_equal(checked, frame.reshape(checked.shape))


@pytest.mark.parametrize(
    "frame",
    [
        None,
        [[1, 2], [3, 4]],
        "frame",
        np.zeros((4, 5), np.float32),
        np.zeros((4, 5), bool),
        np.zeros((4, 5, 3), np.uint16),
        np.zeros((4, 5, 2), np.uint8),
        np.zeros((4, 5, 5), np.uint8),
        np.zeros(5, np.uint8),
        np.zeros((1, 4, 5, 3), np.uint8),
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((4, 0), np.uint8),
        np.zeros((0, 0, 4), np.uint8),
    ],
    ids=repr,
)
def test_check_frame_refuses_anything_else_saying_what_came(frame: object) -> None:
    with pytest.raises(InputError, match=r"frame: expected .*, got ") as caught:
        check_frame(frame)
    got = str(frame.shape) if isinstance(frame, np.ndarray) else type(frame).__name__
    assert got in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "top"),
    [(np.float32, 1), (np.float64, 255), (np.float32, 4000), (np.float64, -1), (bool, 1)]
    + [(np.uint16, bits) for bits in (255, 1023, 4095, 16_383, 65_535)]
    + [(np.int32, 255), (np.int64, 10**6), (np.int16, -300)],
)
def test_the_conversion_that_is_advised_gives_the_same_picture(kind: type, top: int) -> None:
    picture = np.arange(256, dtype=np.uint8).reshape(16, 16)
    shares = picture / 255
    frame = (shares > 0.5).astype(bool) if kind is bool else (shares * abs(top)).astype(kind)
    if top < 0:
        frame = frame - kind(abs(top) / 2)
    with pytest.raises(InputError, match="convert it with ") as caught:
        check_frame(frame)
    advice = str(caught.value).split("convert it with ")[1]
    converted = check_frame(eval(advice, {"np": np, "frame": frame}))
    expected = frame * np.uint8(255) if kind is bool else picture
    assert np.abs(converted.astype(int) - expected).max() <= 2


def test_grey_of_bgr_and_bgra_are_equal_and_weigh_green_most() -> None:
    bgr = np.array([[[100, 0, 0], [0, 100, 0], [0, 0, 100]]], np.uint8)
    bgra = np.dstack([bgr, np.full((1, 3), 7, np.uint8)])
    assert to_grey(bgr).tolist() == [[11, 59, 30]]
    assert np.array_equal(to_grey(bgra), to_grey(bgr))


def test_a_grey_picture_stays_as_it_is() -> None:
    grey = ramp(5, 6)
    assert to_grey(grey) is grey


def test_a_48_by_48_picture_with_the_full_box_is_its_own_crop() -> None:
    grey = ramp(CROP_SIZE, CROP_SIZE)
    assert np.array_equal(crop_face(grey, Box(0, 0, CROP_SIZE, CROP_SIZE)), grey)


def test_a_48_by_48_box_is_cut_out_unchanged() -> None:
    grey = ramp(100, 120)
    assert np.array_equal(crop_face(grey, Box(30, 20, 48, 48)), grey[20:68, 30:78])


@pytest.mark.parametrize(
    ("box", "rows", "columns"),
    [
        (Box(40, 20, 28, 48), slice(20, 68), slice(30, 78)),
        (Box(30, 30, 48, 28), slice(20, 68), slice(30, 78)),
        (Box(40, 20, 27, 48), slice(20, 68), slice(29, 77)),
    ],
    ids=["tall", "wide", "odd"],
)
def test_a_crop_is_square_about_the_centre_of_its_box(
    box: Box, rows: slice, columns: slice
) -> None:
    grey = ramp(100, 120)
    assert np.array_equal(crop_face(grey, box), grey[rows, columns])


@given(st.integers(0, 40), st.integers(0, 40), st.integers(20, 50), st.integers(20, 50))
def test_a_box_that_moves_by_a_pixel_moves_its_crop_by_a_pixel(
    x: int, y: int, width: int, height: int
) -> None:
    grey = np.pad(ramp(100, 100), 60, mode="edge")
    moved = np.roll(grey, (1, 1), axis=(0, 1))
    here, there = Box(x + 60, y + 60, width, height), Box(x + 61, y + 61, width, height)
    assert np.array_equal(crop_face(grey, here), crop_face(moved, there))


@pytest.mark.parametrize(
    "box",
    [
        Box(-20, -10, 48, 48),
        Box(80, 70, 48, 48),
        Box(0, 0, 10, 48),
        Box(-10, -10, 148, 148),
        Box(99, 79, 48, 48),
    ],
)
def test_pixels_outside_the_picture_repeat_its_edge(box: Box) -> None:
    grey = ramp(80, 100)
    margin = 150
    padded = np.pad(grey, margin, mode="edge")
    inside = Box(box.x + margin, box.y + margin, box.width, box.height)
    assert np.array_equal(crop_face(grey, box), crop_face(padded, inside))


@pytest.mark.parametrize("factor", [1.5, 2.0, 3.0, 4.0])
def test_an_enlarged_picture_gives_nearly_the_same_crop(
    astronaut_bgr: np.ndarray, astronaut_face: Box, factor: float
) -> None:
    grey = to_grey(astronaut_bgr)
    larger = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    face = astronaut_face
    box = Box(*(round(v * factor) for v in (face.x, face.y, face.width, face.height)))
    difference = crop_face(grey, face).astype(int) - crop_face(larger, box)
    assert np.abs(difference).mean() < 2.5


def test_shrinking_averages_instead_of_picking_pixels() -> None:
    checkerboard = (np.indices((480, 480)).sum(axis=0) % 2 * 254).astype(np.uint8)
    assert set(np.unique(crop_face(checkerboard, Box(0, 0, 480, 480)))) == {127}


def test_a_crop_is_neither_equalised_nor_stretched() -> None:
    grey = np.full((200, 200), 90, np.uint8)
    grey[50:150, 50:150] = 110
    assert set(np.unique(crop_face(grey, Box(0, 0, 192, 192)))) <= set(range(90, 111))


@pytest.mark.parametrize(
    "box",
    [
        Box(0, 0, 0, 0),
        Box(10, 10, -5, -5),
        Box(100, 0, 20, 20),
        Box(0, 80, 20, 20),
        Box(-20, 0, 20, 20),
        Box(0, 0, 10**6, 10**6),
    ],
)
def test_a_box_that_is_not_of_this_picture_is_refused(box: Box) -> None:
    with pytest.raises(InputError, match=r"box: expected .*100 x 80.*got Box"):
        crop_face(ramp(80, 100), box)


@given(st.integers(-120, 120), st.integers(-120, 120), st.integers(-5, 120), st.integers(-5, 120))
def test_any_box_gives_a_crop_or_an_input_error(x: int, y: int, width: int, height: int) -> None:
    grey = ramp(60, 70)
    before = grey.copy()
    try:
        crop = crop_face(grey, Box(x, y, width, height))
    except InputError:
        pass
    else:
        assert (crop.shape, crop.dtype) == ((48, 48), np.uint8)
        assert grey.min() <= crop.min() <= crop.max() <= grey.max()
    assert np.array_equal(grey, before)
