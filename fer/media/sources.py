"""What was handed in, one by one: files, folders, patterns and members of archives."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import InitVar, dataclass, field
from itertools import takewhile
from pathlib import Path

from fer.decoding import Job, Session, decoders
from fer.errors import InputError, MediaError
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
    """The pictures of a ZIP archive; one refused source when it cannot be opened or is empty."""
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
    nothing = f"{name}: expected a ZIP archive of pictures, found no file in it; check the archive"
    return found or [refused(name, nothing)]


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


def _is_pattern(given: str) -> bool:
    address = "://" in given
    return glob.has_magic(given) and not address and not os.path.lexists(given)


def _place(path: str | Path) -> str:
    """Where something lies, whatever it was called; a link is not what it leads to."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(_folder_place(folder), os.path.normcase(name))


def _folder_place(folder: str | Path) -> str:
    return os.path.normcase(os.path.realpath(folder))


@dataclass(slots=True)
class Search:
    """Finds what some paths stand for, each file once, but not what a run itself writes.

    Attributes:
        own: Files and folders of the run. They are left out wherever they are met, a folder with
            all that is in it; but a file in it that is named is read.
        left_out: Names of those that were met.
        repeated: Names under which files were met again; they count under the first.
    """

    own: InitVar[Iterable[Path]] = ()
    left_out: list[str] = field(default_factory=list, init=False)
    repeated: list[str] = field(default_factory=list, init=False)
    _seen: set[str] = field(default_factory=set, init=False)
    _own: frozenset[str] = field(init=False)

    def __post_init__(self, own: Iterable[Path]) -> None:
        """Look where the own files are."""
        self._own = frozenset(place(path) for path in own for place in (_place, _folder_place))

    def sources(self, paths: Iterable[str | Path]) -> Iterator[Source]:
        """As ``find_sources``; called again, it goes on with what it has seen."""
        for given in paths:
            name, path = str(given), Path(given)
            if not name.strip():
                raise InputError(
                    "PATH: expected the name of a file or folder, got an empty one; leave it out, "
                    "or give . for the current folder"
                )
            if path.is_dir():
                yield from self._of_folder(path)
            elif _is_pattern(name):
                yield from self._of_pattern(name)
            else:
                place = _place(path)
                if not self._is_own(place, name) and self._is_new(place, name):
                    yield from file_sources(path, name)

    def is_new(self, path: Path) -> bool:
        """Whether a file was not met before; from now on it was."""
        return self._is_new(_place(path), str(path))

    def _is_new(self, place: str, name: str) -> bool:
        if place in self._seen:
            self.repeated.append(name)
            return False
        self._seen.add(place)
        return True

    def _is_own(self, place: str, name: str) -> bool:
        if place not in self._own:
            return False
        if name not in self.left_out:
            self.left_out.append(name)
        return True

    def _of_folder(self, folder: Path) -> Iterator[Source]:
        """Every file below a folder, sorted, without hidden ones."""
        if self._is_own(_folder_place(folder), str(folder)):
            return
        faults: list[OSError] = []
        met = False
        for root, folders, files in os.walk(folder, onerror=faults.append):
            here = _folder_place(root)
            places = {
                name: os.path.join(here, os.path.normcase(name))
                for name in (*folders, *files)
                if not is_junk(Path(name))
            }
            own = {name for name in places if self._is_own(places[name], os.path.join(root, name))}
            folders[:] = sorted(name for name in folders if name in places and name not in own)
            for name in sorted(name for name in files if name in places and name not in own):
                met = True
                shown = str(Path(root, name))
                if self._is_new(places[name], shown):
                    yield from file_sources(Path(shown), shown)
        for fault in faults:
            unread = str(fault.filename or folder)
            yield refused(
                unread,
                f"{unread}: expected a folder that can be read, got: {fault.strerror}; check its "
                "permissions",
            )
        if not met and not faults:
            yield refused(
                str(folder),
                f"{folder}: expected a folder with pictures or videos, found no file in it; check "
                "the path",
            )

    def _of_pattern(self, given: str) -> Iterator[Source]:
        fixed = takewhile(lambda part: not glob.has_magic(part), Path(given).parts)
        base = os.path.join(_folder_place(Path(*fixed)), "")
        # Of the run's folders those that lie deeper than where the pattern begins.
        inner = [place for place in self._own if not base.startswith(os.path.join(place, ""))]
        met = False
        for match in sorted(glob.iglob(given, recursive=True)):
            if os.path.isdir(match):
                continue
            place = _place(match)
            above = next((one for one in inner if place.startswith(os.path.join(one, ""))), place)
            if self._is_own(above, match if above == place else above):
                continue
            met = True
            if self._is_new(place, match):
                yield from file_sources(Path(match), match)
        if not met:
            yield refused(
                given, f"{given}: expected files that match, found none; check the pattern"
            )


def find_sources(paths: Iterable[str | Path]) -> Iterator[Source]:
    """Everything that some paths stand for, in order; what is named twice, once.

    Args:
        paths: Files; folders, for everything in them but hidden files; ZIPs, for what is in them;
            patterns such as ``holiday/**/*.jpg``. What a file is, its content says; what cannot
            be read, and what holds nothing, is a refused source with a reason.

    Raises:
        InputError: If a path is empty.
    """
    return Search().sources(paths)
