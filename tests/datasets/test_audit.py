"""What an audit finds, on pictures made to have each fault, and on FER-2013 itself."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from fer.datasets.audit import KINDS, agreement, agreement_table, audit, drop_rows
from fer.datasets.base import FaceDataset
from fer.datasets.similarity import near_groups, near_pairs, perceptual_hashes
from fer.errors import DatasetError, InputError
from fer.labels import FER2013, FERPLUS

TRAINING, PUBLIC, PRIVATE = 0, 1, 2


def smooth(n: int, seed: int = 0) -> np.ndarray:
    """Pictures with the broad shapes that faces have, all different."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (n, 6, 6)).astype(np.uint8)
    return np.stack([cv2.resize(one, (48, 48), interpolation=cv2.INTER_CUBIC) for one in coarse])


def faulty() -> FaceDataset:
    """Twelve rows: 1 and 4 equal in Training, 2 also in PrivateTest, 3 blank, 5 nearly row 6."""
    images = smooth(12)
    images[4] = images[1]
    images[11] = images[2]
    images[3] = 77
    images[5] = np.clip(images[6].astype(int) + 9, 0, 255)
    labels = (np.arange(12) % 7).astype(np.int8)
    splits = np.asarray([TRAINING] * 6 + [PUBLIC] * 3 + [PRIVATE] * 3, np.int8)
    votes = np.zeros((12, 10), np.uint8)
    votes[:, FERPLUS.index("happy")] = 10
    votes[0] = 0
    votes[0, 9] = 10
    return FaceDataset(images, labels, splits, source="made.csv", votes=votes)


def test_every_fault_is_found_where_it_was_put() -> None:
    report = audit(faulty())
    rows = {finding.kind: finding.rows.tolist() for finding in report.findings}
    assert rows == {
        "copied": [4],
        "leaked": [2],
        "tested twice": [11],
        "near copy": [6],
        "conflicting": [1, 2, 4, 11],
        "blank": [3],
        "not a face": [0],
    }
    assert rows.keys() == KINDS.keys()
    assert report.distinct_images == 10
    by_split = {finding.kind: finding.by_split for finding in report.findings}
    assert by_split["conflicting"] == {"Training": 3, "PublicTest": 0, "PrivateTest": 1}


def test_a_clean_data_set_has_no_finding() -> None:
    data = FaceDataset(smooth(5), np.zeros(5, np.int8), np.zeros(5, np.int8))
    report = audit(data)
    assert [len(finding.rows) for finding in report.findings] == [0] * 6
    assert report.table().empty
    assert list(report.table().columns) == ["row", "split", "label", "findings"]


def test_the_list_names_rows_from_one_and_all_their_findings() -> None:
    table = audit(faulty()).table(["copied", "conflicting"])
    assert table["row"].tolist() == [2, 3, 5, 12]
    assert table["findings"].tolist() == [
        "conflicting",
        "conflicting",
        "copied; conflicting",
        "conflicting",
    ]
    assert table["label"].tolist() == ["disgust", "fear", "sad", "sad"]
    assert audit(faulty()).table([]).empty


def test_an_unknown_finding_is_refused() -> None:
    with pytest.raises(InputError, match=r"expected one of copied, .*got 'ugly'"):
        audit(faulty()).table(["ugly"])


def test_dropping_leaves_the_other_splits_whole(tmp_path: Path) -> None:
    data = faulty()
    path = tmp_path / "drop.csv"
    table = audit(data).table(["leaked", "tested twice", "blank"])
    # As a spreadsheet saves it.
    path.write_text("\ufeff" + table.to_csv(index=False))
    kept = drop_rows(data, path)
    assert len(kept) == 10
    assert kept.split_mask("Training").sum() == 4
    assert kept.notes[-1] == "2 rows of Training left out, as drop.csv says"
    np.testing.assert_array_equal(
        kept.split("PrivateTest").images, data.split("PrivateTest").images
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("line\n1\n", "column named row"),
        ("row\none\n", "column named row"),
        ("row\n99\n", "expected rows of made.csv, got row 99"),
    ],
)
def test_a_list_that_does_not_fit_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "drop.csv"
    path.write_text(content)
    with pytest.raises(DatasetError, match=message):
        drop_rows(faulty(), path)
    with pytest.raises(DatasetError, match="column named row"):
        drop_rows(faulty(), tmp_path / "missing.csv")


def test_agreement_is_the_diagonal_of_its_table() -> None:
    data = faulty()
    table = agreement_table(data)
    assert table.to_numpy().sum() == 11
    assert (table["happy"] == table.sum(axis=1)).all()
    assert agreement(data) == {
        "all": 2 / 11,  # rows 3 and 10 are happy
        **{name: float(name == "happy") for name in FER2013},
    }
    with pytest.raises(DatasetError, match=r"expected FER\+ votes"):
        agreement(FaceDataset(data.images, data.labels, data.splits))


def test_compression_light_and_a_retouch_keep_pictures_together() -> None:
    images = smooth(6)
    jpeg = cv2.imdecode(cv2.imencode(".jpg", images[0], [cv2.IMWRITE_JPEG_QUALITY, 60])[1], 0)
    brighter = np.clip(images[1] * 0.9 + 12, 0, 255).astype(np.uint8)
    retouched = images[2].copy()
    retouched[0:3, 0:3] = 128
    all_of_them = np.stack([*images, jpeg, brighter, retouched])
    groups = near_groups(all_of_them)
    assert len(set(groups[:6])) == 6
    assert groups[6:].tolist() == groups[:3].tolist()
    rows = np.array([8, 0, 7, 2])
    few = near_groups(all_of_them, rows)
    assert few[0] == few[3] and len(set(few)) == 3


@pytest.mark.parametrize("bits", [0, 1, 3])
def test_all_pairs_within_the_distance_are_found(bits: int) -> None:
    rng = np.random.default_rng(1)
    base = rng.integers(0, 2**64, 40, dtype=np.uint64)
    flips = np.uint64(1) << rng.integers(0, 64, 120).astype(np.uint64)
    hashes = np.concatenate([base, base ^ flips[:40], base ^ flips[40:80] ^ flips[80:]])
    distance = np.bitwise_count(hashes[:, None] ^ hashes[None])
    expected = np.argwhere(np.triu(distance <= bits, 1))
    assert near_pairs(hashes, bits).tolist() == expected.tolist()


def test_a_hash_does_not_depend_on_brightness() -> None:
    images = smooth(4) // 2
    assert (perceptual_hashes(images) == perceptual_hashes(images + 60)).all()
