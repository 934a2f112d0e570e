"""What was handed in, one by one: files, folders, patterns and members of archives."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fer.decoding import Job, Session, decoders
from fer.errors import MediaError
from fer.files import how_to_find, open_regular
from fer.media.archives import read_member
from fer.pictures.content import FORMAT_NAMES, HEAD_BYTES, Kind, content_of, is_junk
from fer.pictures.reading import read_bytes
from fer.video.container import VIDEO_NAMES

_MEMBERS = Job("fer.media.archives:members", what="a ZIP archive", remedy="pack it again")


@dataclass(frozen=True, slots=True)
class Source:
    """One input. Small, unless it holds its own bytes; can be sent to another process.

    Attributes:
        name: As it is shown in tables.
        kind: A picture, a video, or something refused at sight.
        path: The file, or the archive that holds it.
        member: Name inside the archive, or empty.
        data: The file's bytes, where there is no file.
        reason: Why it was refused.
    """

    name: str
    kind: Kind = Kind.picture
    path: Path | None = None
    member: str = ""
    data: bytes | None = None
    reason: str = ""

    def read(self) -> bytes:
        """The picture's bytes.

        Raises:
            MediaError: If they cannot be read, or are too many.
        """
        if self.reason:
            raise MediaError(self.reason)
        if self.member:
            assert self.path is not None
            return read_member(self.path, self.member, self.name)
        if self.path is not None:
            return read_bytes(self.path)
        return self.data or b""

    @property
    def key(self) -> str:
        """Tells this input from every other, and from itself after a change."""
        parts: list[object] = [self.name, self.member]
        if self.data is not None:
            parts.append(hashlib.sha256(self.data).hexdigest())
        elif self.path is not None:
            try:
                facts = self.path.stat()
                parts += [os.path.abspath(self.path), facts.st_size, facts.st_mtime_ns]
            except OSError:
                parts.append(os.path.abspath(self.path))
        text = "\0".join(map(str, parts)).encode("utf-8", "surrogateescape")
        return hashlib.sha256(text).hexdigest()[:24]


def refused(name: str, reason: str) -> Source:
    """A source that is a row with a reason, and nothing else."""
    return Source(name, Kind.refused, reason=reason)


def archive_sources(name: str, path: Path) -> list[Source]:
    """The pictures of a ZIP archive; one refused source when it cannot be opened."""
    found = []
    try:
        for facts, _image in decoders.work(_MEMBERS, name, Session(), path=str(path.absolute())):
            shown = f"{name}/{facts['member']}"
            if facts["refusal"]:
                found.append(refused(shown, f"{shown}: {facts['refusal']}"))
            else:
                found.append(Source(shown, path=path, member=facts["member"]))
    except MediaError as fault:
        return [refused(name, str(fault))]
    return found


def file_sources(path: Path, name: str) -> Iterable[Source]:
    """What one file stands for, told by its content; always at least one source."""
    try:
        with open_regular(path) as file:
            kind, what = content_of(file.read(HEAD_BYTES))
    except OSError as fault:
        got = f"got: {fault.strerror or fault}; {how_to_find(name)}"
        return [refused(name, f"{name}: expected a file that can be read, {got}")]
    if kind is Kind.archive:
        return archive_sources(name, path)
    if kind is Kind.refused:
        return [
            refused(
                name,
                f"{name}: expected a picture ({FORMAT_NAMES}), a video ({VIDEO_NAMES}) or a ZIP, "
                f"got {what}; leave it out or save it as one of these",
            )
        ]
    return [Source(name, kind, path)]


def _folder_sources(folder: Path) -> Iterator[Source]:
    """Every file below a folder, sorted, without hidden ones."""
    faults: list[OSError] = []
    for root, folders, files in os.walk(folder, onerror=faults.append):
        folders[:] = sorted(name for name in folders if not is_junk(Path(name)))
        for name in sorted(files):
            if not is_junk(Path(name)):
                path = Path(root, name)
                yield from file_sources(path, str(path))
    for fault in faults:
        place = str(fault.filename or folder)
        yield refused(
            place,
            f"{place}: expected a folder that can be read, got: {fault.strerror}; check its "
            "permissions",
        )


def _is_pattern(given: str) -> bool:
    address = "://" in given
    return glob.has_magic(given) and not address and not os.path.lexists(given)


def find_sources(paths: Iterable[str | Path]) -> Iterator[Source]:
    """Everything that some paths stand for, in order.

    Args:
        paths: Files; folders, for everything in them but hidden files; ZIPs, for what is in them;
            patterns such as ``holiday/**/*.jpg``. What a file is, its content says; what cannot
            be read is a refused source with a reason.
    """
    for given in paths:
        path = Path(given)
        if path.is_dir():
            yield from _folder_sources(path)
        elif _is_pattern(str(given)):
            matches = sorted(glob.iglob(str(given), recursive=True))
            files = [Path(match) for match in matches if not os.path.isdir(match)]
            if not files:
                yield refused(
                    str(given), f"{given}: expected files that match, found none; check the pattern"
                )
            for file in files:
                yield from file_sources(file, str(file))
        else:
            yield from file_sources(path, str(given))
