"""The video page as a script, without a browser."""

import threading
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from skimage import data
from streamlit.testing.v1 import AppTest

from fer.results import FrameResult
from fer.ui.player import served
from fer.ui.shell import PUT_AWAY
from fer.video import VideoJob
from fer.video.video_task import VideoTask
from tests.ui.opened import html_of, open_page


def write_video(path: Path, count: int = 12) -> Path:
    """The portrait, standing still, at 10 frames a second."""
    rgb = cv2.resize(data.astronaut(), (320, 320), interpolation=cv2.INTER_AREA)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=10)
        stream.width = stream.height = 320
        stream.pix_fmt = "yuv420p"
        for _ in range(count):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture
def page() -> AppTest:
    return open_page("pages/3_Video.py")


def analysed(at: AppTest) -> AppTest:
    at.button(key="video_start").click().run()
    if at.session_state["video_run"] is not None:
        at.session_state["video_run"].wait(120)
    return at.run()


def typed(at: AppTest, path: object) -> None:
    """A path instead of an upload."""
    at.segmented_control(key="video_source").set_value("Path on this machine").run()
    at.text_input(key="video_path").set_value(str(path)).run()


def test_nothing_can_be_started_without_a_video(page: AppTest) -> None:
    assert page.title[0].value == "Video"
    assert page.button(key="video_start").disabled
    assert any("temporary folder" in text.value for text in page.caption)


def button_of(at: AppTest, beginning: str) -> Any:
    return next(one for one in at.button if one.key and one.key.startswith(beginning))


def test_an_upload_gives_a_player_people_and_downloads(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = write_video(tmp_path / "a.mp4").read_bytes()
    page.file_uploader(key="video_file").upload("my*film*.mp4", content, "video/mp4").run()
    at = analysed(page)
    assert not at.exception and not at.error
    labels = [button.label for button in at.get("download_button")]
    assert labels == [
        "Video with marked faces",
        "CSV",
        "JSON",
        "JSON Lines",
        "Parquet",
        "Save the report",
    ]
    assert [heading.value for heading in at.subheader] == [r"my\*film\*.mp4"]
    assert "<b>happy</b>" in html_of(at) and "<b>Person 1</b>" in html_of(at)
    at.toggle(key="video_why").set_value(True).run()
    assert not at.exception and not at.error
    # A video that is too large for memory stays where it is, and the page says where.
    monkeypatch.setattr("fer.ui.video.result._MOST_BYTES", 1000)
    at.run()
    assert at.get("download_button")[0].label == "CSV"
    assert any("more than a page hands out" in text.value for text in at.caption)
    assert not at.exception


def test_a_moment_of_a_face_is_taken_for_its_neutral_and_given_up_again(
    page: AppTest, tmp_path: Path
) -> None:
    page.file_uploader(key="video_file").upload(
        "a.mp4", write_video(tmp_path / "a.mp4").read_bytes(), "video/mp4"
    ).run()
    at = analysed(page)
    assert "own neutral" not in html_of(at)
    button_of(at, "person_neutral_1").click().run()
    assert not at.exception and not at.error
    assert "compared with own neutral: <b>" in html_of(at)
    button_of(at, "person_neutral_reset_1").click().run()
    assert not at.exception and "own neutral" not in html_of(at)


def test_a_result_that_is_cleared_leaves_no_file(page: AppTest, tmp_path: Path) -> None:
    typed(page, write_video(tmp_path / "a.mp4", 3))
    at = analysed(page)
    run = at.session_state["video_run"]
    at.button(key="video_clear").click().run()
    assert not at.exception and not run.folder.exists()
    assert at.session_state["video_run"] is None and not at.get("download_button")


def test_a_part_of_the_page_says_that_the_video_was_put_away_meanwhile(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(page, write_video(tmp_path / "a.mp4", 3))
    at = analysed(page)
    run = at.session_state["video_run"]

    def put_away(video: Path, name: str) -> str:
        address = served(video, name)
        run.close()
        return address

    # After the page has looked whether it is there, before a part of it draws it.
    monkeypatch.setattr("fer.ui.video.result.served", put_away)
    at.run()
    assert not at.exception and not at.error
    assert [text.value for text in at.info] == [PUT_AWAY]
    assert at.session_state["video_run"] is None and not at.get("download_button")


def test_a_path_and_fewer_frames(page: AppTest, tmp_path: Path) -> None:
    typed(page, write_video(tmp_path / "a.mp4"))
    page.segmented_control(key="video_rate").set_value("1 a second").run()
    page.toggle(key="video_annotate").set_value(False).run()
    at = analysed(page)
    assert not at.exception and not at.error
    assert any("12 pictures, 2 read" in text.value for text in at.caption)
    assert at.get("download_button")[0].label == "CSV"


def test_settings_are_there_after_a_page_switch(page: AppTest) -> None:
    page.segmented_control(key="video_rate").set_value("1 a second").run()
    page.toggle(key="video_annotate").set_value(False).run()
    page.toggle(key="video_identity").set_value(False).run()
    page.radio(key="video_labels").set_value("ferplus").run()
    page.switch_page("pages/5_Model.py").run()
    page.switch_page("pages/3_Video.py").run()
    assert page.segmented_control(key="video_rate").value == "1 a second"
    assert not page.toggle(key="video_annotate").value
    assert not page.toggle(key="video_identity").value
    assert page.radio(key="video_labels").value == "ferplus"


def test_faults_are_sentences(page: AppTest, tmp_path: Path) -> None:
    typed(page, "/no/such.mp4")
    page.button(key="video_start").click().run()
    assert "/no/such.mp4: this needs a file or folder" in page.error[0].value
    broken = tmp_path / "<b>.mp4"
    broken.write_bytes(b"text")
    page.text_input(key="video_path").set_value(str(broken)).run()
    at = analysed(page)
    assert not at.exception
    assert "this needs" in at.error[0].value and "\\<b\\>" in at.error[0].value


def test_a_result_stays_when_the_next_video_cannot_be_read(page: AppTest, tmp_path: Path) -> None:
    typed(page, write_video(tmp_path / "a.mp4", 3))
    at = analysed(page)
    run = at.session_state["video_run"]
    at.text_input(key="video_path").set_value(str(tmp_path)).run()
    at.button(key="video_start").click().run()
    assert "this needs a video file. Found: a folder" in at.error[0].value
    assert at.session_state["video_run"] is run and not run.closed
    assert not at.run().exception and at.get("download_button")


@pytest.mark.parametrize("door", ["home_clip", "video_sample"])
def test_the_sample_clip_does_not_take_the_place_of_a_video_that_is_being_read(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    asked, take = threading.Event(), VideoTask.take

    def wait(run: VideoTask, result: FrameResult) -> None:
        take(run, result)
        asked.wait(60)

    monkeypatch.setattr(VideoTask, "take", wait)
    typed(page, write_video(tmp_path / "a.mp4", 3))
    page.button(key="video_start").click().run()
    run = page.session_state["video_run"]
    if door == "home_clip":
        page.switch_page("streamlit_app.py").run()
    page.button(key=door).click().run()
    assert page.session_state["video_run"] is run and run.active
    assert any("A video is being read" in text.value for text in page.info)
    asked.set()
    run.wait(60)
    assert not page.run().exception and page.session_state["video_run"] is run


def test_a_run_that_is_cancelled_before_anything_was_read_goes_on(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_job = VideoTask.new_job

    def cancelled_first(run: VideoTask) -> VideoJob:
        run.cancel()
        return new_job(run)

    monkeypatch.setattr(VideoTask, "new_job", cancelled_first)
    typed(page, write_video(tmp_path / "a.mp4"))
    analysed(page)
    assert any("Stopped before" in text.value for text in page.markdown) and not page.error
    monkeypatch.setattr(VideoTask, "new_job", new_job)
    page.button(key="video_resume").click().run()
    run = page.session_state["video_run"]
    run.wait(120)
    assert not page.run().exception
    assert run.outcome.finished and run.outcome.analysed == 12


def test_a_run_is_cancelled_and_goes_on(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The run waits after each frame until it is cancelled, so that the test does not depend on
    # speed.
    begun, asked, take = threading.Event(), threading.Event(), VideoTask.take

    def wait(run: VideoTask, result: FrameResult) -> None:
        take(run, result)
        begun.set()
        asked.wait(60)

    monkeypatch.setattr(VideoTask, "take", wait)
    typed(page, write_video(tmp_path / "a.mp4", 20))
    page.button(key="video_start").click().run()
    run = page.session_state["video_run"]
    assert begun.wait(60)
    page.button(key="video_cancel").click().run()
    asked.set()
    run.wait(60)
    page.run()
    assert run.outcome is not None and not run.outcome.finished
    assert any("Stopped at" in text.value for text in page.markdown)
    page.button(key="video_resume").click().run()
    run.wait(120)
    page.run()
    assert not page.exception
    assert run.outcome.finished and run.outcome.analysed == 20
