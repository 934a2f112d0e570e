from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.signal import correlate2d

from fer.architectures import build
from fer.architectures.complexity import multiply_adds
from fer.errors import TrainingError
from fer.results import Box, FaceEmotion
from fer.tracking.appearance import CHIP_SIDE, EMBEDDING, Appearance
from fer.training.config import TrainingConfig
from fer.training.dlib_start import DlibLayer, read_dlib, read_projection, start_from_dlib
from fer.training.identity import converted, identity_network
from fer.training.starting import start


def packed(value: int) -> bytes:
    """An integer as ``dlib::serialize`` writes it."""
    digits = abs(value).to_bytes(8, "little").rstrip(b"\0") or b"\0"
    return bytes([len(digits) | (0x80 if value < 0 else 0)]) + digits


def tensor(values: np.ndarray) -> bytes:
    sides = b"".join(packed(side) for side in (len(values), 1, 1, 1))
    return packed(2) + sides + values.astype("<f4").tobytes()


def text(tag: bytes) -> bytes:
    return packed(len(tag)) + tag


def write(path: Path, layers: list[DlibLayer]) -> Path:
    """A file with these layers, and between them what a real one has there."""
    parts = [packed(3), packed(-1)]
    for one in layers:
        parts += [text(b"con_4"), tensor(np.concatenate([one.weights, one.bias])), packed(7)]
        parts += [text(b"affine_"), tensor(np.concatenate([one.scale, one.shift])), b"110"]
        parts += [text(b"relu_"), b"\x01\x02"]
    path.write_bytes(b"".join(parts))
    return path


@pytest.fixture(scope="module")
def recognition() -> list[DlibLayer]:
    """Random weights in the shapes of dlib's network, its last block included."""
    rng = np.random.default_rng(0)
    sizes = [(3, 32, 7)] + [(32, 32, 3)] * 6
    for before, after, blocks in ((32, 64, 4), (64, 128, 3), (128, 256, 3), (256, 256, 1)):
        sizes += [(before, after, 3)] + [(after, after, 3)] * (2 * blocks - 1)
    return [
        DlibLayer(
            rng.normal(0, 0.5 / (side * np.sqrt(given)), out * given * side**2).astype(np.float32),
            rng.normal(0, 0.1, out).astype(np.float32),
            rng.uniform(0.5, 1.5, out).astype(np.float32),
            rng.normal(0, 0.1, out).astype(np.float32),
        )
        for given, out, side in sizes
    ]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, recognition: list[DlibLayer]) -> Path:
    return write(tmp_path_factory.mktemp("dlib") / "recognition.dat", recognition)


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (70, 6, 6)).astype(np.uint8)
    return np.kron(coarse, np.ones((8, 8), np.uint8))


@pytest.fixture(scope="module")
def started(file: Path, faces: np.ndarray) -> Any:
    model = build("dlib27", input_size=None)
    start(model, TrainingConfig(architecture="dlib27", start=str(file)), faces)
    return model


def outputs(model: Any, layers: list[Any], faces: np.ndarray) -> list[np.ndarray]:
    import keras

    network = keras.Model(model.input, [layer.output for layer in layers])
    return [np.asarray(one) for one in network(faces[..., None].astype(np.float32))]


def norms(model: Any) -> list[Any]:
    from keras import layers

    return [one for one in model.layers if isinstance(one, layers.BatchNormalization)]


def test_what_was_written_is_read(file: Path, recognition: list[DlibLayer]) -> None:
    read = read_dlib(file)
    assert len(read) == 29
    for got, wanted in zip(read, recognition, strict=True):
        for name in DlibLayer.__slots__:
            np.testing.assert_array_equal(getattr(got, name), getattr(wanted, name))


def test_dlib27_has_its_parameters_and_windows_that_begin_at_the_first_pixel() -> None:
    """dlib pads neither the convolution nor the mean; at 7 pixels both still give 4."""
    model = build("dlib27")
    assert model.count_params() == 4_404_399
    assert multiply_adds(model) < 227e6, "less than s"
    assert model.get_layer("features").output.shape == (None, 4, 4, 256)
    sides = [layer.output.shape[1] for layer in model.layers if type(layer).__name__ == "Add"]
    assert sides == [28] * 3 + [14] * 4 + [7] * 3 + [4] * 3
    pads = [layer.padding for layer in model.layers if type(layer).__name__ == "ZeroPadding2D"]
    assert pads == [((0, 1), (0, 1)), ((0, 1), (0, 1)), ((0, 2), (0, 2))]


def test_dlib27_144_is_the_same_network_on_larger_faces(started: Any, faces: np.ndarray) -> None:
    large = build("dlib27-144", input_size=None)
    large.set_weights(started.get_weights())
    fixed = build("dlib27-144")
    assert fixed.get_layer("features").output.shape == (None, 5, 5, 256)
    assert multiply_adds(fixed) == pytest.approx(
        (144 / 112) ** 2 * multiply_adds(build("dlib27")), rel=0.05
    )
    pixels = faces[:2, ..., None].astype(np.float32)
    small, wide = (np.asarray(one(pixels)["fer2013"]) for one in (started, large))
    assert np.abs(small - wide).max() > 1e-3


def test_the_first_layer_answers_as_dlibs_does(
    started: Any, recognition: list[DlibLayer], faces: np.ndarray
) -> None:
    resize = next(one for one in started.layers if type(one).__name__ == "Resize")
    seen, answered = outputs(started, [resize, norms(started)[0]], faces[:1])
    colour = (128 + 60 * seen[0, :, :, 0].astype(np.float64) - 114.7) / 256
    first = recognition[0]
    kernels = first.weights.reshape(32, 3, 7, 7)
    for channel in (0, 31):
        whole = sum(correlate2d(colour, kernels[channel, c], mode="valid") for c in range(3))
        # At stride 2 "same" begins two pixels outside: the first whole window is the second one,
        # which begins at the picture's first pixel.
        dlib = first.scale[channel] * (whole[::2, ::2] + first.bias[channel])
        got = answered[0, 1:54, 1:54, channel]
        np.testing.assert_allclose(got, dlib + first.shift[channel], atol=2e-4)


def test_every_normalised_layer_keeps_its_scale_and_shift(
    started: Any, recognition: list[DlibLayer], faces: np.ndarray
) -> None:
    """Layer by layer: what a convolution of the stored weights gives, scaled and shifted."""
    import keras

    for index in (1, 7, 8, 26):
        norm, stored = norms(started)[index], recognition[index]
        convolution = next(one for one in started.layers if one.output is norm.input)
        given, answered = (
            np.asarray(one)
            for one in keras.Model(started.input, [convolution.input, norm.output])(
                faces[:2, ..., None].astype(np.float32)
            )
        )
        stride = convolution.strides[0]
        plain = keras.ops.conv(
            given, stored.kernel(3), strides=stride, padding="same" if stride == 1 else "valid"
        )
        wanted = stored.scale * (np.asarray(plain) + stored.bias) + stored.shift
        np.testing.assert_allclose(answered, wanted, atol=5e-3)


def test_statistics_are_those_of_the_faces_with_unit_variance(
    started: Any, faces: np.ndarray
) -> None:
    import keras

    for norm in norms(started)[::9]:
        into = np.asarray(
            keras.Model(started.input, norm.input)(faces[..., None].astype(np.float32))
        )
        np.testing.assert_allclose(into.var(axis=(0, 1, 2)), 1, atol=0.05)
        np.testing.assert_allclose(norm.moving_mean, into.mean(axis=(0, 1, 2)), atol=0.02)


def test_another_network_and_a_file_with_too_few_layers_are_refused(
    file: Path, tmp_path: Path, recognition: list[DlibLayer], faces: np.ndarray
) -> None:
    with pytest.raises(TrainingError, match=r"number 1 does not fit; start dlib27"):
        start_from_dlib(build("tiny", input_size=None), file, faces)
    short = write(tmp_path / "short.dat", recognition[:9])
    with pytest.raises(TrainingError, match="got 9 of which number 10 does not fit"):
        start_from_dlib(build("dlib27", input_size=None), short, faces)


def test_a_damaged_or_missing_file_is_one_clear_line(tmp_path: Path, file: Path) -> None:
    damaged = tmp_path / "damaged.dat"
    for cut in (0, 40, 20_000):
        damaged.write_bytes(file.read_bytes()[:cut])
        with pytest.raises(TrainingError, match=r"expected dlib_face_recognition_resnet_model_v1"):
            read_dlib(damaged)
    with pytest.raises(TrainingError, match="could not read the weights"):
        read_dlib(tmp_path / "none.dat")


def test_the_projection_is_read_as_inputs_times_outputs(tmp_path: Path) -> None:
    values = np.arange(15, dtype=np.float32)
    file = tmp_path / "dlib.dat"
    file.write_bytes(b"before" + text(b"fc_2") + packed(3) + packed(5) + tensor(values))
    assert np.array_equal(read_projection(file, 3), values.reshape(5, 3))
    with pytest.raises(TrainingError, match=r"expected dlib_face_recognition.*onto 3 numbers"):
        read_projection(file, 128)
    with pytest.raises(TrainingError, match="got no projection"):
        read_projection(write(tmp_path / "other.dat", []), 3)


def test_the_whole_network_becomes_a_file_that_embeds_a_face(
    recognition: list[DlibLayer], tmp_path: Path
) -> None:
    file = write(tmp_path / "dlib.dat", recognition)
    weights = np.random.default_rng(1).normal(size=256 * EMBEDDING).astype(np.float32)
    file.write_bytes(
        file.read_bytes() + text(b"fc_2") + packed(EMBEDDING) + packed(256) + tensor(weights)
    )
    network = identity_network(file)
    faces = np.random.default_rng(2).integers(0, 256, (1, CHIP_SIDE, CHIP_SIDE, 3), np.uint8)
    exact = np.asarray(network(faces.astype(np.float32)))
    face = FaceEmotion(Box(0, 0, CHIP_SIDE, CHIP_SIDE), None, 0.0, {})
    assert exact.shape == (1, EMBEDDING)
    found = Appearance(converted(network)).embed(faces[0], face)
    assert found is not None and found.shape == (EMBEDDING,)
