"""Who can reach the dashboard."""

import os
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import free_port, wait_until_up

from fer.errors import InputError
from fer.ui.serve import app_script, check_address, is_loopback, notice, own_address

PROJECT = Path(__file__).parents[2]


@contextmanager
def started(tmp_path: Path, *command: str) -> Iterator[tuple[int, Path]]:
    """A server as a user starts it; gives its port and its log."""
    port, log = free_port(), tmp_path / "log.txt"
    full = [*command, f"--server.port={port}"] if "streamlit" in command else [*command, str(port)]
    environment = {"STREAMLIT_SERVER_HEADLESS": "true", "FER_DATA": "none"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *full],
            cwd=PROJECT,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
    try:
        wait_until_up(f"http://127.0.0.1:{port}", process, log)
        yield port, log
    finally:
        process.terminate()
        process.wait(20)


def reachable(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex((address, port)) == 0


@pytest.mark.parametrize(
    "command",
    [
        ("fer", "dashboard", "--port"),
        ("streamlit", "run", "streamlit_app.py"),
    ],
)
def test_by_default_only_this_machine_reaches_it(tmp_path: Path, command: tuple[str, ...]) -> None:
    with started(tmp_path, *command) as (port, log):
        assert reachable("127.0.0.1", port)
        assert not reachable(own_address(), port)
    if command[0] == "fer":
        assert f"http://localhost:{port}, for this machine only" in log.read_text()


def test_sharing_is_asked_for_and_says_what_it_means(tmp_path: Path) -> None:
    with started(tmp_path, "fer", "dashboard", "--host", "0.0.0.0", "--port") as (port, log):
        assert reachable(own_address(), port)
    said = log.read_text()
    assert f"SHARED: the dashboard is at http://{own_address()}:{port}" in said
    assert "no password" in said and "docs/sharing.md" in said


def test_make_run_shares_only_when_it_is_told_to() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    # ?= would take the HOST of the shell's environment.
    assert re.search(r"^HOST := 127\.0\.0\.1$", makefile, re.MULTILINE)
    assert "fer dashboard --host $(HOST) --port $(PORT)" in makefile


def test_the_configuration_that_ships_listens_on_this_machine() -> None:
    config = tomllib.loads((app_script().parent / ".streamlit/config.toml").read_text())
    assert is_loopback(config["server"]["address"])


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        (None, False),
        ("192.168.1.4", False),
        ("127.example.org", False),
    ],
)
def test_only_the_loopback_is_this_machine_alone(host: str | None, alone: bool) -> None:
    assert is_loopback(host) is alone


def test_an_ipv6_address_is_shown_as_a_browser_takes_it() -> None:
    assert "http://[2001:db8::1]:80 " in notice("2001:db8::1", 80)


def test_an_address_that_cannot_be_listened_on_is_refused_before_it_is_announced() -> None:
    check_address("127.0.0.1", free_port())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match=r"^port: expected a free one, got"):
            check_address("127.0.0.1", taken.getsockname()[1])
    # Set aside for documentation: no machine has it, no name server knows it.
    for host in ("192.0.2.1", "nowhere.invalid"):
        with pytest.raises(InputError, match=r"^host: expected an address of this machine"):
            check_address(host, free_port())
