"""``fer analyze`` as a process of its own: every input, every fault, Ctrl-C and going on."""

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pandas as pd
import pytest

from tests.conftest import Command

PROJECT = Path(__file__).parents[2]

posix = pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX")

RUN = "import sys; from fer.cli.main import main; sys.argv[0] = 'fer'; main()"
CHECK_IMPORTS = """
import atexit, sys
heavy = {"tensorflow", "keras", "streamlit", "ray", "torch"}
atexit.register(lambda: print("LOADED", sorted(heavy & set(sys.modules)), file=sys.stderr))
"""


def command(*arguments: object, before: str = "") -> list[str]:
    return [sys.executable, "-c", before + RUN, "analyze", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT), "COLUMNS": "400", **more}


def run(*arguments: object, before: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments, before=before),
        env=environment(**variables),
        text=True,
        capture_output=True,
        check=False,
        timeout=200,
    )


def write_video(path: Path, portrait: np.ndarray, count: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 320, 320, "yuv420p"
        small = cv2.resize(portrait, (320, 320), interpolation=cv2.INTER_AREA)
        for _ in range(count):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(small, format="bgr24")))
        container.mux(stream.encode())


@pytest.fixture
def mixed(tmp_path: Path, astronaut_bgr: np.ndarray) -> Path:
    """A folder with a face, a blank, a film, a ZIP of one face and a bad link, and two faults."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    face = cv2.resize(astronaut_bgr, (256, 256), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(folder / "a.png"), face)
    cv2.imwrite(str(folder / "blank.png"), np.full((64, 64), 90, np.uint8))
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "broken.mp4").write_bytes(b"\0\0\0\x18ftypisom no film")
    write_video(folder / "film.mp4", astronaut_bgr, 8)
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.write(folder / "a.png", "=cmd().png")
        archive.writestr("../evil.png", b"evil")
    return folder


def rows_by_source(table: pd.DataFrame, folder: Path) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for source, status in zip(table["source"], table["status"], strict=True):
        grouped.setdefault(os.path.relpath(source, folder), []).append(status)
    return grouped


def test_everything_is_in_the_table_and_every_fault_has_one_row(
    mixed: Path, tmp_path: Path
) -> None:
    output, annotated = tmp_path / "out.csv", tmp_path / "annotated"
    done = run(mixed, "-o", output, "--annotated", annotated, before=CHECK_IMPORTS)
    assert done.returncode == 1
    table = pd.read_csv(output)
    # The names lead out of the archive on the way through relpath; counted by their endings.
    statuses = {Path(name).name: rows for name, rows in rows_by_source(table, mixed).items()}
    assert statuses == {
        "a.png": ["ok"],
        "blank.png": ["no face"],
        "broken.jpg": ["error"],
        "broken.mp4": ["error"],
        "film.mp4": ["ok"] * 8,
        "=cmd().png": ["ok"],
        "evil.png": ["error"],
    }
    assert table[table["status"] == "error"]["reason"].notna().all()
    film = table[table["source"].str.endswith("film.mp4")]
    assert film["time_s"].tolist() == pytest.approx([index / 30 for index in range(8)], abs=2e-3)
    assert film["face_id"].tolist() == [1] * 8
    assert "same bytes as" in table[table["source"].str.endswith("cmd().png")]["note"].iloc[0]
    assert sorted(file.suffix for file in annotated.iterdir()) == [".mp4", ".png", ".png", ".png"]
    assert "3 pictures, 1 videos (8 frames), 10 faces, 3 not read" in done.stderr
    assert "LOADED []" in done.stderr
    assert "Traceback" not in done.stderr
    # Nothing of the work remains beside the table.
    assert sorted(file.name for file in tmp_path.iterdir()) == ["annotated", "mixed", "out.csv"]


def wait_for_lines(path: Path, count: int, process: subprocess.Popen[Any]) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if path.exists() and path.read_bytes().count(b"\n") >= count:
            return
        assert process.poll() is None
        time.sleep(0.02)
    raise AssertionError(f"{path} did not get {count} lines")


def many(folder: Path, portrait: np.ndarray, count: int) -> Path:
    folder.mkdir()
    for index in range(count):
        turned = np.full((280, 280, 3), index, np.uint8)
        turned[20:260, 20:260] = cv2.resize(portrait, (240, 240), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"{index:03}.png"), turned)
    return folder


@posix
@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_what_is_done_survives_a_stop_and_is_not_done_again(
    tmp_path: Path, astronaut_bgr: np.ndarray, how: str
) -> None:
    pictures = many(tmp_path / "pictures", astronaut_bgr, 12)
    output = tmp_path / "out.jsonl"
    journal = tmp_path / ".out.jsonl.job" / "journal.jsonl"
    arguments = (pictures, "-o", output, "--workers", 1)
    with subprocess.Popen(command(*arguments), env=environment(), text=True) as process:
        wait_for_lines(journal, 2, process)
        process.send_signal(getattr(signal, how))
        process.wait(60)
    done = journal.read_bytes().count(b"\n")
    assert 2 <= done < 12
    assert not output.exists()
    if how == "SIGINT":
        assert process.returncode == 130
        assert len(pd.read_json(tmp_path / "out.part.jsonl", lines=True)) == done
    else:
        refused = run(*arguments)
        assert refused.returncode == 1 and "add --resume to go on" in refused.stderr

    resumed = run(*arguments, "--resume")
    assert resumed.returncode == 0
    assert f"{12 - done} pictures" in resumed.stderr
    table = pd.read_json(output, lines=True)
    assert [Path(source).name for source in table["source"]] == [f"{i:03}.png" for i in range(12)]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.jsonl", "pictures"]


@posix
def test_a_full_disk_is_one_line_and_leaves_nothing_under_the_final_name(
    mixed: Path, tmp_path: Path
) -> None:
    # Files may not grow beyond two kilobytes: the journal is the first to need more.
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
    output = tmp_path / "out.csv"
    done = run(mixed, "-o", output, before=limited)
    assert done.returncode == 1
    assert "expected a place that can be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert not output.exists()
    shutil.rmtree(tmp_path / ".out.csv.job")


def test_without_output_the_table_goes_to_standard_output(mixed: Path, fer: Command) -> None:
    done = fer("analyze", mixed / "a.png", mixed / "blank.png")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].startswith("source,time_s,status,person,face_id")
    assert [line.split(",")[2] for line in lines[1:]] == ["ok", "no face"]


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_every_name_can_be_printed_in_every_encoding(
    mixed: Path, tmp_path: Path, encoding: str
) -> None:
    for name in ("日本語 é.png", "bad\x1b]0;title\x07\x1b[2J\x85\u202egnp.png"):
        shutil.copy(mixed / "blank.png", tmp_path / name)
    (tmp_path / "no\x1b[2Jthing [red].jpg").write_text("text")
    files = [path for path in tmp_path.iterdir() if path.is_file()]
    done = subprocess.run(
        command(*files),
        env=environment(PYTHONIOENCODING=encoding),
        capture_output=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 1 and b"Traceback" not in done.stderr
    said = (done.stdout + done.stderr).decode(encoding)
    assert "\\u65e5\\u672c\\u8a9e" in said and "\\x1b]0;title\\x07" in said
    assert "thing [red].jpg" in said
    assert not set(said) & set("\x1b\x07\x85\u202e")
    assert done.stdout.count(b"no face") == 2


def test_a_resumed_job_with_a_fault_of_an_earlier_run_ends_with_one(
    mixed: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.csv"
    files = (mixed / "broken.jpg", mixed / "blank.png")
    with subprocess.Popen(
        command(*files, mixed / "film.mp4", "-o", output), env=environment()
    ) as process:
        wait_for_lines(tmp_path / ".out.csv.job" / "journal.jsonl", 2, process)
        process.kill()
    resumed = run(*files, mixed / "film.mp4", "-o", output, "--resume")
    assert resumed.returncode == 1
    assert pd.read_csv(output)["status"].tolist()[:2] == ["error", "no face"]


def test_a_csv_for_excel_begins_with_the_mark_of_utf8(
    mixed: Path, tmp_path: Path, fer: Command
) -> None:
    output = tmp_path / "out.csv"
    assert fer("analyze", mixed / "blank.png", "-o", output, "--csv-excel").code == 0
    assert output.read_bytes().startswith(b"\xef\xbb\xbfsource,")
    assert pd.read_csv(output)["status"].tolist() == ["no face"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mixed", "out.csv"]


def test_a_second_run_does_not_read_what_the_first_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, astronaut_bgr: np.ndarray, fer: Command
) -> None:
    monkeypatch.chdir(tmp_path)
    own = many(tmp_path / "own", astronaut_bgr, 1).relative_to(tmp_path)
    options = ("-o", own / "t.csv", "--annotated", own / "ann", "--report", own / "r.html")
    tables = []
    for _ in range(2):
        done = fer("analyze", own, *options)
        assert done.code == 0
        tables.append((own / "t.csv").read_text())
    assert tables[0] == tables[1] and len(tables[0].splitlines()) == 2
    assert "Left out, since this run itself writes or uses it" in done.err
    assert all(str(own / name) in done.err for name in ("ann", "t.csv", "r.html"))
    nothing = fer("analyze", own, "--annotated", own)
    assert nothing.code == 1 and "give --annotated, --output and --report another place" in (
        nothing.err
    )


def test_what_is_named_twice_is_in_the_table_once_and_it_is_said(
    mixed: Path, tmp_path: Path, fer: Command
) -> None:
    given = (mixed / "film.mp4", f"{mixed}/./film.mp4", mixed / "blank.png", mixed / "blank.png")
    done = fer("analyze", *given, "-o", tmp_path / "t.csv")
    assert done.code == 0 and "Named twice, in the table once" in done.err
    assert pd.read_csv(tmp_path / "t.csv")["time_s"].size == 8 + 1


def test_an_address_is_refused_with_what_to_do(tmp_path: Path, fer: Command) -> None:
    assert fer("analyze", "https://example.org/a.jpg?x=1", "-o", tmp_path / "out.csv").code == 1
    (reason,) = pd.read_csv(tmp_path / "out.csv")["reason"]
    assert reason.endswith("addresses are not offered, download it first")


@posix
def test_two_commands_at_once_do_not_write_one_table(
    tmp_path: Path, astronaut_bgr: np.ndarray
) -> None:
    pictures, output = many(tmp_path / "pictures", astronaut_bgr, 12), tmp_path / "out.csv"
    with subprocess.Popen(command(pictures, "-o", output), env=environment()) as process:
        wait_for_lines(tmp_path / ".out.csv.job" / "journal.jsonl", 1, process)
        process.send_signal(signal.SIGSTOP)
        second = run(pictures, "-o", output, "--resume")
        process.send_signal(signal.SIGCONT)
        assert second.returncode == 1 and "found one; wait until it ends" in second.stderr
        assert process.wait(100) == 0
    assert len(pd.read_csv(output)) == 12


# A recogniser that never returns from its library.
STUCK = """
import ctypes
from fer import EmotionRecognizer
def read(self, image):
    print("STUCK", flush=True)
    ctypes.CDLL(None).sleep(600)
EmotionRecognizer.read = read
"""


@posix
@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_ends_what_does_not_return(mixed: Path, presses: int) -> None:
    process = subprocess.Popen(
        command(mixed / "a.png", before=STUCK),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    with process:
        assert process.stdout.readline().strip() == b"STUCK"
        process.send_signal(signal.SIGINT)
        # Libraries may have said something before.
        assert any(
            b"Once more to stop at once" in line for line in iter(process.stderr.readline, b"")
        )
        if presses == 2:
            process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert b"Traceback" not in process.stderr.read()


def test_a_report_and_events_of_pictures_and_a_film(
    mixed: Path, tmp_path: Path, fer: Command
) -> None:
    (tmp_path / "events.csv").write_text("time,label,end\n0.1,ball\n0,film,0.2\n")
    report, table = tmp_path / "report.html", tmp_path / "t.csv"
    options = ("--report", report, "--events", tmp_path / "events.csv", "-o", table)
    assert fer("analyze", mixed, *options).code == 1  # two files are broken
    rows = pd.read_csv(table, keep_default_na=False)
    film = rows[rows["source"].str.endswith("film.mp4")]
    assert set(film["events"]) >= {"film", "film; ball"}
    assert set(rows[~rows["source"].str.endswith("film.mp4")]["events"]) == {""}
    page = report.read_text("utf-8")
    assert "film.mp4" in page and "=cmd().png" in page and "Not read, or not whole" in page
    assert f"{(film['measured'] == 'True').sum()} readings" in page


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--resume",), "expected --output too"),
        (("-o", "out.json", "--csv-excel"), "expected --output with a .csv"),
        (("--report", "r.pdf"), "--report: expected a name ending in .html"),
        (("--events", "missing.csv"), "--events: expected a CSV file at missing.csv"),
        (("--engine", "ray", "-o", "a.csv"), "expected a folder for --engine ray"),
        (("--engine", "ray", "-o", "."), "expected a new folder"),
        (("--address", "foo"), "--address: expected --engine ray with it, got local"),
        (("--engine", "ray", "--report", "r.html"), "--report: expected --engine local with it"),
        (("--engine", "ray", "--events", "e.csv"), "--events: expected --engine local with it"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_the_work(
    tmp_path: Path, fer: Command, options: tuple[str, ...], said: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"text")
    done = fer("analyze", tmp_path / "a.jpg", *options)
    assert done.code == 1 and said in done.err and "Analysing" not in done.err


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("blank.png", ("--every", 4, "--no-identity"), "--every, --no-identity: expected a video"),
        ("blank.png", ("--rate", 2), "--rate: expected a video among the inputs, got pictures"),
        ("more.zip", ("--events", "e.csv"), None),  # A member is refused.
        ("blank.png", ("--events", "e.csv"), "--events: expected a video among the inputs"),
        ("blank.png", ("--events", "e.csv", "--frames", "all"), None),
        ("film.mp4", ("--frames", "all"), "--frames all: expected a picture among the inputs"),
        ("broken.jpg", ("--every", 4), None),
        (".", ("--every", 4, "--frames", "all"), None),
        ("blank.png", ("--every", 4, "--engine", "ray", "-o", "rays"), "--every: expected a video"),
    ],
)
def test_options_that_can_act_on_no_input_are_refused(
    mixed: Path,
    monkeypatch: pytest.MonkeyPatch,
    fer: Command,
    name: str,
    options: tuple[object, ...],
    said: str | None,
) -> None:
    monkeypatch.chdir(mixed.parent)
    Path("e.csv").write_text("1,ball")
    done = fer("analyze", mixed / name, *options)
    if said is None:
        assert "among the inputs" not in done.err and "status" in done.out
    else:
        assert done.code == 1 and said in done.err and not done.out
