"""Models and data sets whose classes differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fer.datasets import FaceDataset
from fer.datasets.label_map import MAPS
from fer.errors import DatasetError, InputError
from fer.evaluation.cross import maps_for, match_classes, usual_split
from fer.evaluation.evaluate import evaluate_classifier
from fer.labels import ALL, FER2013, FERPLUS


def faces(names: tuple[str, ...], labels: list[int], split: int = 2) -> FaceDataset:
    n = len(labels)
    return FaceDataset(
        images=np.zeros((n, 48, 48), np.uint8),
        labels=np.asarray(labels, np.int8),
        splits=np.full(n, split, np.int8),
        label_names=names,
        source="made",
    )


def test_seven_classes_leave_the_eighth_out_and_count_it() -> None:
    dataset = faces(ALL, [3, 7, 7, 0])
    shares = np.eye(7)[[3, 0, 0, 4]]
    matched = match_classes(dataset, shares, FER2013)
    np.testing.assert_array_equal(matched.labels, [3, 0])
    np.testing.assert_array_equal(matched.probabilities, shares[[0, 3]])
    assert (matched.names, matched.left_out) == (FER2013, 2)
    assert matched.rule == "The head has no contempt: 2 such faces are left out."


def test_eight_classes_do_not_answer_contempt_where_the_data_has_none() -> None:
    dataset = faces(FER2013, [3, 0])
    shares = np.zeros((2, 8))
    shares[0, [FERPLUS.index("contempt"), FERPLUS.index("happy")]] = 0.8, 0.2
    shares[1, FERPLUS.index("contempt")] = 1.0
    matched = match_classes(dataset, shares, FERPLUS)
    assert "contempt" not in matched.names and len(matched.names) == 7
    np.testing.assert_allclose(matched.probabilities.sum(axis=1), 1)
    assert matched.names[int(matched.probabilities[0].argmax())] == "happy"
    assert matched.names[int(matched.labels[0])] == "happy"
    np.testing.assert_allclose(matched.probabilities[1], 1 / 7)  # nothing else was said
    assert "The data has no contempt" in matched.rule and matched.left_out == 0


def test_equal_classes_are_left_as_they_are() -> None:
    shares = np.full((1, 8), 1 / 8)
    matched = match_classes(faces(ALL, [7]), shares, FERPLUS)
    np.testing.assert_array_equal(matched.probabilities, shares)
    assert matched.names == FERPLUS and matched.rule.endswith("the same 8 classes.")


def test_a_report_holds_every_head_with_its_rule() -> None:
    dataset = faces(ALL, [3, 3, 7])
    heads = {"fer2013": np.eye(7)[[3, 0, 0]], "ferplus": np.eye(8)[[1, 1, 7]]}
    report = evaluate_classifier(lambda _: heads, dataset, "all")
    assert report["split"] == "all" and report["n"] == 3
    assert report["fer2013"]["accuracy"] == 0.5 and report["fer2013"]["left_out"] == 1
    assert report["ferplus_labels"]["accuracy"] == 1.0 and report["ferplus_labels"]["n"] == 3
    assert np.sum(report["ferplus_labels"]["confusion"]) == 3


def test_the_split_is_validation_else_the_test_else_everything() -> None:
    dataset = faces(FER2013, [0, 1, 2], split=0)
    assert usual_split(dataset) == "all"
    assert usual_split(replace(dataset, splits=np.array([0, 1, 1], np.int8))) == "PublicTest"
    assert usual_split(replace(dataset, splits=np.array([0, 1, 2], np.int8))) == "PublicTest"
    assert usual_split(replace(dataset, splits=np.array([0, 2, 2], np.int8))) == "PrivateTest"


def test_faults_are_named() -> None:
    with pytest.raises(DatasetError, match="expected faces of the classes"):
        match_classes(faces(ALL, [7]), np.zeros((1, 7)), FER2013)
    with pytest.raises(InputError, match="one for each of the 3"):
        maps_for(3, [MAPS["ck+"], MAPS["emotic"]])
    assert maps_for(2, [MAPS["ck+"]]) == [MAPS["ck+"]] * 2
