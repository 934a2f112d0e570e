"""Files for ``fuzz_decoders``: whole ones, what they are made of too often, and bytes changed.

A case is a number: the same one always is the same bytes.
"""

from __future__ import annotations

import gzip
import io
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image as PilImage

_PICTURES = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF")
_VIDEOS = {".mp4": "libx264", ".mkv": "ffv1", ".webm": "libvpx", ".avi": "mpeg4"}
_EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_HEADER = b"emotion,pixels,Usage\n"

Random = np.random.Generator


def _video(suffix: str, codec: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"seed{suffix}")
        with av.open(str(path), "w") as container:
            stream: Any = container.add_stream(codec, rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for index in range(8):
                picture = np.full((48, 64, 3), 20 * index, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
        return path.read_bytes()


def _saved(image: PilImage.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@cache
def _image() -> PilImage.Image:
    return PilImage.fromarray(np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8))


@cache
def _animated(kind: str) -> bytes:
    frames = [PilImage.new("RGB", (16, 16), (40 * n, 0, 0)) for n in range(4)]
    return _saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)


@cache
def seeds() -> list[tuple[str, bytes]]:
    """A small whole file of every kind: what reads it, and its bytes."""
    from pillow_heif import register_heif_opener

    register_heif_opener()
    found = [("picture", _saved(_image(), kind)) for kind in _PICTURES]
    found += [("picture", _animated(kind)) for kind in ("GIF", "PNG", "WEBP", "TIFF")]
    found.append(("archive", _zip([("a.png", found[1][1]), ("b/c.jpg", found[0][1])])))
    found += [("video", _video(suffix, codec)) for suffix, codec in _VIDEOS.items()]
    row = b"3," + b" ".join(b"%d" % (n % 256) for n in range(2304)) + b",Training\n"
    found.append(("data.csv", _HEADER + row * 3))
    tree = [(f"train/{name}/a.png", found[1][1]) for name in ("happy", "sad", "angry")]
    found.append(("data.zip", _zip(tree)))
    return found


def _zip(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return packed.getvalue()


def _many(rng: Random, most: int) -> int:
    """A number whose order of size is random."""
    return int(most ** rng.random())


def _scans(rng: Random) -> tuple[str, bytes]:
    """A JPEG of many scans."""
    side = int(rng.integers(8, 800))
    data = _saved(PilImage.new("RGB", (side, side)), "JPEG", progressive=True)
    scan = data.rfind(b"\xff\xda")
    return "picture", data[:-2] + data[scan:-2] * _many(rng, 20_000) + data[-2:]


def _pages(rng: Random) -> tuple[str, bytes]:
    """A TIFF of many pages that share their pixels; the last may lead back to any."""
    count = _many(rng, 20_000)
    entries = [(256, 3, 8), (257, 3, 8), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8)]
    entries += [(277, 3, 1), (278, 3, 8), (279, 4, 64)]
    base, size = 72, 2 + 12 * len(entries) + 4
    body = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHI", tag, kind, 1) + struct.pack("<HH" if kind == 3 else "<I", *value)
        for tag, kind, number in entries
        for value in [(number, 0) if kind == 3 else (number,)]
    )
    places = [base + size * (index + 1) for index in range(count - 1)]
    places.append(base if rng.random() < 0.3 else 0)
    head = b"II*\0" + struct.pack("<I", base) + b"\x80" * 64
    return "picture", head + b"".join(body + struct.pack("<I", place) for place in places)


def _gif_frames(rng: Random) -> tuple[str, bytes]:
    """A GIF of many frames."""
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return "picture", head + frame * _many(rng, 200_000) + b"\x3b"


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def _png_frames(rng: Random) -> tuple[str, bytes]:
    """An animated PNG whose frames come again and again, in numbers that go on or do not."""
    data, place, chunks = _animated("PNG"), 8, []
    while place < len(data):
        (size,) = struct.unpack_from(">I", data, place)
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + size]))
        place += size + 12
    moving = [one for one in chunks if one[0] in (b"fcTL", b"fdAT")]
    count, number, parts = _many(rng, 4_000), 0, [data[:8]]
    for kind, content in [*chunks[:-1], *moving[1:] * count, chunks[-1]]:
        if kind in (b"fcTL", b"fdAT"):
            content = struct.pack(">I", number) + content[4:]
            number += rng.random() < 0.999
        if kind == b"acTL":
            content = struct.pack(">II", min(4 + 3 * count, 2**31 - 1), 0)
        parts.append(_chunk(kind, content))
    return "picture", b"".join(parts)


def _webp_frames(rng: Random) -> tuple[str, bytes]:
    """An animated WebP whose frames come again and again."""
    data = _animated("WEBP")
    start = data.index(b"ANMF")
    content = data[12:start] + data[start:] * _many(rng, 4_000)
    return "picture", b"RIFF" + struct.pack("<I", len(content) + 4) + b"WEBP" + content


def _flat(rng: Random) -> tuple[str, bytes]:
    """A PNG of many pixels in few bytes."""
    width, height = _many(rng, 30_000), _many(rng, 12_000)
    packer = zlib.compressobj(9)
    row = b"\0" + bytes(3 * width)
    rows = min(height, 30_000_000 // len(row))
    body = b"".join(packer.compress(row) for _ in range(rows)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")
    return "picture", b"\x89PNG\r\n\x1a\n" + chunks


def _rows(rng: Random) -> tuple[str, bytes]:
    """A CSV of many rows, long ones, wide ones, perhaps packed."""
    pixels = b" ".join([b"%d" % rng.integers(256)] * int(rng.choice([2304, 2304, 1, 2303, 20_000])))
    row = b"%d," % rng.integers(9) + pixels + b"," * _many(rng, 2_000) + b"Training\n"
    rows = min(_many(rng, 100_000), 10_000_000 // len(row))
    data = _HEADER + row * rows
    return "data.csv", gzip.compress(data, 9) if rng.random() < 0.5 else data


def _nested(rng: Random) -> tuple[str, bytes]:
    """A ZIP in a ZIP in a ZIP; many members; names that lead out; bytes that repeat."""
    method = int(rng.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]))
    names = [
        "a.png",
        "../b.png",
        "/c.png",
        "d/" * 40 + "e.png",
        "f\0.png",
        "C:g.png",
        "happy/h.png",
    ]
    data = seeds()[int(rng.integers(8))][1]
    if rng.random() < 0.5:
        data += bytes(_many(rng, 3_000_000))
    members = [(str(rng.choice(names)), data)]
    if rng.random() < 0.3:
        members += [(f"train/happy/{number}.png", b"") for number in range(_many(rng, 5_000))]
    packed = _zip(members, method)
    for _ in range(int(rng.integers(5))):
        packed = _zip([(str(rng.choice(["a.zip", "a.png", "happy/a.png"])), packed)], method)
    return str(rng.choice(["archive", "data.zip"])), packed


def _boxes(rng: Random) -> tuple[str, bytes]:
    """An MP4 or Matroska whose boxes are longer, shorter, doubled, renamed or gone."""
    at = int(rng.integers(3))
    data = bytearray([one for kind, one in seeds() if kind == "video"][at])
    places = list(_mp4_boxes(bytes(data))) if at == 0 else list(_ebml_sizes(bytes(data)))
    for _ in range(int(rng.integers(1, 4))):
        place, width = places[int(rng.integers(len(places)))]
        number = int(rng.choice([0, 1, 7, 8, 2**31, 2**32 - 1, int(rng.integers(2**16))]))
        match int(rng.integers(4)):
            case 0:
                data[place : place + width] = number.to_bytes(8, "big")[-width:]
            case 1 if at == 0:
                data[place + 4 : place + 8] = data[(other := places[0][0]) + 4 : other + 8]
            case 2:
                end = place + max(8, int.from_bytes(data[place : place + width], "big") & 0xFFFF)
                data[place:place] = data[place:end] * _many(rng, 400)
            case _:
                del data[place + int(rng.integers(0, 40)) :]
                break
    return "video", bytes(data)


_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta")


def _mp4_boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Place and width of the size of every box."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        (size,) = struct.unpack_from(">I", data, start)
        yield start, 4
        if data[start + 4 : start + 8] in _PARENTS:
            yield from _mp4_boxes(data, start + 8, start + size)
        start += max(8, size)


def _ebml_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """Place and width of the size of some elements: EBML, Segment, Info, Tracks, Cluster, Cues."""
    ids = ("1a45dfa3", "18538067", "1549a966", "1654ae6b", "1f43b675", "1c53bb6b", "ae", "a3", "e0")
    for one in map(bytes.fromhex, ids):
        place = data.find(one)
        if place >= 0:
            width = 9 - data[place + len(one)].bit_length()
            yield place + len(one), max(1, width)


STRUCTURES: tuple[Callable[[Random], tuple[str, bytes]], ...] = (
    *(_scans, _pages, _gif_frames, _png_frames, _webp_frames, _flat, _rows, _nested, _boxes),
)


def mutated(data: bytes, rng: Random) -> bytes:
    """One to four changes: bytes, numbers, cuts, repeats, insertions."""
    content = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        if not content:
            break
        at = int(rng.integers(len(content)))
        match int(rng.integers(6)):
            case 0:
                for place in rng.integers(len(content), size=int(rng.integers(1, 17))):
                    content[int(place)] = int(rng.integers(256))
            case 1:
                content[at] ^= 1 << int(rng.integers(8))
            case 2:
                number = _EXTREMES[int(rng.integers(len(_EXTREMES)))]
                order = "big" if rng.integers(2) else "little"
                content[at : at + 4] = number.to_bytes(4, order)  # type: ignore[arg-type]
            case 3:
                del content[at:]
            case 4:
                part = content[at : at + int(rng.integers(1, 200))]
                content[at:at] = part * int(rng.integers(1, 4))
            case _:
                content[at:at] = rng.bytes(int(rng.integers(1, 64)))
    return bytes(content)


def case(number: int) -> tuple[str, bytes]:
    """What reads the case of a number, and its bytes."""
    rng = np.random.default_rng(number)
    if number % 3 == 0:
        kind, data = STRUCTURES[int(rng.integers(len(STRUCTURES)))](rng)
        return kind, mutated(data, rng) if rng.random() < 0.3 else data
    kind, data = seeds()[int(rng.integers(len(seeds())))]
    if number % 8 == 0:
        head = data[: int(rng.integers(0, 33))]
        return kind, head + rng.bytes(int(rng.integers(0, 2000)))
    return kind, mutated(data, rng)
