"""What is handed in as a data set, read in another process."""

import gzip
import io
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fer.datasets import FaceDataset
from fer.datasets.archive import HandedIn, open_handed_in
from fer.decoding import long_decoders
from fer.errors import DatasetError
from fer.pictures.reading import encode_png

HEADER = b"emotion,pixels,Usage\n"
ROW = b"%d," + b" ".join(b"%d" % (n % 256) for n in range(2304)) + b",Training\n"
VOTES = (
    b"Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
)


def handed_in(**files: bytes) -> list[HandedIn]:
    return [HandedIn(name.replace("_", "."), io.BytesIO(data)) for name, data in files.items()]


def zip_of(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"faces/{name}/a.png", data)
    return buffer.getvalue()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_csv_comes_out_with_its_votes_and_its_own_name(pack: Callable[[bytes], bytes]) -> None:
    data = pack(HEADER + ROW % 3 + ROW % 6)
    votes = VOTES + b"Training,a.png,0,10,0,0,0,0,0,0,0,0\n" * 2
    shares: list[float] = []
    dataset = open_handed_in(handed_in(mine_csv=data, fer2013new_csv=votes), progress=shares.append)
    assert dataset.source == "mine.csv" and list(dataset.labels) == [3, 6]
    assert (dataset.images.reshape(2, -1) == np.arange(2304) % 256).all()
    assert dataset.votes is not None and (dataset.votes[:, 1] == 10).all()
    assert dataset.label_names == FaceDataset.__dataclass_fields__["label_names"].default


def test_a_zip_of_class_folders_comes_out() -> None:
    face = encode_png(np.full((48, 48, 3), 90, np.uint8))
    dataset = open_handed_in(handed_in(faces_zip=zip_of(happy=face, sad=face)))
    assert sorted(dataset.label_names[one] for one in dataset.labels) == ["happy", "sad"]
    assert (dataset.images == 90).all()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a_csv": HEADER + ROW % 9}, r"^a\.csv, row 1: emotion: expected 0\.\.6"),
        ({"a_csv": b"emotion ![x](http://x),a\n1\n"}, r"^a\.csv: expected the columns"),
        ({"a_csv": gzip.compress(HEADER + ROW % 1 * 60_000)}, r"^a\.csv: .* at most 50 to 1"),
        ({"a_zip": b"PK\x03\x04"}, r"^a\.zip: expected a zip file, got: File is not a zip"),
        ({"a_csv": b"", "b_csv": b""}, "^upload: expected one fer2013"),
    ],
)
def test_what_is_none_is_refused_by_its_own_name(files: dict[str, bytes], said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        open_handed_in(handed_in(**files))


def test_who_has_left_ends_the_reading() -> None:
    class Left(BaseException):
        pass

    def leave(_share: float) -> Any:
        raise Left

    open_handed_in(handed_in(a_csv=HEADER + ROW % 3))
    (process,) = long_decoders._idle
    with pytest.raises(Left):
        open_handed_in(handed_in(a_csv=HEADER + ROW % 3 * 20_000), progress=leave)
    assert not process.alive and not long_decoders._busy
