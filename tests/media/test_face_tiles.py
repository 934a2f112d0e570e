import numpy as np

from fer import EmotionRecognizer
from fer.explanation.activation import ClassActivation
from fer.media.face_tiles import face_tiles
from fer.pictures.reading import decode_image


def test_each_face_has_a_crop_and_a_heat_map(
    astronaut_bgr: np.ndarray, recognizer: EmotionRecognizer
) -> None:
    faces = recognizer.analyze(astronaut_bgr)
    maps = ClassActivation(recognizer.classifier).explain(astronaut_bgr, faces)
    (tile,) = face_tiles(astronaut_bgr, faces, maps, side=120)
    crop, heat = (decode_image(content).image_bgr for content in (tile.crop, tile.heat))
    assert max(crop.shape) == 120 and crop.shape == heat.shape
    changed = np.abs(crop.astype(int) - heat).max(axis=2)
    # Something is warm, and the margin around the network's view is as it was.
    assert changed.max() > 40 and changed[:8].max() == 0
    assert tile.face is faces[0]


def test_without_a_map_there_is_the_crop_alone(
    astronaut_bgr: np.ndarray, recognizer: EmotionRecognizer
) -> None:
    (tile,) = face_tiles(astronaut_bgr, recognizer.analyze(astronaut_bgr))
    assert tile.crop and not tile.heat
