"""A cold ``fer analyze`` over a folder of generated pictures, some of them broken.

``python -m benchmarks.cold_run`` makes 1,000 pictures of which 20 are broken, in ten ways, and runs
the command as a process of its own. It prints pictures per second, and fails unless there is one
result for every whole picture, one reason for every broken one, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import skimage.data
from PIL import Image as PilImage

PROJECT = Path(__file__).parents[1]
_KINDS = (".jpg", ".png", ".webp", ".bmp", ".tiff")


def _picture(index: int, portrait: np.ndarray) -> np.ndarray:
    """A portrait somewhere on a grey ground; no two are equal."""
    rng = np.random.default_rng(index)
    side = int(rng.integers(140, 240))
    small = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)
    if index % 2:
        small = small[:, ::-1]
    small = cv2.convertScaleAbs(small, alpha=float(rng.uniform(0.6, 1.2)))
    frame = np.full((240, 320, 3), 90, np.uint8)
    top, left = int(rng.integers(0, 241 - side)), int(rng.integers(0, 321 - side))
    frame[top : top + side, left : left + side] = small
    frame[0, 0] = (index % 256, index // 256, 0)
    return frame


def _encoded(image: np.ndarray, suffix: str) -> bytes:
    return bytes(cv2.imencode(suffix, image)[1])


def _broken(index: int, image: np.ndarray) -> tuple[str, bytes]:
    """Suffix and bytes of one of ten kinds of broken files."""
    png = _encoded(image, ".png")
    bomb = io.BytesIO()
    PilImage.new("1", (13_000, 10_000)).save(bomb, "PNG")
    kinds: tuple[tuple[str, bytes], ...] = (
        (".jpg", b""),
        (".jpg", b"this is text"),
        (".bmp", _encoded(image, ".bmp")[:2000]),
        (".png", png[: len(png) // 2]),
        (".png", png[:100] + bytes(50) + png[150:]),
        (".png", bomb.getvalue()),
        (".webp", b"RIFF\x00\x00\x00\x00WEBP"),
        (".gif", b"GIF89a"),
        (".tiff", b"II*\x00\xff\xff\xff\xff"),
        (".zip", b"PK\x03\x04 no archive"),
    )
    return kinds[index % len(kinds)]


def generate(folder: Path, pictures: int, broken: int) -> None:
    """Fill a folder.

    Args:
        folder: An empty one.
        pictures: All files together.
        broken: How many of them cannot be read.
    """
    portrait = np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])  # type: ignore[no-untyped-call]
    every = pictures // broken
    for index in range(pictures):
        image = _picture(index, portrait)
        if index % every == every - 1 and index // every < broken:
            suffix, data = _broken(index // every, image)
            (folder / f"{index:04}-broken{suffix}").write_bytes(data)
        else:
            suffix = _KINDS[index % len(_KINDS)]
            (folder / f"{index:04}{suffix}").write_bytes(_encoded(image, suffix))


def run(folder: Path, output: Path) -> tuple[int, float]:
    """Exit code and seconds of ``fer analyze`` over a folder."""
    command = [
        sys.executable,
        "-c",
        "import sys; from fer.cli.main import main; sys.argv[0] = 'fer'; main()",
    ]
    started = time.perf_counter()
    done = subprocess.run(
        [*command, "analyze", str(folder), "--output", str(output)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        check=False,
        capture_output=True,
    )
    return done.returncode, time.perf_counter() - started


def main(arguments: list[str] | None = None) -> int:
    """Generate, run, check, print; 0 when everything is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--broken", type=int, default=20)
    options = parser.parse_args(arguments or [])
    with tempfile.TemporaryDirectory() as scratch:
        folder, output = Path(scratch, "pictures"), Path(scratch, "faces.csv")
        folder.mkdir()
        generate(folder, options.pictures, options.broken)
        code, seconds = run(folder, output)
        table = pd.read_csv(output)
    reasons = table[table["status"] == "error"]
    results = table[table["status"] != "error"]
    print(
        f"{len(results):,} rows of results for {results['source'].nunique():,} pictures, "
        f"{len(reasons):,} rows of reasons, exit code {code}; {seconds:.1f} s, "
        f"{options.pictures / seconds:.1f} pictures a second, start included"
    )
    whole = options.pictures - options.broken
    good = (
        len(results) == results["source"].nunique() == whole
        and len(reasons) == options.broken
        and code == 1
    )
    return 0 if good and reasons["reason"].notna().all() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
