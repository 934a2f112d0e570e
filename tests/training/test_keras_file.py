"""The .keras file of a published network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer.training import keras_file
from fer.training.keras_file import LIMIT_BYTES, rounded, save_small


def test_rounding_keeps_ten_significant_bits() -> None:
    rng = np.random.default_rng(0)
    weights = rng.normal(0, 1, (40, 50)).astype(np.float32) * np.logspace(-9, 6, 50, dtype="f4")
    short = rounded(weights)
    assert short.shape == weights.shape
    assert np.abs(short / weights - 1).max() <= 2**-10
    assert not np.any(short.view(np.uint32) & 0x3FFF)
    np.testing.assert_array_equal(rounded(np.float32([0, 1, -2.5])), np.float32([0, 1, -2.5]))


def test_a_wide_network_fits_a_repository_and_answers_the_same(tmp_path: Path) -> None:
    import keras

    from fer.architectures import build

    model = build("s", input_size=None)
    rng = np.random.default_rng(1)
    model.set_weights(
        [w + rng.normal(0, 0.01, w.shape).astype(np.float32) for w in model.get_weights()]
    )
    assert 4 * model.count_params() > LIMIT_BYTES
    faces = rng.integers(0, 256, (4, 48, 48, 1)).astype(np.float32)
    before = model.predict_on_batch(faces)
    assert save_small(model, tmp_path / "model.keras")
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]
    assert (tmp_path / "model.keras").stat().st_size <= LIMIT_BYTES
    after = keras.saving.load_model(tmp_path / "model.keras").predict_on_batch(faces)
    for head, logits in before.items():
        assert logits.std() > 0.05
        np.testing.assert_allclose(after[head], logits, atol=0.02 * logits.std())


def test_a_network_that_cannot_be_small_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fer.architectures import build

    monkeypatch.setattr(keras_file, "LIMIT_BYTES", 1000)
    assert not save_small(build("tiny", input_size=None), tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())
