import os
import pickle
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fer.datasets.archive import HandedIn, open_handed_in
from fer.decoding import Session
from fer.errors import DatasetError, InputError, MediaError
from fer.media import archives
from fer.media.decoded import decode
from fer.media.sources import Search, Source, archive_sources, find_sources
from fer.pictures.content import HEAD_BYTES, Kind, content_of
from fer.pictures.reading import encode_png

PNG = encode_png(np.zeros((2, 2, 3), np.uint8))
MP4 = b"\0\0\0\x18ftypisom"


def names(sources: list[Source], folder: Path) -> list[str]:
    return [os.path.relpath(source.name, folder) for source in sources]


def kinds(sources: list[Source], folder: Path) -> dict[str, Kind]:
    return dict(zip(names(sources, folder), [source.kind for source in sources], strict=True))


def test_everything_in_a_folder_is_there_told_by_content_and_junk_is_not(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", ".hidden.png", ".cache/c.png", "sub/d", "Thumbs.db"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(PNG)
    (tmp_path / "film.jpg").write_bytes(MP4)
    (tmp_path / "notes.txt").write_text("Dear diary")
    (tmp_path / "void.png").touch()
    with zipfile.ZipFile(tmp_path / "more.cbz", "w") as archive:
        archive.writestr("in/e.heic", b"e")
        archive.writestr("in/f", PNG)
        archive.writestr("in/readme.txt", b"f")
        archive.writestr("__MACOSX/._e.jpg", b"f")
    found = list(find_sources([tmp_path, tmp_path / "notes.txt"]))
    assert kinds(found, tmp_path) == {
        "a.png": Kind.picture,
        "b.JPG": Kind.picture,
        "film.jpg": Kind.video,
        "more.cbz/in/e.heic": Kind.picture,
        "more.cbz/in/f": Kind.picture,
        "more.cbz/in/readme.txt": Kind.refused,
        "notes.txt": Kind.refused,
        "void.png": Kind.refused,
        "sub/d": Kind.picture,
    }
    assert found[3].read() == b"e"
    reasons = {Path(source.name).name: source.reason for source in found if source.reason}
    assert "got text; take it out" in reasons["readme.txt"]
    assert "got text; leave it out" in reasons["notes.txt"]
    assert "got an empty file" in reasons["void.png"]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0", Kind.picture),
        (b"P5\n2 2\n255\n", Kind.picture),
        (b"RIFF\0\0\0\0WEBPVP8 ", Kind.picture),
        (b"\0\0\0\x1cftypheic", Kind.picture),
        (b"\0\0\0\x1cftyp3gp5", Kind.video),
        (b"\0\0\0\x08wide\0\0\0\0mdat", Kind.video),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", Kind.video),
        ((b"G" + bytes(187)) * 3, Kind.video),
        ((bytes(4) + b"G" + bytes(187)) * 3, Kind.video),
        (b"\x1a\x45\xdf\xa3", Kind.video),
        (b"PK\x03\x04", Kind.archive),
        (b"%PDF-1.7", Kind.refused),
        (b"const a: number = 1;\n" * 30, Kind.refused),
        ("Grüße ".encode() * 80, Kind.refused),
        (bytes(512), Kind.refused),
    ],
)
def test_content_tells_what_a_file_is(head: bytes, kind: Kind) -> None:
    assert content_of(head[:HEAD_BYTES])[0] is kind


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in folders are POSIX")
def test_a_pipe_in_a_folder_is_a_row_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (source,) = find_sources([tmp_path])
    assert source.kind is Kind.refused and "got: a pipe, which is no file" in source.reason
    assert [one.reason for one in find_sources([f"{tmp_path}/*.jpg"])] == [source.reason]


def test_a_pattern_gives_what_matches(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.txt"):
        (tmp_path / name).write_bytes(PNG)
    assert names(list(find_sources([f"{tmp_path}/*.png"])), tmp_path) == ["a.png", "b.png"]
    (nothing,) = find_sources([f"{tmp_path}/*.gif"])
    assert nothing.kind is Kind.refused
    assert "expected files that match, found none" in nothing.reason


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "me[1].png").write_bytes(PNG)
    assert names(list(find_sources([tmp_path / "me[1].png"])), tmp_path) == ["me[1].png"]


def test_what_holds_nothing_is_a_row_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "junk" / "below").mkdir(parents=True)
    (tmp_path / "junk" / "Thumbs.db").touch()
    with zipfile.ZipFile(tmp_path / "none.zip", "w"):
        pass
    with zipfile.ZipFile(tmp_path / "junk.zip", "w") as archive:
        archive.mkdir("below")
        archive.writestr("__MACOSX/._e.jpg", b"f")
    given = [str(tmp_path / name) for name in ("empty", "junk", "none.zip", "junk.zip")]
    found = list(find_sources(given))
    assert [source.name for source in found] == given
    assert all(source.kind is Kind.refused for source in found)
    assert all("found no file in it; check" in source.reason for source in found)


@pytest.mark.parametrize("given", ["", " "])
def test_an_empty_name_is_not_the_current_folder(given: str) -> None:
    with pytest.raises(InputError, match=r"^PATH: expected .*, got an empty one; "):
        list(find_sources([given]))


def test_a_file_that_is_named_twice_is_found_once_under_its_first_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "a.png").write_bytes(PNG)
    (tmp_path / "film.mp4").write_bytes(MP4)
    (tmp_path / "bad.txt").write_text("text")
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("e.png", PNG)
    monkeypatch.chdir(tmp_path)
    search = Search()
    given = ["./film.mp4", "film.mp4", "all", "all/a.png", "all/*.png", "all", "bad.txt", "z.zip"]
    found = list(search.sources([*given, tmp_path / "bad.txt", tmp_path / "z.zip", "gone", "gone"]))
    names_ = ["./film.mp4", str(Path("all", "a.png")), "bad.txt", "z.zip/e.png", "gone"]
    assert [source.name for source in found] == names_
    assert len(search.repeated) == 7


def test_two_files_of_one_content_are_both_found(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(PNG)
    assert names(list(find_sources([tmp_path, tmp_path])), tmp_path) == ["a.png", "b.png"]


@pytest.mark.parametrize("given", [["own"], ["own/**/*"], ["own/ann", "own/a.png", "own/t.csv"]])
def test_what_a_run_itself_writes_is_left_out_however_it_is_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str]
) -> None:
    (tmp_path / "own" / "ann").mkdir(parents=True)
    for name in ("a.png", "ann/a-12345678.png", "t.csv"):
        (tmp_path / "own" / name).write_bytes(PNG)
    monkeypatch.chdir(tmp_path)
    search = Search([Path("own/ann"), tmp_path / "own" / "t.csv"])
    assert [Path(source.name).as_posix() for source in search.sources(given)] == ["own/a.png"]
    assert {Path(name).name for name in search.left_out} == {"ann", "t.csv"}


@pytest.mark.parametrize("given", ["all/a.png", "all/*.png", "../here/all/*.png"])
def test_a_picture_beside_the_annotated_copies_is_read_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    (tmp_path / "here" / "all").mkdir(parents=True)
    (tmp_path / "here" / "all" / "a.png").write_bytes(PNG)
    monkeypatch.chdir(tmp_path / "here")
    for own in (Path("all"), Path()):
        assert len(list(Search([own]).sources([given]))) == 1
    assert len(list(Search([Path()]).sources(["all"]))) == 1


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of this kind are POSIX")
def test_a_folder_that_may_not_be_read_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "open.png").write_bytes(PNG)
    closed = tmp_path / "closed"
    closed.mkdir()
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    closed.chmod(0)
    script = (
        "import os, sys\n"
        "from fer.media.sources import find_sources\n"
        "os.geteuid() == 0 and os.seteuid(65534)\n"
        "for source in find_sources([sys.argv[1]]): print(source.kind, source.reason)\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        text=True,
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ).stdout.splitlines()
    closed.chmod(0o700)
    assert output[0].strip() == "picture"
    assert output[1].startswith("refused") and "Permission denied" in output[1]


def info(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = mode << 16
    member.compress_type = zipfile.ZIP_DEFLATED
    return member


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (info("../../etc/evil.png"), "got one that leads out of it"),
        (info("..\\evil.png"), "got one that leads out of it"),
        (info("/etc/evil.png"), "got one that leads out of it"),
        (info("C:/evil.png"), "got one that leads out of it"),
        (info("link.png", stat.S_IFLNK | 0o777), "got a symbolic link"),
        (info("inner.zip"), "got an archive inside an archive"),
    ],
)
def test_what_is_wrong_in_an_archive_is_refused_by_name(
    tmp_path: Path, member: zipfile.ZipInfo, reason: str
) -> None:
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, b"/etc/passwd")
        archive.writestr("good.png", b"good")
    bad, good = archive_sources("photos.zip", path)
    assert bad.kind is Kind.refused and reason in bad.reason
    assert bad.reason.startswith("photos.zip/")
    assert good.read() == b"good"


def bomb(path: Path, size: int, name: str = "bomb.png") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr(name, bytes(size))
    return path


def test_a_member_packed_too_well_is_refused_unopened(tmp_path: Path) -> None:
    (source,) = archive_sources("z.zip", bomb(tmp_path / "z.zip", 20 * 2**20))
    assert "as in an archive bomb" in source.reason


def test_a_member_that_is_too_large_is_refused_unopened(tmp_path: Path) -> None:
    (source,) = archive_sources("z.zip", bomb(tmp_path / "z.zip", 65 * 2**20))
    assert "expected at most 64 MiB, got 65.0 MiB" in source.reason


def test_a_member_larger_than_its_directory_says_is_refused(tmp_path: Path) -> None:
    path = bomb(tmp_path / "z.zip", 65 * 2**20)
    data = bytearray(path.read_bytes())
    # The uncompressed size in the central directory, and in the local header.
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.index(signature) + offset
        data[at : at + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(data)
    (source,) = archive_sources("z.zip", path)
    with pytest.raises(MediaError, match=r"z\.zip/bomb\.png: expected"):
        source.read()


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [("MAX_MEMBERS", 2, "at most 2 members, got 3"), ("MAX_TOTAL", 10, "when unpacked, got")],
)
def test_too_much_in_one_archive_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, message: str
) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(3):
            archive.writestr(f"{index}.png", bytes(10))
    monkeypatch.setattr(archives, limit, value)
    with pytest.raises(MediaError, match=message):
        list(archives.list_members(path, "many.zip"))


def test_a_damaged_member_is_refused_and_its_neighbour_is_read(tmp_path: Path) -> None:
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", b"A" * 100)
        archive.writestr("b.png", b"B" * 100)
    path.write_bytes(path.read_bytes().replace(b"A" * 100, b"A" * 99 + b"X"))
    first, second = archive_sources("z.zip", path)
    with pytest.raises(MediaError, match=r"z\.zip/a\.png: expected a whole member"):
        first.read()
    assert second.read() == b"B" * 100


def test_what_is_no_archive_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "z.zip"
    path.write_bytes(b"PK\x03\x04 no archive")
    (source,) = find_sources([path])
    assert "expected a ZIP archive, got something else" in source.reason


def test_a_member_of_an_archive_can_be_sent(tmp_path: Path) -> None:
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", b"A")
    (source,) = archive_sources("z.zip", path)
    assert pickle.loads(pickle.dumps(source)).read() == b"A"


def test_a_key_changes_when_the_file_does(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    (source,) = find_sources([path])
    before = source.key
    assert next(iter(find_sources([path]))).key == before
    path.write_bytes(PNG + b"2")
    assert source.key != before


def test_a_relative_path_is_read_from_wherever_this_process_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("first", "second"):
        folder = tmp_path / place
        folder.mkdir()
        monkeypatch.chdir(folder)
        Path("a.png").write_bytes(PNG)
        with zipfile.ZipFile("z.zip", "w") as archive:
            archive.write("a.png", f"{place}.png")
        picture, member = find_sources(["a.png", "z.zip"])
        assert member.name == f"z.zip/{place}.png"
        for source in (picture, member):
            assert len(list(decode(source, Session())[1])) == 1


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packed_bytes_that_are_damaged_are_one_line_in_every_packing(
    tmp_path: Path, method: int
) -> None:
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("happy/a.png", bytes(range(256)) * 40)
    data = bytearray(path.read_bytes())
    start = data.index(b"happy/a.png") + len("happy/a.png")
    data[start + 20 : start + 60] = b"\xa5" * 40
    path.write_bytes(data)
    (source,) = archive_sources("z.zip", path)
    with pytest.raises(MediaError, match=r"z\.zip/happy/a\.png: expected a whole member"):
        list(decode(source, Session())[1])
    with path.open("rb") as file, pytest.raises(DatasetError, match=r"^z\.zip: expected a zip"):
        open_handed_in([HandedIn("z.zip", file)])
