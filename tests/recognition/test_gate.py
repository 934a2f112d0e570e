from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from fer.errors import InputError, ModelError
from fer.models.store import open_model
from fer.recognition.gate import FaceGate, pooled
from fer.recognition.recognizer import EmotionRecognizer


def gate(threshold: float = 0.0) -> FaceGate:
    """Two channels; the score is mean of the first minus maximum of the second."""
    hidden = np.zeros((6, 2), np.float32)
    hidden[0, 0] = hidden[3, 1] = 1
    return FaceGate(hidden, np.zeros(2, np.float32), np.array([1, -1], np.float32), 0.0, threshold)


def maps(first: float, peak: float) -> np.ndarray:
    features = np.zeros((1, 6, 6, 2), np.float32)
    features[..., 0] = first
    features[0, 2, 3, 1] = peak
    return features


def test_pooling_is_mean_then_maximum_then_deviation() -> None:
    spread = np.sqrt(0.1 * 3.6 - 0.1**2)
    wanted = [[0.5, 0.1, 0.5, 3.6, 0.0, spread]]
    np.testing.assert_allclose(pooled(maps(0.5, 3.6)), wanted, rtol=1e-5, atol=1e-6)


def test_scores_follow_the_layers() -> None:
    both = np.concatenate([maps(2, 0.5), maps(1, 4)])
    np.testing.assert_allclose(gate().scores(both), [1.5, -3])
    assert gate().accepts(both).tolist() == [True, False]
    assert gate(threshold=2).accepts(both).tolist() == [False, False]


def test_a_gate_without_deviations_reads_mean_and_maximum_only() -> None:
    old = replace(gate(), hidden=gate().hidden[:4])
    both = np.concatenate([maps(2, 0.5), maps(1, 4)])
    np.testing.assert_allclose(old.scores(both), gate().scores(both))


def test_no_crop_gives_no_score() -> None:
    assert gate().accepts(np.zeros((0, 6, 6, 2), np.float32)).shape == (0,)


def test_features_of_another_network_are_refused() -> None:
    with pytest.raises(InputError, match="a gate with 6 inputs, got 4 channels"):
        gate().scores(np.zeros((1, 6, 6, 4), np.float32))
    with pytest.raises(InputError, match=r"\(n, h, w, c\)"):
        gate().scores(np.zeros((1, 6), np.float32))


def test_a_gate_survives_its_file(tmp_path: Path) -> None:
    gate(threshold=1.25).save(tmp_path / "gate.npz")
    again = FaceGate.load(tmp_path / "gate.npz")
    assert again.threshold == 1.25
    both = np.concatenate([maps(2, 0.5), maps(1, 4)])
    np.testing.assert_array_equal(again.scores(both), gate().scores(both))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"\x93NUMPY"])
def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "gate.npz"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="expected the arrays of a face gate"):
        FaceGate.load(path)


def test_layers_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "gate.npz"
    broken = gate()
    np.savez(
        path,
        hidden=broken.hidden,
        hidden_bias=np.zeros(3),
        output=broken.output,
        output_bias=0.0,
        threshold=np.nan,
    )
    with pytest.raises(ModelError):
        FaceGate.load(path)


def test_the_shipped_gate_keeps_faces_and_turns_false_alarms_away() -> None:
    record = open_model().card.gate
    assert record is not None
    # Measured on pictures and faces that it was not fitted to; what counts is both at once.
    assert record.faces_lost < 0.01 and record.faces > 3000
    assert record.false_alarms_rejected >= 0.9 and record.false_alarms > 100
    portrait = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)
    assert EmotionRecognizer.load().analyze(portrait)
