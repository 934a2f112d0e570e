"""Grad-CAM and saliency of a Keras network, in the child process of ``keras_explainer``.

``python -m fer.explanation.gradients`` answers requests on its standard input until that closes:
JSON lines with a path and the other arguments of ``gradient_maps``, answered by maps or an error.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from fer.errors import FerError, ModelError

if TYPE_CHECKING:
    import keras

Method = Literal["Grad-CAM", "saliency"]
METHODS: tuple[Method, ...] = ("Grad-CAM", "saliency")
FEATURES = "features"
_SIDE = 48

Floats = npt.NDArray[np.float32]


def _scores(model: keras.Model, head: str) -> Any:
    """The tensor of scores before the softmax, which both methods differentiate."""
    import keras

    outputs = model.output
    if isinstance(outputs, dict):
        if head not in outputs:
            raise ModelError(
                f"{model.name}: expected one of the heads {', '.join(outputs)}, got {head!r}; "
                "choose one of them"
            )
        outputs = outputs[head]
    last = outputs._keras_history.operation
    if isinstance(last, keras.layers.Softmax):
        return last.input
    if getattr(last, "activation", None) is keras.activations.softmax:
        # The network is this process's own copy: without its softmax the last layer gives logits.
        last.activation = keras.activations.linear
    return outputs


def _last_map(model: keras.Model) -> Any:
    """The last feature map: the layer of that name, or else the last one with four axes."""
    maps = [layer for layer in model.layers[1:] if len(getattr(layer.output, "shape", ())) == 4]
    named = [layer for layer in maps if layer.name == FEATURES]
    if not maps:
        raise ModelError(
            f"{model.name}: expected a network with feature maps, got none; use saliency"
        )
    return (named or maps)[-1].output


def network_input(model: keras.Model, images: npt.NDArray[np.uint8]) -> Floats:
    """Faces ``(n, 48, 48)`` as what a network takes: its size, one channel or three, 0..255."""
    _, height, width, channels = model.input_shape
    size = (width or _SIDE, height or _SIDE)
    sized = np.stack([cv2.resize(one, size, interpolation=cv2.INTER_LINEAR) for one in images])
    return np.repeat(sized[..., None].astype(np.float32), channels or 1, axis=3)


def gradient_maps(
    model: keras.Model,
    images: npt.NDArray[np.uint8],
    targets: npt.NDArray[np.integer[Any]],
    *,
    head: str = "fer2013",
    method: Method = "Grad-CAM",
) -> Floats:
    """What a network's score for a class depends on. Imports TensorFlow.

    The model goes from pixels to a dict of logits by head, or to one output with or without
    softmax, which is taken out. Images are ``(n, 48, 48)`` uint8, targets ``(n,)`` class indices.

    Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391, equations 1 and 2): the channels of the last
    feature map, each weighted by the mean of its gradient, summed up; what is below zero speaks
    against the class. Saliency (Simonyan et al. 2014, arXiv 1312.6034, section 3): the largest
    absolute gradient of a pixel over its channels.

    Returns:
        ``(n, h, w)`` float32: positions of the last feature map, or pixels of the input.

    Raises:
        ModelError: If the network has no such head, or no feature map.
    """
    import keras
    import tensorflow as tf

    scores = _scores(model, head)
    seen = _last_map(model) if method == "Grad-CAM" else scores
    both = keras.Model(model.inputs, [seen, scores])
    pixels = tf.convert_to_tensor(network_input(model, images))
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        features, logits = both(pixels, training=False)
        chosen = tf.gather(logits, tf.constant(targets, tf.int32), axis=1, batch_dims=1)
    if method == "saliency":
        gradients = tape.gradient(chosen, pixels)
        return np.asarray(tf.reduce_max(tf.abs(gradients), axis=-1), np.float32)
    gradients = tape.gradient(chosen, features)
    weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
    return np.asarray(tf.reduce_sum(weights * features, axis=-1), np.float32)


def _load(path: str) -> keras.Model:
    import keras

    import fer.architectures.layers  # noqa: F401  registers this project's own layers

    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as fault:  # Keras raises whatever the file provokes
        raise ModelError(
            f"{path}: expected a network saved by Keras 3, got: {_first_line(fault)}; save it "
            "again with model.save"
        ) from fault


def main() -> None:
    """Answer requests until the standard input closes."""
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What libraries print must not end up among the answers.
    os.dup2(2, 1)
    opened: tuple[str, Any] = ("", None)
    for line in source:
        request = json.loads(line)
        path = request.pop("path")
        images = np.array(request.pop("images"), np.uint8)
        targets = np.array(request.pop("targets"), np.int64)
        try:
            if opened[0] != path:
                opened = (path, _load(path))
            answer = {"maps": gradient_maps(opened[1], images, targets, **request).tolist()}
        except FerError as fault:
            answer = {"error": str(fault)}
        except Exception as fault:  # the process lives on, and the page shows a sentence
            answer = {"error": f"{path}: could not be explained: {_first_line(fault)}"}
        sink.write(json.dumps(answer).encode() + b"\n")
        sink.flush()


def _first_line(fault: Exception) -> str:
    return (str(fault).strip() or type(fault).__name__).splitlines()[0]


if __name__ == "__main__":
    main()
