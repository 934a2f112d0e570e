"""Facts about the real FER-2013 and FER+ files; they guard the readers and the protocol."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer.datasets import (
    FaceDataset,
    argmax_labels,
    find_ferplus,
    majority_labels,
    open_dataset,
    summary,
    training_rows,
    unseen_rows,
)
from fer.datasets.audit import agreement, audit

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("full-cache")


@pytest.fixture(scope="module")
def full(full_data: Path, cache: Path) -> FaceDataset:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_CACHE", str(cache))
        return open_dataset(full_data, ferplus=find_ferplus(None, full_data))


def test_statistics_are_the_published_and_measured_ones(full: FaceDataset) -> None:
    facts = summary(full)
    assert facts["rows"] == 35_887
    assert facts["splits"] == {"Training": 28_709, "PublicTest": 3_589, "PrivateTest": 3_589}
    assert list(facts["classes_by_split"]["Training"].values()) == [
        3_995, 436, 4_097, 7_215, 4_830, 3_171, 4_965,
    ]  # fmt: skip
    assert list(facts["classes_by_split"]["PrivateTest"].values()) == [
        491, 55, 528, 879, 594, 416, 626,
    ]  # fmt: skip
    assert facts["distinct_images"] == 34_032
    assert facts["copies_of_training"] == {"PublicTest": 280, "PrivateTest": 288}
    assert facts["blank_images"] == 12
    assert facts["skipped"] == 0


def test_test_images_without_copies_are_3301(full: FaceDataset) -> None:
    assert unseen_rows(full, "PrivateTest").sum() == 3_301


def test_ferplus_protocols_keep_the_published_counts(full: FaceDataset) -> None:
    assert full.votes is not None, "fer2013new.csv is not beside the data"
    kept = majority_labels(full.votes) >= 0
    assert [int(kept[full.splits == code].sum()) for code in range(3)] == [25_060, 3_199, 3_153]
    assert (argmax_labels(full.votes)[full.split_mask("PrivateTest")] >= 0).sum() == 3_546


def test_protocol_trains_on_27867_rows(full: FaceDataset) -> None:
    assert full.votes is not None, "fer2013new.csv is not beside the data"
    rows = training_rows(full)
    assert rows.sum() == 27_867
    assert (full.splits[rows] == 0).all()


def test_later_read_is_a_memory_map(
    full: FaceDataset, full_data: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_CACHE", str(cache))
    again = open_dataset(full_data)
    assert isinstance(again.images, np.memmap)
    # Nor is a split a copy of it.
    assert np.shares_memory(again.split("Training").images, again.images)
    np.testing.assert_array_equal(again.images[::500], full.images[::500])
    np.testing.assert_array_equal(again.labels, full.labels)


def test_the_known_faults_of_fer2013_come_out(full: FaceDataset) -> None:
    report = audit(full, near=False)
    found = {finding.kind: finding for finding in report.findings}
    assert report.distinct_images == 34_032
    assert found["tested twice"].by_split == {
        "Training": 0,
        "PublicTest": 280,
        "PrivateTest": 288,
    }
    assert len(found["blank"].rows) == 12
    assert agreement(full, "PrivateTest")["all"] == pytest.approx(0.67, abs=0.005)
    listed = report.table(["leaked", "not a face"])
    assert (listed["split"] == "Training").sum() == 28_709 - 27_867
