"""The networks of the literature: sizes, outputs, saving, transfer learning."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer.architectures import ARCHITECTURES, build
from fer.architectures.complexity import multiply_adds
from fer.architectures.transfer import BACKBONES, PREFIX, find_weights, set_trainable
from fer.errors import InputError, ModelError


def trainable(model: object) -> int:
    return sum(math.prod(v.shape) for v in model.trainable_variables)  # type: ignore[attr-defined]


@functools.cache
def built(name: str) -> Any:
    """A network that no test changes; built once."""
    return build(name)


@pytest.mark.parametrize(
    ("name", "parameters", "learned", "millions"),
    [
        ("cnn4-4.5m", 4_478_727, 4_474_759, 290.5),
        ("cnn4-2.7m", 2_735_751, 2_733_575, 263.5),
        ("cnn4-56", 1_555_463, 1_553_543, 146.9),
        ("cnn5-16", 2_407_207, 2_407_047, 25.4),
        ("cnn5-224", 3_604_296, 3_604_296, 653.5),
    ],
)
def test_parameters_and_multiplications_of_the_literature(
    name: str, parameters: int, learned: int, millions: float
) -> None:
    model = built(name)
    assert (model.count_params(), trainable(model)) == (parameters, learned)
    assert multiply_adds(model) / 1e6 == pytest.approx(millions, abs=0.06)


@pytest.mark.parametrize(
    ("name", "size", "channels", "classes"),
    [
        ("cnn4-4.5m", 48, 1, 7),
        ("cnn4-56", 56, 1, 7),
        ("cnn5-16", 48, 1, 7),
        ("cnn5-224", 224, 3, 8),
    ],
)
def test_each_gives_probabilities_and_features(
    name: str, size: int, channels: int, classes: int
) -> None:
    model = built(name)
    assert model.input_shape == (None, size, size, channels)
    pixels = np.random.default_rng(0).integers(0, 256, (2, size, size, channels))
    answer = np.asarray(model(pixels.astype(np.float32), training=False))
    assert answer.shape == (2, classes)
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-5)
    assert len(model.get_layer("features").output.shape) == 4


def test_the_thin_network_changes_pictures_only_while_it_trains() -> None:
    model = build("cnn5-16", dropout=0.0)
    pixels = np.random.default_rng(0).integers(0, 256, (1, 48, 48, 1)).astype(np.float32)
    first, second = (np.asarray(model(pixels, training=False)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    contrast = next(one for one in model.layers if "contrast" in one.name)
    # One draw may be a factor of nearly 1; eight are not.
    changed = [np.asarray(contrast(pixels / 255, training=True)) for _ in range(8)]
    assert np.abs(np.stack(changed) - pixels / 255).max() > 1e-3


# Transfer learning.


def test_all_eleven_backbones_are_registered() -> None:
    assert len(BACKBONES) == 11
    assert {f"{PREFIX}{name}" for name in BACKBONES} <= set(ARCHITECTURES)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("efficientnetb0", 4_049_571),
        ("inceptionv3", 21_802_784),
        ("vgg16", 14_714_688),
        ("vgg19", 20_024_384),
        ("resnet50v2", 23_564_800),
    ],
)
def test_backbones_have_their_published_size_under_a_small_head(name: str, parameters: int) -> None:
    model = build(f"{PREFIX}{name}", weights="none", image_size=BACKBONES[name].smallest)
    backbone = model.get_layer("backbone")
    assert backbone.count_params() == parameters
    channels = backbone.output.shape[-1]
    assert model.count_params() - parameters == 7 * (channels + 1)
    assert model.input_shape == (None, 48, 48, 1)


def test_only_the_head_learns_on_frozen_features_then_the_top_does_too() -> None:
    model = build("transfer:vgg16", weights="none", image_size=32)
    head = 7 * (512 + 1)
    learned = []
    for share in (0.0, 1.0, 0.3):
        set_trainable(model, share)
        learned.append(trainable(model))
    frozen, whole, top = learned
    assert head == frozen < top < whole == model.count_params()
    assert [layer.trainable for layer in model.get_layer("backbone").layers].index(True) == 13


def test_vgg_sees_blue_green_red_around_the_mean_of_imagenet() -> None:
    from fer.architectures.layers import CaffePreprocessing

    pixels = np.array([[[[10.0, 20.0, 30.0]]]], np.float32)
    expected = [30 - 103.939, 20 - 116.779, 10 - 123.68]
    np.testing.assert_allclose(np.asarray(CaffePreprocessing()(pixels))[0, 0, 0], expected, 1e-5)


def test_missing_imagenet_weights_say_where_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    for weights in ("cache", str(tmp_path / "nowhere.h5")):
        with pytest.raises(ModelError, match=r"vgg16_weights_tf.*--weights PATH.*none") as caught:
            build("transfer:vgg16", weights=weights)
        assert "\n" not in str(caught.value)


def test_weights_of_a_file_and_of_the_cache_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import h5py
    import keras
    from keras.src.legacy.saving import legacy_h5_format

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    source = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    # The published files have Keras 2's layout, files that Keras 3 saves have another.
    cached = tmp_path / "models" / BACKBONES["vgg16"].file
    cached.parent.mkdir()
    with h5py.File(cached, "w") as group:
        legacy_h5_format.save_weights_to_hdf5_group(group, source)
    saved = tmp_path / "mine.weights.h5"
    source.save_weights(saved)
    assert find_weights("vgg16", "cache") == cached
    assert find_weights("vgg16", str(cached.parent)) == cached
    wanted = np.asarray(source.get_layer("block5_conv3").kernel)
    for weights in ("cache", str(saved)):
        model = build("transfer:vgg16", weights=weights, image_size=32)
        got = np.asarray(model.get_layer("backbone").get_layer("block5_conv3").kernel)
        np.testing.assert_array_equal(got, wanted)


def test_weights_of_another_network_and_pictures_too_small_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.h5").write_bytes(b"not weights")
    with pytest.raises(ModelError, match="expected the weights of VGG16"):
        build("transfer:vgg16", weights=str(tmp_path / "bad.h5"), image_size=32)
    with pytest.raises(InputError, match="at least 75 px, got 48"):
        build("transfer:inceptionv3", weights="none", image_size=48)
