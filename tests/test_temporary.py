"""Temporary files go with their process, however it ends."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals, forks and modes of POSIX")

START = """
import sys, tempfile, pathlib
from fer.temporary import keep_private
keep_private()
made = pathlib.Path(tempfile.mkdtemp())
(made / "upload").write_bytes(b"x")
print(made, flush=True)
"""


def started(temporary: Path, then: str) -> subprocess.Popen[str]:
    """A process that has a temporary file, then does something."""
    return subprocess.Popen(
        [sys.executable, "-c", START + then],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def place(process: subprocess.Popen[str]) -> Path:
    assert process.stdout is not None
    return Path(process.stdout.readline().strip())


def end(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=60)


def test_what_a_killed_process_left_goes_with_the_next_start_and_the_living_keep_theirs(
    tmp_path: Path,
) -> None:
    killed, living = started(tmp_path, "input()"), started(tmp_path, "input()")
    left, kept = place(killed), place(living)
    killed.send_signal(signal.SIGKILL)
    end(killed)
    assert (left / "upload").exists()
    following = started(tmp_path, "input()")
    assert place(following).exists()
    assert not left.exists() and not left.parent.exists()
    assert (kept / "upload").exists()
    for process in (living, following):
        process.communicate("\n", timeout=60)
    assert not kept.exists()
    (base,) = tmp_path.iterdir()
    assert list(base.iterdir()) == []


def test_a_fork_takes_nothing_along_when_it_ends(tmp_path: Path) -> None:
    forking = started(
        tmp_path, "import os\nif os.fork() == 0: sys.exit(0)\nos.wait()\nprint(made.exists())"
    )
    place(forking)
    assert forking.communicate(timeout=60)[0].strip() == "True"


@pytest.mark.parametrize("taken", ["open to others", "a link"])
def test_a_folder_that_somebody_else_could_have_laid_there_is_not_used(
    tmp_path: Path, taken: str
) -> None:
    base = tmp_path / f"fer-dashboard-{os.getuid()}"
    if taken == "a link":
        (tmp_path / "elsewhere").mkdir()
        base.symlink_to(tmp_path / "elsewhere")
    else:
        base.mkdir()
        base.chmod(0o777)
    process = started(tmp_path, "")
    used = place(process)
    end(process)
    assert base not in used.parents and tmp_path / "elsewhere" not in used.parents
    assert used.is_relative_to(tmp_path)


def test_only_its_user_can_look_into_it(tmp_path: Path) -> None:
    process = started(tmp_path, "input()")
    own = place(process).parent
    assert own.stat().st_mode & 0o077 == 0 and own.parent.stat().st_mode & 0o077 == 0
    process.communicate("\n", timeout=60)
    assert tempfile.gettempdir() not in str(own) or not own.exists()
