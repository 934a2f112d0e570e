"""dlib's face recognition network as the project's own LiteRT file, which tells people apart.

Run ``python -m fer.training.identity`` to make ``models/identity/`` again; it needs the package
``face-recognition-models``, for the weights, and TensorFlow. Importing this module imports neither.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer.errors import TrainingError
from fer.files import replace_file, write_faults
from fer.models.store import own_models
from fer.tracking.appearance import CARD, CHIP_SIDE, EMBEDDING, FOLDER, WEIGHTS
from fer.training.convert import to_litert
from fer.training.dlib_start import DlibLayer, find_dlib, read_dlib, read_projection

if TYPE_CHECKING:
    import keras

_STAGES = ((32, 3), (64, 4), (128, 3), (256, 3), (256, 1))
_MEAN_RGB = (122.782, 117.001, 104.298)
_SCALE = 256.0


def _convolution(x: Any, stored: DlibLayer, side: int, stride: int) -> Any:
    """A convolution with the scale and shift after it folded in; dlib pads only at stride 1."""
    from keras import layers

    kernel = stored.kernel(side) * stored.scale
    layer = layers.Conv2D(
        kernel.shape[-1], side, stride, padding="same" if stride == 1 else "valid"
    )
    y = layer(x)
    layer.set_weights([kernel, stored.bias * stored.scale + stored.shift])
    return y


def _block(x: Any, first: DlibLayer, second: DlibLayer, stride: int) -> Any:
    """Basic block whose shortcut, where it halves, is a mean and channels of zeros."""
    from keras import layers

    from fer.architectures.layers import ZeroChannels

    y = layers.ReLU()(_convolution(x, first, 3, stride))
    y = _convolution(y, second, 3, 1)
    if stride == 2:
        x = layers.AveragePooling2D(2)(x)
        beyond = x.shape[1] - y.shape[1]
        if beyond:
            # dlib adds pictures of two sizes as if the smaller one went on with zeros.
            y = layers.ZeroPadding2D(((0, beyond), (0, beyond)))(y)
    if x.shape[-1] != y.shape[-1]:
        x = ZeroChannels(y.shape[-1] - x.shape[-1])(x)
    return layers.ReLU()(layers.Add()([x, y]))


def identity_network(path: Path) -> keras.Model:
    """The ``anet_type`` of dlib (King 2017), all 29 convolutions and the projection after them.

    Returns:
        A model from ``(n, CHIP_SIDE, CHIP_SIDE, 3)`` RGB pixels in 0..255 to ``(n, 128)``; dlib
        calls two faces one person where these lie closer than 0.6.

    Raises:
        TrainingError: If the file cannot be read.
    """
    import keras
    from keras import layers

    stored = read_dlib(path)
    inputs = keras.Input((CHIP_SIDE, CHIP_SIDE, 3), name="pixels")
    x = layers.Rescaling(1 / _SCALE, offset=[-value / _SCALE for value in _MEAN_RGB])(inputs)
    x = layers.ReLU()(_convolution(x, stored[0], 7, 2))
    x = layers.MaxPooling2D(3, 2)(x)
    rest = iter(stored[1:])
    try:
        for stage, (_filters, blocks) in enumerate(_STAGES):
            for block in range(blocks):
                x = _block(x, next(rest), next(rest), 2 if stage and not block else 1)
    except (StopIteration, ValueError) as fault:
        raise TrainingError(
            f"{path}: expected the 29 convolutions of dlib's face recognition network, got "
            f"{len(stored)} ({fault}); take the file from https://dlib.net/files"
        ) from fault
    x = layers.GlobalAveragePooling2D()(x)
    last = layers.Dense(EMBEDDING, use_bias=False)
    outputs = last(x)
    last.set_weights([read_projection(path, EMBEDDING)])
    return keras.Model(inputs, outputs, name="identity")


def converted(network: keras.Model) -> bytes:
    """The network as a LiteRT file with weights in 8 bits, for one face at a time."""
    import keras
    import tensorflow as tf

    side = network.input.shape[1]
    state = [keras.ops.convert_to_numpy(v) for v in network.trainable_variables]

    @tf.function(input_signature=[tf.TensorSpec((1, side, side, 3), tf.uint8, name="pixels")])
    def serve(pixels: Any) -> dict[str, Any]:
        result, _ = network.stateless_call(state, [], tf.cast(pixels, tf.float32), training=False)
        return {"embedding": result}

    return to_litert(serve, "int8")


def main() -> None:
    """Write ``models/identity/``."""
    source = find_dlib()
    content = converted(identity_network(source))
    folder = own_models() / FOLDER
    card = {
        "what": "tells people apart within one stream or video; knows nobody",
        "source": "dlib_face_recognition_resnet_model_v1.dat, https://dlib.net/files, also in the "
        "PyPI package face-recognition-models 0.3.0",
        "source_sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "author": "Davis King, 2017, http://blog.dlib.net/2017/02/"
        "high-quality-face-recognition-with-deep.html",
        "licence": "CC0 1.0 (public domain)",
        "trained_on": "about three million faces of 7,485 people (VGG, FaceScrub, others)",
        "input": f"pixels (1, {CHIP_SIDE}, {CHIP_SIDE}, 3) uint8 RGB, a straightened face",
        "output": f"embedding (1, {EMBEDDING}) float32",
        "weights": "8 bits, dynamic range",
        "remake": "pip install face-recognition-models; python -m fer.training.identity",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    with write_faults(folder):
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / WEIGHTS, content)
        replace_file(folder / CARD, (json.dumps(card, indent=2) + "\n").encode())
    print(f"Wrote {folder / WEIGHTS}, {len(content) / 2**20:.1f} MiB", file=sys.stderr)


if __name__ == "__main__":
    main()
