import json
from contextlib import closing
from pathlib import Path

import pytest

from fer.errors import InputError
from fer.media.journal import Journal
from fer.media.sources import Source

IDENTITY: dict[str, object] = {"model": "m"}
PICTURE, FILM = Source("a.png"), Source("b.mp4")
WANTED = (PICTURE.key, FILM.key)
ROW: dict[str, object] = {"source": "a.png", "status": "ok", "x": 1, "confidence": 0.5, "note": ""}


def written(folder: Path) -> Path:
    """A journal of two sources, one of them a video."""
    with closing(Journal(folder, IDENTITY, resume=False, wanted=WANTED)) as journal:
        journal.note(PICTURE.key, PICTURE, [ROW], digest="ab" * 32)
        place = f"videos/{'0' * 24}"
        (folder / place).mkdir(parents=True)
        journal.note(FILM.key, FILM, [], frames=place)
    return folder / "journal.jsonl"


def test_a_job_goes_on_with_what_was_noted(tmp_path: Path) -> None:
    written(tmp_path)
    with closing(Journal(tmp_path, IDENTITY, resume=True, wanted=WANTED)) as journal:
        first, second = journal.entries()
        assert (first.rows, first.digest) == ([ROW], "ab" * 32)
        assert second.frames == f"videos/{'0' * 24}"
        assert len(journal.keys) == 2 and not journal.faulty


def test_a_line_that_was_cut_short_is_done_again(tmp_path: Path) -> None:
    file = written(tmp_path)
    file.write_bytes(file.read_bytes()[:-5])
    with closing(Journal(tmp_path, IDENTITY, resume=True, wanted=WANTED)) as journal:
        assert [entry.source for entry in journal.entries()] == ["a.png"]


def test_a_source_that_was_noted_twice_is_there_once_and_no_damage(tmp_path: Path) -> None:
    file = written(tmp_path)
    again = {**json.loads(file.read_text().splitlines()[0]), "rows": [{**ROW, "note": "again"}]}
    with file.open("a") as lines:
        lines.write(json.dumps(again) + "\n")
    with closing(Journal(tmp_path, IDENTITY, resume=True, wanted=WANTED)) as journal:
        first, second = journal.entries()
        assert (first.rows, second.source) == ([ROW], "b.mp4")


def test_what_was_noted_of_other_inputs_is_passed_over(tmp_path: Path) -> None:
    file = written(tmp_path)
    bad = {**json.loads(file.read_text().splitlines()[0]), "rows": [{**ROW, "status": "error"}]}
    file.write_text(json.dumps(bad) + "\n" + file.read_text().splitlines()[1] + "\n")
    with closing(Journal(tmp_path, IDENTITY, resume=True, wanted=[FILM.key])) as journal:
        assert [entry.source for entry in journal.entries()] == ["b.mp4"]
        assert journal.keys == {FILM.key} and not journal.earlier.get("ab" * 32)
        assert not journal.faulty


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("frames", "../../somewhere"),
        ("frames", "/etc"),
        ("frames", f"videos/{'1' * 24}"),
        ("key", "../x"),
        ("digest", 5),
        ("rows", [{"status": "ok"}]),
        ("rows", [{**ROW, "status": "fine"}]),
        ("rows", [{**ROW, "x": {"deep": 1}}]),
        ("rows", None),
        ("more", 1),
    ],
)
def test_a_journal_is_checked_whole_before_a_line_of_it_is_used(
    tmp_path: Path, field: str, value: object
) -> None:
    file = written(tmp_path)
    lines = file.read_text().splitlines()
    lines[1] = json.dumps({**json.loads(lines[1]), field: value})
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="found a damaged one"):
        Journal(tmp_path, IDENTITY, resume=True, wanted=WANTED)


def test_frames_that_a_link_leads_elsewhere_are_refused(tmp_path: Path) -> None:
    written(tmp_path / "job")
    place = tmp_path / "job" / "videos" / ("0" * 24)
    place.rmdir()
    place.symlink_to(tmp_path)
    with pytest.raises(InputError, match="found a damaged one"):
        Journal(tmp_path / "job", IDENTITY, resume=True, wanted=WANTED)


@pytest.mark.parametrize("resume", [False, True])
def test_a_second_process_is_refused_while_the_first_is_at_work(
    tmp_path: Path, resume: bool
) -> None:
    with (
        closing(Journal(tmp_path, IDENTITY, resume=False, wanted=WANTED)),
        pytest.raises(InputError, match="expected no other process at work on it"),
    ):
        Journal(tmp_path, IDENTITY, resume=resume, wanted=WANTED)
    Journal(tmp_path, IDENTITY, resume=True, wanted=WANTED).close()
