"""What fer/ui/webrtc builds on in streamlit-webrtc and aiortc is still what it was written for.

When this fails after an upgrade: read what changed upstream, adapt fer/ui/webrtc, run the browser
tests of the webcam page, then move the versions in pyproject.toml, in the docstrings there and here
the digests (the failing assertion shows the new one).
"""

import hashlib
import inspect
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import aiortc.codecs.vpx
import aiortc.contrib.media
import aiortc.rtcrtpsender
import pytest
import streamlit_webrtc
import streamlit_webrtc.component
import streamlit_webrtc.process
import streamlit_webrtc.relay
import streamlit_webrtc.session_info
import streamlit_webrtc.webrtc
from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[3]
WEBRTC = PROJECT / "fer" / "ui" / "webrtc"
WRITTEN_FOR = {"streamlit-webrtc": "0.79", "aiortc": "1.16"}

BUILT_ON: list[tuple[object, str]] = [
    (aiortc.contrib.media.MediaRelay, "b737ebaff87638cd"),
    (aiortc.codecs.vpx.Vp8Encoder, "6cf4262a7b1d212a"),
    (aiortc.rtcrtpsender.RTCRtpSender._next_encoded_frame, "89dd9fa4fb33741c"),
    (streamlit_webrtc.relay.get_global_relay, "012c47a2d4ce8959"),
    (streamlit_webrtc.process.AsyncVideoProcessTrack, "fa49130a77395ab8"),
    (streamlit_webrtc.process.AsyncMediaProcessTrack, "e1fd36f892a93063"),
    (streamlit_webrtc.component._get_or_create_context, "c51127019797042b"),
    (streamlit_webrtc.session_info.get_script_run_count, "2cda82c4b91b8685"),
]


def digest(built_on: object) -> str:
    return hashlib.sha256(inspect.getsource(built_on).encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("built_on", "known"), BUILT_ON, ids=lambda one: getattr(one, "__name__", "")
)
def test_what_is_replaced_or_reached_into_has_not_changed(
    built_on: Callable[..., object], known: str
) -> None:
    assert digest(built_on) == known


@pytest.mark.parametrize("name", WRITTEN_FOR)
def test_the_installed_version_is_the_one_written_for_and_the_next_is_capped(name: str) -> None:
    assert version(name).startswith(f"{WRITTEN_FOR[name]}.")
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    listed = {one.name: one for one in map(Requirement, project["dependencies"])}
    major, minor = map(int, WRITTEN_FOR[name].split("."))
    assert listed[name].specifier.contains(f"{major}.{minor}.0")
    assert not listed[name].specifier.contains(f"{major}.{minor + 1}.0")


def test_every_module_that_reaches_in_names_the_versions() -> None:
    for module in ("relay", "encoder", "script_runs"):
        text = " ".join((WEBRTC / f"{module}.py").read_text().split())
        assert any(f"Written for {name} {number}" in text for name, number in WRITTEN_FOR.items())


def test_nothing_outside_the_folder_reaches_into_either() -> None:
    allowed = {"from streamlit_webrtc import WebRtcMode, webrtc_streamer"}
    for path in (PROJECT / "fer").rglob("*.py"):
        if path.parent != WEBRTC:
            lines = [line for line in path.read_text().splitlines() if "import" in line.split()]
            found = {line for line in lines if "streamlit_webrtc" in line or "aiortc" in line}
            assert found <= allowed, path


def test_the_browser_part_says_the_words_by_which_faults_are_known() -> None:
    # fer/ui/webcam/camera_watch.py reads them in the frame of the stream.
    assets = Path(streamlit_webrtc.__file__).parent / "frontend" / "dist" / "assets"
    scripts = "".join(path.read_text(errors="replace") for path in assets.glob("*.js"))
    assert "taking longer than" in scripts and "NotAllowedError" in scripts
