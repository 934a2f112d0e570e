import cv2
import numpy as np

from fer.preprocessing import to_grey
from fer.training.batches import make_batch
from fer.training.config import AugmentationConfig
from fer.training.straightening import straightened
from fer.training.targets import Targets

STILL = AugmentationConfig(
    rotation_degrees=0, scale=(1, 1), shift=0, flip=0, gamma=0, low_resolution=0, erase=0
)


def test_a_tilted_training_picture_becomes_the_upright_one(astronaut_bgr: np.ndarray) -> None:
    grey = to_grey(astronaut_bgr)
    views = []
    for degrees in (0.0, 18.0):
        matrix = cv2.getRotationMatrix2D((224, 116), degrees, 48 / 114)
        matrix[:, 2] += (24 - 224, 24 - 116)
        views.append(cv2.warpAffine(grey, matrix, (48, 48), flags=cv2.INTER_AREA))
    pair = np.stack(views)
    upright, tilted = straightened(pair).astype(float)
    inner = np.s_[8:40, 8:40]
    before = np.abs(pair[0].astype(float) - pair[1])[inner].mean()
    assert np.abs(upright - tilted)[inner].mean() < before / 2


def test_a_picture_without_a_face_stays_as_it_is() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 48, 48)).astype(np.uint8)
    assert np.array_equal(straightened(noise), noise)


def test_a_share_of_the_pictures_is_the_straightened_one() -> None:
    rows = np.arange(400)
    plain, cut = np.zeros((400, 48, 48), np.uint8), np.full((400, 48, 48), 200, np.uint8)
    uniform = np.full((400, 8), 1 / 8, np.float32)
    targets = Targets({"fer2013": uniform[:, :7]}, {"fer2013": np.ones(400, np.float32)})
    batch = make_batch(plain, targets, rows, 48, STILL, (0, 1), straightened=cut, share=0.25)
    share = (batch.pixels[:, 0, 0, 0] > 100).mean()
    assert 0.18 < share < 0.32
    assert not plain.any()
