"""What a viewer's path may lead to, and who may type one."""

import os
from pathlib import Path
from unittest import mock

import pytest
from streamlit.testing.v1 import AppTest

from fer.errors import InputError
from fer.ui import typed_paths
from fer.ui.typed_paths import is_local, typed_path
from tests.ui.opened import ENTRY, open_page

MINE = {"host": "localhost:8501", "origin": "http://localhost:8501"}


@pytest.mark.parametrize(
    ("address", "headers", "local"),
    [
        ("127.0.0.1", MINE, True),
        ("::1", {"host": "[::1]:8501"}, True),
        (None, MINE, False),
        ("0.0.0.0", MINE, False),
        # A proxy on this machine, with and without what proxies add.
        ("127.0.0.1", {"host": "fer.example.org"}, False),
        ("127.0.0.1", {**MINE, "origin": "https://fer.example.org"}, False),
        ("127.0.0.1", {**MINE, "x-forwarded-for": "192.0.2.7"}, False),
        # A stranger's page whose name was made to lead here.
        ("127.0.0.1", {**MINE, "host": "rebound.example.org:8501"}, False),
        ("127.0.0.1", {**MINE, "origin": "null"}, False),
        ("127.0.0.1", {}, True),
        ("0.0.0.0", {}, False),
    ],
)
def test_only_a_browser_of_this_machine_is_local(
    address: str | None, headers: dict[str, str], local: bool
) -> None:
    assert is_local(address, headers) is local


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that paths may lead to, beside one that they may not."""
    (tmp_path / "open" / "sub").mkdir(parents=True)
    (tmp_path / "open" / "sub" / "a.csv").write_text("a")
    (tmp_path / "open-too").mkdir()
    for name in ("secret.csv", "open-too/secret.csv"):
        (tmp_path / name).write_text("root:x:0")
    (tmp_path / "open" / "link.csv").symlink_to(tmp_path / "secret.csv")
    (tmp_path / "open" / "good.csv").symlink_to(tmp_path / "open" / "sub" / "a.csv")
    (tmp_path / "open" / "round").symlink_to(tmp_path / "open" / "round")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "open" / "pipe.csv")
    monkeypatch.setenv("FER_PATHS", str(tmp_path / "open"))
    return tmp_path / "open"


def test_what_lies_under_a_root_is_found_with_its_links_resolved(root: Path) -> None:
    real = root / "sub" / "a.csv"
    assert typed_path(root / "sub" / ".." / "good.csv") == real.resolve()
    assert typed_path(root) == root.resolve()


@pytest.mark.parametrize(
    "leads_out",
    [
        "../secret.csv",
        "link.csv",
        "../open-too/secret.csv",
        "sub/../../secret.csv",
        "missing.csv",
        "round",
        "pipe.csv",
        "a\0.csv",
        "x" * 5000,
    ],
)
def test_what_is_missing_or_forbidden_has_one_message(root: Path, leads_out: str) -> None:
    text = f"{root}/{leads_out}"
    with pytest.raises(InputError) as fault:
        typed_path(text)
    assert str(fault.value) == (
        f"{text}: expected a file or folder that this dashboard may open, found none; check the "
        "path"
    )


@pytest.mark.parametrize(
    "device",
    [
        r"\\server\share\a.csv",
        "//server/share/a.csv",
        r"\\.\C:\a.csv",
        r"\\?\C:\a.csv",
        "/dev/zero",
        "/dev/stdin",
        "/proc/self/environ",
        "/sys",
        "~nobody-here/a.csv",
    ],
)
def test_devices_and_other_machines_are_refused_also_at_home(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FER_PATHS", raising=False)
    monkeypatch.setattr(typed_paths, "may_type", lambda: True)
    with pytest.raises(InputError, match="expected a file or folder that this dashboard may"):
        typed_path(device)


@pytest.mark.parametrize("name", ["NUL", "con.csv", "COM1", "Lpt9.txt", "aux"])
def test_windows_names_of_devices_are_known(name: str) -> None:
    assert typed_paths._WINDOWS_DEVICE.fullmatch(name)
    assert not typed_paths._WINDOWS_DEVICE.fullmatch(f"my{name}")


def shown_on(page: str, headers: dict[str, str], address: str) -> AppTest:
    """A page as somebody's browser asks for it."""
    at = AppTest.from_file(str(ENTRY), default_timeout=120)
    with (
        mock.patch("streamlit.runtime.context.StreamlitHeaders", lambda _: headers),
        mock.patch.object(typed_paths.st, "get_option", lambda _: address),
    ):
        return at.switch_page(page).run()


PAGES = ("pages/3_Video.py", "pages/4_Dataset.py")


@pytest.mark.parametrize("page", PAGES)
def test_a_visitor_from_elsewhere_finds_nowhere_to_type_a_path(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_DATA", "none")
    monkeypatch.delenv("FER_PATHS", raising=False)
    for headers, address in (
        ({"host": "192.0.2.1:8501"}, "0.0.0.0"),
        ({**MINE, "x-forwarded-for": "192.0.2.7"}, "127.0.0.1"),
    ):
        at = shown_on(page, headers, address)
        assert not at.exception and not at.error
        assert not at.text_input
        assert not [c for c in at.segmented_control if c.key == "video_source"]
    assert shown_on("pages/4_Dataset.py", MINE, "127.0.0.1").text_input


@pytest.mark.parametrize("page", PAGES)
def test_under_roots_a_path_elsewhere_opens_nothing(
    page: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_DATA", "none")
    said = []
    for name in ("secret.csv", "no-such.csv"):
        at = open_page(page)
        path = root.parent / name
        if "Video" in page:
            at.segmented_control(key="video_source").set_value("Path on this machine").run()
            at.text_input(key="video_path").set_value(str(path)).run()
            at.button(key="video_start").click().run()
        else:
            at.text_input(key="dataset_path").set_value(str(path)).run()
        assert not at.exception
        said.append(at.error[0].value.replace(name, "NAME"))
    assert said[0] == said[1] and "root:x" not in said[0]


def test_a_message_about_a_path_holds_nothing_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_DATA", "none")
    monkeypatch.setenv("FER_PATHS", str(tmp_path))
    secrets = {"passwd": b"root:x:0:0,hidden\n", "key.csv": b"\x30\x82hidden\xff\n,\n"}
    for name, content in secrets.items():
        (tmp_path / name).write_bytes(content)
        at = open_page("pages/4_Dataset.py")
        at.text_input(key="dataset_path").set_value(str(tmp_path / name)).run()
        assert not at.exception
        assert len(at.error) == 1
        assert "hidden" not in at.error[0].value and "root" not in at.error[0].value
