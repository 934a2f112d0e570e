"""Analysed frames as lines of JSON on disk, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from fer.results import FaceEmotion, FrameResult

_TAIL_BYTES = 1 << 20
# Of so many people, those seen last, the looks are asked for.
_MOST_PEOPLE = 100


def record_line(result: FrameResult) -> bytes:
    """One line for an analysed frame."""
    record = {
        "time_s": round(result.timestamp_s, 6),
        "width": result.width,
        "height": result.height,
        "faces": [face.to_row() for face in result.faces],
    }
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def parse_record(line: bytes) -> FrameResult:
    """The analysed frame of a line."""
    record = json.loads(line)
    faces = tuple(map(FaceEmotion.from_row, record["faces"]))
    return FrameResult(record["time_s"], record["width"], record["height"], faces)


def read_records(path: Path, up_to: int | None = None) -> Iterator[FrameResult]:
    """Analysed frames of a file, one at a time.

    Args:
        path: The file.
        up_to: Bytes to read; what follows is still being written.
    """
    with path.open("rb") as file:
        for line in file:
            if up_to is not None and file.tell() > up_to:
                return
            yield parse_record(line)


def last_record(path: Path) -> FrameResult | None:
    """The newest analysed frame, without reading the whole file."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        back = _TAIL_BYTES
        while size:
            file.seek(max(0, size - back))
            lines = file.read().splitlines()
            # The first line is whole only when it begins the file, or another comes before it.
            if len(lines) > 1 or back >= size:
                return parse_record(lines[-1])
            back *= 4
    return None


def record_at(path: Path, time_s: float, up_to: int) -> FrameResult | None:
    """The last analysed frame at or before a time, found by halving the file.

    Args:
        path: The file.
        time_s: Seconds.
        up_to: Bytes that are whole lines.
    """
    low, high = 0, up_to
    with path.open("rb") as file:
        # The line that begins at or after ``low`` is not too late; the one after ``high`` is.
        while high - low > 4096:
            middle = (low + high) // 2
            file.seek(middle)
            file.readline()
            begin = file.tell()
            if begin >= high or parse_record(file.readline()).timestamp_s > time_s + 1e-6:
                high = middle
            else:
                low = begin
        file.seek(low)
        best: FrameResult | None = None
        while file.tell() < up_to:
            record = parse_record(file.readline())
            if record.timestamp_s > time_s + 1e-6:
                break
            best = record
    return best


def looks_of(results: Iterable[FrameResult]) -> list[FrameResult]:
    """Where each person was seen best, and last: frames with that one face, in the order of time.

    Args:
        results: Analysed frames.
    """
    best: dict[int, FrameResult] = {}
    last: dict[int, FrameResult] = {}
    for result in results:
        for face in result.measured:
            look = replace(result, faces=(face,))
            # Whoever was seen last comes last.
            last.pop(face.face_id, None)
            last[face.face_id] = look
            known = best.get(face.face_id)
            if known is None or known.faces[0].box.area < face.box.area:
                best[face.face_id] = look
    recent = list(last)[-_MOST_PEOPLE:]
    looks = [look for face_id in recent for look in (best[face_id], last[face_id])]
    return sorted(looks, key=lambda look: look.timestamp_s)
