"""Transfer learning: the backbones of ``keras.applications`` under a small head."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from fer.errors import InputError, ModelError
from fer.labels import FER2013

if TYPE_CHECKING:
    import keras

PREFIX = "transfer:"


class Backbone(NamedTuple):
    """A network of ``keras.applications``, by its name there.

    Attributes:
        scaling: What its weights expect: "own" rescales inside, "unit" -1..1, "caffe" BGR minus
            the mean of ImageNet.
        file: The file of its weights without the top, as Keras names it in its cache.
        smallest: Smallest side that it accepts, in pixels.
    """

    builder: str
    scaling: Literal["own", "unit", "caffe"]
    file: str
    smallest: int = 32


_TF = "weights_tf_dim_ordering_tf_kernels_notop.h5"

BACKBONES: dict[str, Backbone] = {
    # Tan & Le 2019, arXiv 1905.11946.
    **{
        f"efficientnet{size}": Backbone(
            f"EfficientNet{size.upper()}", "own", f"efficientnet{size}_notop.h5"
        )
        for size in ("b0", "b3", "b5", "b7")
    },
    # Szegedy et al. 2016, arXiv 1512.00567, and 2017, arXiv 1602.07261.
    "inceptionv3": Backbone("InceptionV3", "unit", f"inception_v3_{_TF}", 75),
    "inceptionresnetv2": Backbone("InceptionResNetV2", "unit", f"inception_resnet_v2_{_TF}", 75),
    # Simonyan & Zisserman 2015, arXiv 1409.1556.
    "vgg16": Backbone("VGG16", "caffe", f"vgg16_{_TF}"),
    "vgg19": Backbone("VGG19", "caffe", f"vgg19_{_TF}"),
    # He et al. 2016, arXiv 1603.05027.
    **{
        f"resnet{depth}v2": Backbone(f"ResNet{depth}V2", "unit", f"resnet{depth}v2_{_TF}")
        for depth in (50, 101, 152)
    },
}
"""Name -> backbone: the eleven that the source compares."""

BACKBONE_LAYER = "backbone"


def find_weights(name: str, weights: str) -> Path | None:
    """The file of a backbone's ImageNet weights; nothing is ever downloaded.

    Args:
        name: A key of ``BACKBONES``.
        weights: "none" for random weights, "cache" for the file in Keras's own cache
            (``models/`` below ``KERAS_HOME``, else below ``~/.keras``), or a path.

    Returns:
        The file, or None for random weights.

    Raises:
        ModelError: If there is no such file; the message says where to get it.
    """
    if weights == "none":
        return None
    file = BACKBONES[name].file
    if weights == "cache":
        home = os.environ.get("KERAS_HOME")
        path = (Path(home) if home else Path.home() / ".keras") / "models" / file
    else:
        path = Path(weights).expanduser()
        path = path / file if path.is_dir() else path
    if path.is_file():
        return path
    raise ModelError(
        f"{PREFIX}{name}: expected ImageNet weights in {path}, found none; get {file} from the "
        "release page of keras.applications (github.com/keras-team/keras-applications/releases, "
        "EfficientNet: storage.googleapis.com/keras-applications) and give it as --weights PATH, "
        "or start from random weights with --weights none"
    )


def _scaled(pixels: Any, scaling: str) -> Any:
    from keras import layers

    from fer.architectures.layers import CaffePreprocessing

    if scaling == "unit":
        return layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    return CaffePreprocessing()(pixels) if scaling == "caffe" else pixels


def transfer_network(
    name: str,
    *,
    dropout: float = 0.3,
    image_size: int = 96,
    weights: str = "cache",
) -> keras.Model:
    """Build a backbone with in-model augmentation, global pooling and a softmax.

    Source: a student system that compares eleven ImageNet backbones on AffectNet (best 59.9 %),
    each first as a frozen feature extractor, then with its top layers fine-tuned. Grey pictures
    are repeated over three channels and enlarged inside the model, so that it takes the same faces
    as every other network here. While it trains, the model mirrors, turns, zooms and shifts them
    and changes their contrast.

    Returns:
        A model from ``(n, 48, 48, 1)`` pixels in 0..255 to ``(n, 7)`` **probabilities** in
        FER-2013 order. Its layer "backbone" is the network of ``keras.applications``.

    Raises:
        InputError: If ``image_size`` is too small.
        ModelError: If the weights are not found or do not fit.
    """
    chosen = BACKBONES[name]
    if image_size < chosen.smallest:
        raise InputError(
            f"{PREFIX}{name}: expected pictures of at least {chosen.smallest} px, got "
            f"{image_size}; raise image_size"
        )
    file = find_weights(name, weights)
    import keras
    from keras import layers

    builder: Callable[..., keras.Model] = getattr(keras.applications, chosen.builder)
    backbone = builder(
        include_top=False, weights=None, input_shape=(image_size, image_size, 3), name="backbone"
    )
    if file is not None:
        try:
            backbone.load_weights(file)
        except (ValueError, OSError, KeyError) as fault:
            raise ModelError(
                f"{file}: expected the weights of {chosen.builder} without its top, got: "
                f"{' '.join(str(fault).split())[:160]}; use {chosen.file}"
            ) from fault
    inputs = keras.Input((48, 48, 1), name="pixels")
    x = layers.RandomFlip("horizontal")(inputs)
    x = layers.RandomRotation(0.05, fill_mode="nearest")(x)
    x = layers.RandomTranslation(0.08, 0.08, fill_mode="nearest")(x)
    x = layers.RandomZoom(0.1, fill_mode="nearest")(x)
    x = layers.RandomContrast(0.2, value_range=(0, 255))(x)
    x = layers.Resizing(image_size, image_size)(x)
    x = layers.Concatenate()([x, x, x])
    x = backbone(_scaled(x, chosen.scaling))
    x = layers.Activation("linear", name="features", dtype="float32")(x)
    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D(name="embedding")(x))
    outputs = layers.Dense(len(FER2013), activation="softmax", name="fer2013", dtype="float32")(x)
    return keras.Model(inputs, outputs, name=f"transfer-{name}")


def set_trainable(model: keras.Model, share: float) -> None:
    """Let only the top of a transfer network's backbone learn; its head always does.

    ``share`` is that of the backbone's layers, counted from its output: 0 is a frozen feature
    extractor, 1 trains all of it. Compile afterwards.

    Batch normalisation stays frozen while part of the backbone is: its statistics belong to the
    weights below it.
    """
    from keras import layers

    backbone = model.get_layer(BACKBONE_LAYER)
    backbone.trainable = share > 0
    frozen = round((1 - share) * len(backbone.layers))
    for index, layer in enumerate(backbone.layers):
        normalises = isinstance(layer, layers.BatchNormalization)
        layer.trainable = index >= frozen and (share >= 1 or not normalises)
