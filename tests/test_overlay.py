from dataclasses import replace

import numpy as np
import pytest

from fer import Box, FaceEmotion
from fer.captions import hex_to_bgr
from fer.errors import InputError
from fer.labels import COLOURS, UNSURE_COLOUR
from fer.overlay import (
    Blur,
    OverlayStyle,
    annotated,
    draw_faces,
    face_colour,
    identity_colour,
)


def face(box: Box, emotion: str | None = "happy", confidence: float = 0.97) -> FaceEmotion:
    return FaceEmotion(box, emotion, confidence, {"happy": confidence, "sad": 1 - confidence})


def test_hex_colours_become_blue_green_red() -> None:
    assert hex_to_bgr("#010203") == (3, 2, 1)


@pytest.mark.parametrize(
    ("emotion", "caption", "colour"),
    [("happy", "happy 97%", COLOURS["happy"]), (None, "unsure, happy 97%?", UNSURE_COLOUR)],
)
def test_caption_and_colour_say_what_was_read(
    emotion: str | None, caption: str, colour: str
) -> None:
    shown = face(Box(0, 0, 9, 9), emotion)
    assert shown.reading == caption
    assert face_colour(shown) == hex_to_bgr(colour)


@pytest.mark.parametrize("shape", [(240, 320), (240, 320, 1), (240, 320, 3), (240, 320, 4)])
def test_any_frame_becomes_a_new_bgr_picture(shape: tuple[int, ...]) -> None:
    frame = np.full(shape, 50, np.uint8)
    before = frame.copy()
    drawn = draw_faces(frame, [face(Box(100, 100, 80, 80))])
    assert (drawn.shape, drawn.dtype) == ((240, 320, 3), np.uint8)
    assert np.array_equal(frame, before)
    assert not np.shares_memory(drawn, frame)


def test_without_faces_the_picture_is_an_equal_copy() -> None:
    frame = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    drawn = draw_faces(frame, [])
    assert np.array_equal(drawn, frame)
    assert not np.shares_memory(drawn, frame)


def test_an_unsure_face_differs_from_a_neutral_one_by_more_than_its_grey() -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    probabilities = {"neutral": 0.44, "sad": 0.3, "happy": 0.26}
    box = Box(100, 100, 80, 80)
    drawn = [
        draw_faces(frame, [FaceEmotion(box, emotion, 0.44, probabilities)])[100:180, 100:180]
        for emotion in ("neutral", None)
    ]
    sure, unsure = (part.any(axis=2) for part in drawn)
    # The corners are dashed and no edge joins them.
    assert sure[:, 0].all() and not unsure[40, 0]
    assert 0 < unsure[:20, 0].sum() < sure[:20, 0].sum()


def test_the_box_is_drawn_on_its_own_border_in_the_colour_of_the_emotion() -> None:
    drawn = draw_faces(np.zeros((240, 320, 3), np.uint8), [face(Box(100, 100, 80, 80))])
    colour = hex_to_bgr(COLOURS["happy"])
    assert tuple(drawn[140, 100]) == colour
    assert tuple(drawn[179, 140]) == colour
    assert not drawn[115:165, 115:165].any()
    assert not drawn[190:].any()


@pytest.mark.parametrize("bars", [0, 3])
def test_a_picture_of_a_webcam_can_be_read_on_a_phone(bars: int) -> None:
    frame = np.zeros((480, 640, 3), np.uint8)
    drawn = draw_faces(frame, [face(Box(220, 150, 160, 160))], OverlayStyle(ids=True, bars=bars))
    plate = np.array(hex_to_bgr(COLOURS["happy"]), np.uint8)
    above = np.flatnonzero((drawn[:150] == plate).all(axis=2).sum(axis=1) > 60)
    # Shown 360 pixels wide: letters of 11 pixels on a plate that is higher than they are.
    assert (above[-1] - above[0]) * 360 / 640 > 11


def test_the_caption_sits_above_the_box_where_there_is_room() -> None:
    drawn = draw_faces(np.zeros((240, 320, 3), np.uint8), [face(Box(100, 100, 80, 80))])
    rows = np.flatnonzero(drawn[:98].any(axis=(1, 2)))
    assert rows.size
    assert 70 < rows.min()


def test_the_caption_never_covers_the_face_and_stays_in_the_frame() -> None:
    blank = np.zeros((240, 320, 3), np.uint8)
    top = draw_faces(blank, [face(Box(100, 0, 80, 80))])
    corner = draw_faces(blank, [face(Box(300, 100, 20, 20))])
    plate = np.array(hex_to_bgr(COLOURS["happy"]), np.uint8)
    assert (top[80:100, 101:180] == plate).all(axis=2).sum() > 100
    assert not (top[10:70, 110:170] == plate).all(axis=2).any()
    # More plate than the 20 columns between the box and the border could hold.
    assert (corner[80:100, :300] == plate).all(axis=2).sum() > 100


def test_text_is_dark_on_light_plates_and_light_on_dark_ones() -> None:
    blank = np.full((240, 320, 3), 128, np.uint8)
    on_yellow = draw_faces(blank, [face(Box(100, 100, 80, 80), "happy")])[70:99]
    on_violet = draw_faces(blank, [face(Box(100, 100, 80, 80), "fear")])[70:99]
    assert on_yellow.max(axis=2).min() < 60
    assert on_violet.min(axis=2).max() > 220


@pytest.mark.parametrize(
    "box",
    [
        Box(-20, -20, 50, 50),
        Box(30, 30, 200, 200),
        Box(500, 500, 10, 10),
        Box(0, 0, 1, 1),
        Box(5, 5, 0, 0),
    ],
)
@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 200, 3), (200, 5, 3), (64, 64, 3)])
def test_boxes_and_captions_that_do_not_fit_are_cut_off(box: Box, shape: tuple[int, ...]) -> None:
    assert draw_faces(np.zeros(shape, np.uint8), [face(box)]).shape == shape


def test_drawing_twice_gives_the_same_picture() -> None:
    frame = np.full((240, 320, 3), 90, np.uint8)
    faces = [face(Box(20, 60, 80, 80)), face(Box(150, 60, 80, 80), None, 0.4)]
    assert np.array_equal(draw_faces(frame, faces), draw_faces(frame, faces))


def test_a_float_frame_is_refused() -> None:
    with pytest.raises(InputError, match=r"frame: expected .*, got "):
        draw_faces(np.zeros((4, 4, 3)), [])


def test_a_mirrored_picture_has_its_boxes_where_the_faces_went() -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    drawn = draw_faces(frame, [face(Box(30, 100, 80, 80))], OverlayStyle(mirror=True))
    colour = hex_to_bgr(COLOURS["happy"])
    assert tuple(drawn[140, 319 - 30]) == colour
    assert not drawn[:, :100].any()


def test_text_reads_the_same_in_a_mirror() -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    centred = [face(Box(120, 100, 80, 80))]
    plain = draw_faces(frame, centred)
    assert np.array_equal(draw_faces(frame, centred, OverlayStyle(mirror=True)), plain)


def test_the_chip_has_the_colour_of_the_identity() -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    for face_id in (1, 2, 7):
        shown = replace(face(Box(100, 100, 80, 80)), face_id=face_id)
        drawn = draw_faces(frame, [shown], OverlayStyle(ids=True))
        plate = np.array(hex_to_bgr(identity_colour(face_id)), np.uint8)
        assert (drawn[70:100] == plate).all(axis=2).sum() > 60


def test_identities_keep_their_colours_and_none_is_an_emotions() -> None:
    first = [identity_colour(face_id) for face_id in range(1, 7)]
    assert len(set(first)) == 6
    assert not set(first) & {*COLOURS.values(), UNSURE_COLOUR}
    assert identity_colour(7) == first[0]


def test_bars_are_as_long_as_the_probabilities_and_the_top_comes_first() -> None:
    shown = FaceEmotion(
        Box(60, 40, 160, 100), "sad", 0.6, {"happy": 0.3, "sad": 0.6, "fear": 0.1, "angry": 0.0}
    )
    drawn = draw_faces(np.zeros((240, 320, 3), np.uint8), [shown], OverlayStyle(bars=3))[141:]
    spans = {}
    for label in shown.probabilities:
        found = (drawn == np.array(hex_to_bgr(COLOURS[label]), np.uint8)).all(axis=2)
        rows, columns = np.nonzero(found)
        spans[label] = (rows.min(), len(set(columns))) if rows.size else None
    assert spans["angry"] is None
    assert spans["sad"][0] < spans["happy"][0] < spans["fear"][0]
    assert spans["sad"][1] == pytest.approx(2 * spans["happy"][1], abs=2)


@pytest.mark.parametrize("blur", ["everyone", "others"])
def test_a_blurred_face_keeps_nothing_fine(blur: Blur) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (240, 320, 3)).astype(np.uint8)
    style = OverlayStyle(blur=blur)
    drawn = draw_faces(frame, [face(Box(100, 100, 80, 80))], style)
    inside = drawn[106:174, 106:174].astype(float)
    assert np.abs(np.diff(inside, axis=0)).mean() < 6
    # Beyond the box too, where hair, chin and ears are; and nowhere else.
    assert not np.array_equal(drawn[140, 85:98], frame[140, 85:98])
    assert np.array_equal(drawn[:60], frame[:60])


@pytest.mark.parametrize("box", [Box(-20, -20, 50, 50), Box(500, 500, 10, 10), Box(5, 5, 0, 0)])
def test_bars_and_blur_that_do_not_fit_are_left_out(box: Box) -> None:
    style = OverlayStyle(mirror=True, ids=True, bars=3, blur="everyone")
    for shape in ((1, 1, 3), (5, 200, 3), (64, 64, 3)):
        assert draw_faces(np.zeros(shape, np.uint8), [face(box)], style).shape == shape


@pytest.mark.parametrize("side", [48, 240, 3000])
def test_the_caption_of_an_annotated_copy_is_readable_and_beside_the_face(side: int) -> None:
    picture = np.full((side, side, 3), 128, np.uint8)
    whole = face(Box(0, 0, side, side))
    copy = annotated(picture, [whole])
    factor = copy.shape[1] // side
    strip = copy.shape[0] - side * factor
    assert min(copy.shape[:2]) >= 240 and copy.shape[1] == side * factor
    plate = np.array(hex_to_bgr(COLOURS["happy"]), np.uint8)
    captions = (copy[:strip] == plate).all(axis=2)
    assert captions.sum() > 0.004 * copy.shape[1] ** 2
    inner = slice(strip + side * factor // 10, strip + side * factor * 9 // 10)
    assert not (copy[inner, side * factor // 10 : -side * factor // 10] == plate).all(axis=2).any()


def test_a_tilted_face_has_a_tilted_box() -> None:
    blank = np.zeros((240, 320, 3), np.uint8)
    tilted = replace(face(Box(100, 60, 100, 100)), roll=45.0)
    drawn = draw_faces(blank, [tilted])
    # The corner of the square lies straight above its centre.
    assert drawn[40, 150].any() or drawn[41, 150].any()
    assert not drawn[61, 101].any()


def test_a_face_that_is_held_fades_and_one_that_was_found_does_not() -> None:
    frame = np.full((240, 320, 3), 50, np.uint8)
    found, held = face(Box(40, 100, 80, 80)), replace(face(Box(200, 100, 80, 80)), measured=False)
    alone = draw_faces(frame, [found])
    both = draw_faces(frame, [found, held])
    assert np.array_equal(both[:, :150], alone[:, :150])
    changed = np.abs(both.astype(int) - 50).sum(axis=(0, 2))
    assert 0 < changed[150:].sum() < 0.6 * changed[:150].sum()
