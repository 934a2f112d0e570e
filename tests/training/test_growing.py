"""A wider network that begins where a narrower one ended."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fer.architectures import build
from fer.architectures.residual import residual_network
from fer.errors import TrainingError
from fer.training.growing import channel_sources, grow

if TYPE_CHECKING:
    import keras

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def trained(model: keras.Model) -> keras.Model:
    """The network with weights unlike those of a new one, in the BN statistics as well."""
    rng = np.random.default_rng(5)
    for layer in model.layers:
        old = layer.get_weights()
        layer.set_weights([w + rng.uniform(-0.05, 0.05, w.shape).astype(w.dtype) for w in old])
    return model


def network(stem: int, *widths: int, blocks: int = 2) -> keras.Model:
    return residual_network(f"net{stem}", stem=stem, widths=widths, blocks_per_stage=blocks)


def test_a_grown_network_answers_as_the_narrow_one_did() -> None:
    narrow, wide = trained(network(16, 16, 24)), network(20, 36, 64)
    grow(narrow, wide, seed=1)
    faces = np.random.default_rng(0).integers(0, 256, (5, 48, 48, 1)).astype(np.float32)
    before, after = narrow.predict_on_batch(faces), wide.predict_on_batch(faces)
    for head in ("fer2013", "ferplus"):
        assert before[head].std() > 0.1
        np.testing.assert_allclose(after[head], before[head], atol=2e-4)


def test_copies_differ_in_what_the_next_layer_makes_of_them() -> None:
    narrow, wide = trained(network(16, 16)), network(24, 24)
    grow(narrow, wide)
    copied = int(channel_sources(16, 24)[16])
    kernel = wide.get_layer(index=5).get_weights()[0]
    assert kernel.shape[2] == 24
    old = narrow.get_layer(index=5).get_weights()[0]
    share = kernel[:, :, copied, :16] / old[:, :, copied]
    # Neither equal parts nor none at all.
    assert share.std() > 0.05 and 0 < share.min() and share.max() < 1


def test_a_network_of_the_same_width_is_copied() -> None:
    one, other = trained(network(16, 16)), network(16, 16)
    grow(one, other)
    for before, after in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-6)


def test_channels_are_copied_alike_wherever_two_widths_meet() -> None:
    np.testing.assert_array_equal(channel_sources(3, 9), channel_sources(3, 9))
    assert channel_sources(48, 64)[:48].tolist() == list(range(48))
    assert set(channel_sources(3, 9)) == {0, 1, 2}
    with pytest.raises(ValueError, match="2 channels instead of at least 3"):
        channel_sources(3, 2)


@pytest.mark.parametrize(
    ("narrow", "message"),
    [
        (lambda: network(32, 16), "start from a narrower network"),
        (lambda: network(16, 16, blocks=1), "of the same family"),
        (lambda: build("cnn4-2.7m"), "of the same family"),
    ],
)
def test_networks_that_do_not_fit_are_one_line(narrow: object, message: str) -> None:
    assert callable(narrow)
    with pytest.raises(TrainingError, match=message):
        grow(narrow(), network(24, 24))
