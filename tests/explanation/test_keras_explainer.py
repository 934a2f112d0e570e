"""Gradient maps of Keras networks, computed by a child process."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from fer.datasets import FaceDataset
from fer.errors import ModelError
from fer.explanation.keras_explainer import METHODS, KerasExplainer, Method
from fer.labels import FER2013

# Two processes import TensorFlow here; where many share few cores, that takes minutes.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Two networks that differ in their random weights only, and one that ends in a softmax."""
    import keras

    from fer.architectures import build

    folder = tmp_path_factory.mktemp("networks")
    paths = tuple(folder / f"{name}.keras" for name in ("first", "second", "softmax"))
    for seed, path in enumerate(paths[:2]):
        keras.utils.set_random_seed(seed)
        build("tiny").save(path)
    inputs = keras.Input((24, 24, 3))
    maps = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    keras.Model(inputs, keras.layers.Dense(7, activation="softmax")(pooled)).save(paths[2])
    return paths  # type: ignore[return-value]


@pytest.fixture(scope="module")
def explainer() -> Iterator[KerasExplainer]:
    with KerasExplainer() as instance:
        yield instance


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (4, 48, 48), dtype=np.uint8)
    return np.stack([cv2.GaussianBlur(one, (0, 0), 2) for one in noise])


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute rank correlation of two stacks of maps, as in Adebayo et al. 2018."""
    from scipy.stats import spearmanr

    pairs = zip(one.reshape(len(one), -1), other.reshape(len(other), -1), strict=True)
    return float(np.mean([abs(spearmanr(a, b).statistic) for a, b in pairs]))


def test_a_process_that_dies_is_started_again(
    explainer: KerasExplainer, networks: tuple[Path, Path, Path], crops: np.ndarray
) -> None:
    # First of all tests: it dies before it has imported anything, which saves importing it twice.
    process = explainer._started()
    process.kill()
    process.wait()
    assert not explainer.running
    assert explainer.maps(networks[2], crops[:1], np.array([0])).shape == (1, 22, 22)
    assert explainer.running


@pytest.mark.parametrize("method", METHODS)
def test_randomised_weights_change_the_map(
    explainer: KerasExplainer,
    networks: tuple[Path, Path, Path],
    crops: np.ndarray,
    method: Method,
) -> None:
    targets = np.array([0, 3, 5, 6])
    first, again, other = (
        explainer.maps(path, crops, targets, method=method)
        for path in (networks[0], networks[0], networks[1])
    )
    assert _alike(first, again) > 0.999
    assert _alike(first, other) < 0.6


def test_saliency_is_the_gradient_of_the_score(
    explainer: KerasExplainer, networks: tuple[Path, Path, Path], crops: np.ndarray
) -> None:
    import keras

    saliency = explainer.maps(networks[0], crops[:1], np.array([3]), method="saliency")[0]
    row, column = np.unravel_index(saliency.argmax(), saliency.shape)
    model = keras.saving.load_model(networks[0], compile=False)
    pixels = np.repeat(crops[:1, ..., None].astype(np.float32), 2, axis=0)
    pixels[0, row, column] += 0.05
    pixels[1, row, column] -= 0.05
    above, below = np.asarray(model(pixels, training=False)["fer2013"])[:, 3]
    assert abs(above - below) / 0.1 == pytest.approx(float(saliency.max()), rel=0.05)


def test_a_network_with_three_channels_another_size_and_a_softmax_is_explained(
    explainer: KerasExplainer, networks: tuple[Path, Path, Path], crops: np.ndarray
) -> None:
    maps = explainer.maps(networks[2], crops, np.array([0, 1, 2, 6]))
    assert maps.shape == (4, 22, 22)
    assert np.ptp(maps, axis=(1, 2)).min() > 0
    pixels = explainer.maps(networks[2], crops[:2], np.array([0, 1]), method="saliency")
    assert pixels.shape == (2, 24, 24)


def test_another_class_has_another_map(
    explainer: KerasExplainer, networks: tuple[Path, Path, Path], crops: np.ndarray
) -> None:
    same = np.stack([crops[0], crops[0]])
    happy, sad = explainer.maps(networks[0], same, np.array([3, 4]))
    assert not np.allclose(happy, sad)


def test_faults_are_a_sentence_and_the_process_serves_on(
    explainer: KerasExplainer,
    networks: tuple[Path, Path, Path],
    crops: np.ndarray,
    tmp_path: Path,
) -> None:
    broken = tmp_path / "broken.keras"
    broken.write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"broken\.keras: expected a network saved by Keras 3"):
        explainer.maps(broken, crops[:1], np.array([0]))
    with pytest.raises(ModelError, match="heads fer2013, ferplus, got 'affectnet'"):
        explainer.maps(networks[0], crops[:1], np.array([0]), head="affectnet")
    assert explainer.maps(networks[0], crops[:1], np.array([0])).shape[0] == 1


def _dialog(dataset: object) -> None:
    """A page of its own source: it imports what it needs."""
    from fer.models.store import open_model
    from fer.ui.picture_view import show_picture

    show_picture(dataset, 0, open_model())


def test_the_dialog_of_a_picture_shows_every_map_of_the_shipped_model(
    explainer: KerasExplainer, crops: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer.ui.model_choice._keras_explainer", lambda: explainer)
    votes = np.array([[0, 7, 0, 0, 0, 0, 0, 0, 2, 1]], np.uint8)
    dataset = FaceDataset(crops[:1], np.array([4], np.int8), np.array([2], np.int8), votes=votes)
    at = AppTest.from_function(_dialog, kwargs={"dataset": dataset}, default_timeout=300).run()
    assert any("labelled **sad**" in text.value for text in at.markdown)
    assert any("FER+: **happy**, votes of 10" in text.value for text in at.markdown)
    (why,) = at.selectbox
    assert why.options == list(FER2013)
    shown = set()
    for method, meaning in {
        "Exact": "against the mean of all classes",
        "Grad-CAM": "by its gradient",
        "saliency": f"pixels whose change moves the score of {why.value} most",
    }.items():
        at.session_state["picture_method"] = method
        at.run()
        assert not at.exception and not at.error
        assert any(meaning in caption.value for caption in at.caption)
        shown.add(at.get("image")[-1].proto.imgs[0].url)
    # Three methods, three pictures.
    assert len(shown) == 3
