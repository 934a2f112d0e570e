"""Keras model -> LiteRT file: what the dashboard runs, with calibrated probabilities inside.

Importing this module imports neither TensorFlow nor Keras.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from fer.datasets.base import IMAGE_SIZE
from fer.errors import ModelError
from fer.evaluation.calibrator import Calibrator
from fer.evaluation.readings import milliseconds_per_face
from fer.labels import PERCEIVED, SEVEN_OF_FERPLUS
from fer.models.card import PerceivedRecord

if TYPE_CHECKING:
    import keras

Precision = Literal["int8", "float16", "float32"]
SIGNATURE = "serving_default"
FEATURES = "features"


def convert(
    model: keras.Model,
    calibrators: Mapping[str, Calibrator],
    *,
    perceived: PerceivedRecord | None = None,
    precision: Precision = "int8",
) -> bytes:
    """Convert a network to the content of a LiteRT flatbuffer for one face at a time.

    The signature ``serving_default`` takes ``pixels`` ``(1, 48, 48)`` uint8 and returns, as
    float32, one output per head of ``calibrators`` with its probabilities ``(1, k)``,
    ``perceived`` ``(1, 7)`` where the heads are joined, and ``features`` ``(1, 6, 6, C)``, the
    last feature map before pooling.

    Args:
        model: From ``(n, s, s, 1)`` pixels in 0..255 to a dict of logits, with a layer named
            "features".
        calibrators: Head -> what makes probabilities of its logits; heads that are not named are
            left out of the file.
        perceived: How the heads "fer2013" and "ferplus" are joined; None leaves that output out.
        precision: "int8" stores weights in 8 bits and computes activations' ranges while it runs
            (dynamic-range quantisation), "float16" stores half precision and computes in float.

    Raises:
        ModelError: If Keras does not run on TensorFlow.
    """
    import keras
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        raise ModelError(
            f"conversion: expected Keras on TensorFlow, got {keras.backend.backend()}; publish in "
            "a new process with KERAS_BACKEND=tensorflow, the checkpoint of the run fits"
        )
    heads = {name: model.output[name] for name in calibrators}
    network = keras.Model(model.inputs, {**heads, FEATURES: model.get_layer(FEATURES).output})
    # As constants, or else the converter keeps variables beside the graph, folds no batch
    # normalisation into a convolution and quantises nothing.
    trained = [keras.ops.convert_to_numpy(v) for v in network.trainable_variables]
    state = [keras.ops.convert_to_numpy(v) for v in network.non_trainable_variables]

    if perceived is not None:
        taken_out = np.float32(perceived.prior_power * np.log(perceived.prior))

    def calibrated(logits: Any, calibrator: Calibrator) -> Any:
        temperature, exponent = np.float32(calibrator.temperature), calibrator.exponent
        if exponent == 1:
            return tf.nn.softmax(logits / temperature)
        lead = tf.reduce_max(logits, axis=-1, keepdims=True) - logits
        return tf.nn.softmax(-tf.pow(lead, np.float32(exponent)) / temperature)

    @tf.function(
        input_signature=[tf.TensorSpec((1, IMAGE_SIZE, IMAGE_SIZE), tf.uint8, name="pixels")]
    )
    def serve(pixels: Any) -> dict[str, Any]:
        faces = tf.cast(pixels, tf.float32)[..., None]
        result, _ = network.stateless_call(trained, state, faces, training=False)
        served = {name: calibrated(result[name], one) for name, one in calibrators.items()}
        if perceived is not None:
            seven = tf.gather(result["ferplus"], SEVEN_OF_FERPLUS, axis=-1)
            together = perceived.share * result["fer2013"] + (1 - perceived.share) * seven
            served[PERCEIVED] = tf.nn.softmax((together - taken_out) / perceived.temperature)
        return {**served, FEATURES: tf.cast(result[FEATURES], tf.float32)}

    return to_litert(serve, precision)


def to_litert(serve: Any, precision: Precision) -> bytes:
    """A traced ``tf.function`` as a LiteRT file, with its weights stored in a precision."""
    import tensorflow as tf

    with tempfile.TemporaryDirectory(prefix="fer-convert-") as folder:
        # Only a SavedModel carries the names of the outputs into the flatbuffer.
        tf.saved_model.save(tf.Module(), folder, signatures={SIGNATURE: serve})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        return bytes(converter.convert())


def network_ms(content: bytes) -> float:
    """Median processor time of one face by a converted network on one thread, in milliseconds."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=content, num_threads=1).get_signature_runner(SIGNATURE)
    return milliseconds_per_face(lambda faces: runner(pixels=faces), faces=200)


def run_converted(
    content: bytes | Path, images: npt.NDArray[np.uint8]
) -> dict[str, npt.NDArray[np.float32]]:
    """Run a converted network over faces ``(n, 48, 48)`` uint8, one by one, for checks.

    Gives head -> ``(n, k)`` float32 probabilities; ``features`` is left out, it is large.
    """
    from ai_edge_litert.interpreter import Interpreter

    source = content if isinstance(content, bytes) else content.read_bytes()
    interpreter = Interpreter(model_content=source, num_threads=1)
    runner = interpreter.get_signature_runner(SIGNATURE)
    heads = [name for name in runner.get_output_details() if name != FEATURES]
    rows: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in heads}
    for image in images:
        result = runner(pixels=image[None])
        for name in heads:
            rows[name].append(result[name][0].copy())
    return {name: np.asarray(values, np.float32) for name, values in rows.items()}
