"""Work cut into small units that any machine can do alone, for the engine that runs on many."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fer.errors import InputError
from fer.media.sources import Search, Source, file_sources, refused
from fer.pictures.content import Kind
from fer.pictures.reading import MAX_BYTES

TABLE_SUFFIX = ".parquet"
PATH_COLUMNS = ("path", "file", "filename")
BYTES_COLUMNS = ("bytes", "image", "data")
NAME_COLUMNS = ("name", "source")


@dataclass(frozen=True, slots=True)
class Unit:
    """Some inputs that are done together.

    Attributes:
        name: Begins with its place in the job, so that names sort in the order of the inputs, and
            changes when an input does.
        sources: The inputs, or nothing when they are rows of a table.
        table: A Parquet table of paths or bytes.
        group: Row group of the table.
    """

    name: str
    sources: tuple[Source, ...] = ()
    table: Path | None = None
    group: int = 0

    def read(self) -> list[Source]:
        """The inputs; those of a table are read only now, on the machine that does the work."""
        if self.table is None:
            return list(self.sources)
        return list(_table_sources(self.table, self.group))


def _digest(parts: Iterable[object]) -> str:
    text = "\0".join(map(str, parts)).encode("utf-8", "surrogateescape")
    return hashlib.sha256(text).hexdigest()[:12]


def _column(names: Sequence[str], wanted: Sequence[str]) -> str | None:
    return next((name for name in wanted if name in names), None)


def _row_groups(path: Path) -> int:
    """How many row groups a table has.

    Raises:
        InputError: If it is no Parquet table, has no rows, or holds neither paths nor bytes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names, facts = file.schema_arrow.names, file.metadata
            groups, rows = int(facts.num_row_groups), int(facts.num_rows)
    except (pa.ArrowException, OSError) as fault:
        raise InputError(
            f"{path}: expected a Parquet table, got another or a damaged file "
            f"({' '.join(str(fault).split())}); write it again"
        ) from None
    if not _column(names, (*PATH_COLUMNS, *BYTES_COLUMNS)):
        raise InputError(
            f"{path}: expected a column of paths ({', '.join(PATH_COLUMNS)}) or of bytes "
            f"({', '.join(BYTES_COLUMNS)}), got {', '.join(names)}; rename one"
        )
    if not rows:
        raise InputError(f"{path}: expected a Parquet table with rows, found none; leave it out")
    return groups


def _table_sources(path: Path, group: int) -> Iterator[Source]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        named, pathed = _column(names, NAME_COLUMNS), _column(names, PATH_COLUMNS)
        content = _column(names, BYTES_COLUMNS)
        columns = [name for name in (named, pathed, content) if name]
        rows = file.read_row_group(group, columns=columns).to_pylist()
    for index, row in enumerate(rows):
        data = row[content] if content else None
        given = row[pathed] if pathed else None
        name = str((row[named] if named else None) or given or f"{path.name}[{group}][{index}]")
        if data is not None and len(data) > MAX_BYTES:
            limit = MAX_BYTES // 2**20
            yield refused(name, f"{name}: expected at most {limit} MiB, got more; shrink it first")
        elif data is not None:
            yield Source(name, Kind.picture, data=bytes(data))
        elif given:
            yield from file_sources(Path(given), name)
        else:
            yield refused(name, f"{name}: expected a path or bytes, got neither; fill the table")


def cut(
    paths: Iterable[str | Path], size: int = 32, *, search: Search | None = None
) -> Iterator[Unit]:
    """Cut inputs into units, a video alone, a Parquet table by its row groups.

    Args:
        paths: As ``find_sources`` takes them, and Parquet tables of paths or bytes.
        size: Pictures in a unit.
        search: Looks for them; default is one that leaves nothing out.

    Raises:
        InputError: If a table cannot be used, or a path is empty.
    """
    place = 0
    search = search or Search()
    for given in paths:
        path = Path(given)
        if path.suffix.lower() == TABLE_SUFFIX and path.is_file():
            if not search.is_new(path):
                continue
            facts = path.stat()
            for group in range(_row_groups(path)):
                digest = _digest([path.absolute(), facts.st_size, facts.st_mtime_ns, group])
                yield Unit(f"{place:08}-{digest}", table=path.absolute(), group=group)
                place += 1
            continue
        for sources in _grouped(map(_anywhere, search.sources([given])), size):
            yield Unit(f"{place:08}-{_digest(source.key for source in sources)}", tuple(sources))
            place += 1


def _anywhere(source: Source) -> Source:
    """A source that is found from any working directory, under the name that was given."""
    if source.path is None or source.path.is_absolute():
        return source
    return replace(source, path=source.path.absolute())


def _grouped(sources: Iterator[Source], size: int) -> Iterator[list[Source]]:
    waiting: list[Source] = []
    for source in sources:
        if source.kind is Kind.video:
            if waiting:
                yield waiting
            yield [source]
            waiting = []
            continue
        waiting.append(source)
        if len(waiting) == size:
            yield waiting
            waiting = []
    if waiting:
        yield waiting
