"""Valence and arousal: the figures, and data whose answer is known."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import pearsonr

from fer import EmotionClassifier
from fer.datasets import FaceDataset
from fer.datasets.label_map import MAPS
from fer.errors import DatasetError, InputError, ModelError
from fer.evaluation.affect import concordance, measure_affect, rmse, sign_agreement
from fer.labels import ALL, FER2013
from fer.recognition.affect_head import AffectHead
from fer.recognition.circumplex import COORDINATES, derived_affect, derived_values
from fer.training.affect import fit_head, standard_spread
from tests.conftest import Command


def test_concordance_is_the_correlation_only_where_scale_and_mean_agree() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=500)
    noisy = truth + rng.normal(size=500)
    noisy = (noisy - noisy.mean()) / noisy.std() * truth.std() + truth.mean()
    assert concordance(truth, noisy) == pytest.approx(pearsonr(truth, noisy).statistic)
    assert concordance(truth, noisy) > concordance(truth, noisy / 2)
    assert concordance(truth, truth) == pytest.approx(1)
    assert concordance(truth, -truth + 2 * truth.mean()) == pytest.approx(-1)
    # By hand: cov 0.5, variances 0.5 and 0.5, means 1 apart.
    assert concordance(np.array([0, 1.0]), np.array([1, 2.0])) == pytest.approx(0.5 / 1.5)
    assert concordance(np.ones(3), np.ones(3)) == 1 and concordance(np.ones(3), np.zeros(3)) == 0


def test_error_and_sign_are_counted() -> None:
    truth, predicted = np.array([0.5, -0.5, 0.0, 0.1]), np.array([0.1, 0.5, 0.0, -0.1])
    assert rmse(truth, predicted) == pytest.approx(np.sqrt((0.16 + 1 + 0 + 0.04) / 4))
    assert sign_agreement(truth, predicted) == 0.5


def test_unknown_rows_are_left_out() -> None:
    truth = np.array([[0.5, 0.1], [np.nan, 0.2], [-0.5, 0.3]])
    assert measure_affect(truth, truth)["n"] == 2


def test_derived_values_are_those_of_one_face() -> None:
    shares = np.random.default_rng(1).dirichlet(np.ones(8), 5)
    many = derived_values(shares, ALL)
    for row, values in zip(shares, many, strict=True):
        one = derived_affect(dict(zip(ALL, row, strict=True)))
        assert one is not None and (one.valence, one.arousal) == pytest.approx(tuple(values))
    np.testing.assert_allclose(derived_values(np.eye(7)[3:4], FER2013), [COORDINATES["happy"]])


def known_answer(n: int = 240, size: int = 48) -> FaceDataset:
    """Pictures whose valence is where the light comes from and whose arousal is fine texture."""
    rng = np.random.default_rng(0)
    affect = rng.uniform(-1, 1, (n, 2)).astype(np.float32)
    down = np.linspace(-1, 1, size)[:, None] * np.ones(size)
    checks = np.indices((size, size)).sum(axis=0) // 3 % 2 * 2 - 1
    valence, arousal = affect[:, 0, None, None], affect[:, 1, None, None]
    images = 128 + 70 * valence * down + 25 * (arousal + 1) * checks
    images = np.clip(images + rng.normal(0, 4, images.shape), 0, 255).astype(np.uint8)
    splits = np.repeat(np.arange(3, dtype=np.int8), [n - 80, 40, 40])
    labels = np.where(affect[:, 0] > 0, FER2013.index("happy"), FER2013.index("sad"))
    return FaceDataset(images, labels.astype(np.int8), splits, source="known", affect=affect)


def test_a_head_on_the_shipped_model_finds_the_known_answer(
    classifier: EmotionClassifier, tmp_path: Path
) -> None:
    dataset = known_answer(400)
    dataset.affect[:5] = np.nan  # type: ignore[index]
    head, record = fit_head(classifier, dataset)
    assert record["rows"] == 315
    test = record["splits"]["PrivateTest"]
    for name in ("valence", "arousal"):
        assert test["fitted"][name]["ccc"] > 0.9
        assert test["fitted"][name]["rmse"] < 0.25
        assert test["fitted"][name]["sign_agreement"] > 0.85
        assert test["derived"][name]["ccc"] < 0.6  # these pictures are no faces
    head.save(tmp_path / "head.npz")
    embeddings = np.ones((2, len(head.weights)), np.float32)
    back = AffectHead.load(tmp_path / "head.npz")
    np.testing.assert_array_equal(back.predict(embeddings), head.predict(embeddings))
    assert np.abs(head.predict(100 * embeddings)).max() <= 1
    with pytest.raises(InputError, match="same model"):
        head.predict(embeddings[:, :3])


def test_a_unit_that_hardly_moves_is_not_stretched() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 5)) * [1, 2, 3, 1e-6, 0]
    deviations = rows.std(axis=0)
    spread = standard_spread(rows)
    np.testing.assert_allclose(spread[1:3], deviations[1:3])
    np.testing.assert_allclose(spread[[0, 3, 4]], np.median(deviations[:4]))
    np.testing.assert_array_equal(standard_spread(np.ones((4, 2))), [1, 1])


def test_a_damaged_head_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "odd.npz", weights=np.zeros((3, 1)), bias=np.zeros(2))
    (tmp_path / "bad.npz").write_bytes(b"PK")
    for name in ("odd.npz", "bad.npz", "missing.npz"):
        with pytest.raises(ModelError, match="valence-arousal head"):
            AffectHead.load(tmp_path / name)


def test_data_without_valence_and_arousal_is_refused(classifier: EmotionClassifier) -> None:
    dataset = known_answer(100)
    for affect in (None, np.full((100, 2), np.nan, np.float32)):
        without = FaceDataset(dataset.images, dataset.labels, dataset.splits, affect=affect)
        with pytest.raises(DatasetError, match=r"with valence and arousal .*got 0"):
            fit_head(classifier, without)


def test_the_command_fits_a_head_on_a_table_of_affectnet(tmp_path: Path, fer: Command) -> None:
    dataset = known_answer(160)
    numbers = {name: number for number, name in MAPS["affectnet"].classes.items()}
    (tmp_path / "images").mkdir()
    tables = {
        name: [["subDirectory_filePath", "expression", "valence", "arousal"]] for name in "tv"
    }
    for row, image in enumerate(dataset.images):
        Image.fromarray(image).save(tmp_path / f"images/{row}.png")
        label = numbers[dataset.label_names[dataset.labels[row]]]
        assert dataset.affect is not None
        told = [f"{row}.png", label, *map(str, dataset.affect[row])]
        tables["t" if row < 120 else "v"].append(told)
    for name, key in (("training", "t"), ("validation", "v")):
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(tables[key])
    run_dir = tmp_path / "run"
    done = fer("affect", "fit", "--data", tmp_path, "--run-dir", run_dir)
    assert done.code == 0
    assert "fitted" in done.out and "derived" in done.out and "CCC" in done.out
    record = json.loads((run_dir / "metrics.json").read_text())
    assert record["rows"] == 120
    assert record["splits"]["PublicTest"]["fitted"]["valence"]["ccc"] > 0.85
    assert AffectHead.load(run_dir / "affect.npz").weights.shape[1] == 2
