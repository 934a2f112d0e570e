from __future__ import annotations

from pathlib import Path

import numpy as np

from fer.datasets import FaceDataset, image_digests, training_rows, unseen_rows


def test_digests_are_equal_exactly_where_pixels_are(tiny: FaceDataset) -> None:
    digests = image_digests(tiny.images)
    assert digests[4] == digests[0] and digests[6] == digests[1]
    assert len(np.unique(digests)) == 5


def test_one_pixel_changes_the_digest(tiny: FaceDataset) -> None:
    changed = tiny.images.copy()
    changed[:, 47, 47] ^= 1
    assert not (image_digests(changed) == image_digests(tiny.images)).any()


def test_digests_do_not_depend_on_the_memory_layout(tiny: FaceDataset, tmp_path: Path) -> None:
    expected = image_digests(tiny.images)
    np.save(tmp_path / "images.npy", tiny.images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    for same in (np.asfortranarray(tiny.images), tiny.images[::-1][::-1], mapped):
        np.testing.assert_array_equal(image_digests(same), expected)


def test_no_images_have_no_digests() -> None:
    assert image_digests(np.empty((0, 48, 48), np.uint8)).shape == (0,)


def test_training_rows_leave_out_copies_of_test_images(tiny: FaceDataset) -> None:
    assert training_rows(tiny).tolist() == [False, False, True, True, False, False, False]


def test_training_rows_leave_out_what_voters_call_no_face(tiny: FaceDataset) -> None:
    votes = np.zeros((7, 10), np.uint8)
    votes[:, 1] = 10
    votes[3] = [4, 0, 0, 0, 0, 0, 0, 0, 0, 6]
    assert np.flatnonzero(training_rows(tiny.with_votes(votes))).tolist() == [2]


def test_unseen_rows_leave_out_copies_of_training_images(tiny: FaceDataset) -> None:
    assert np.flatnonzero(unseen_rows(tiny, "PublicTest")).tolist() == [5]
    assert np.flatnonzero(unseen_rows(tiny, "test")).tolist() == []
