import base64
import html
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from fer.export.events import Event
from fer.export.report import report_html
from fer.export.schema import SourceResult, to_rows
from fer.export.tally import StrongestReading, tally
from fer.results import Box, FaceEmotion, Reader

LABELS = ("sad", "happy", "neutral")
HOSTILE = "</title><script src='//evil.example/x.js'>alert(1)</script><img onerror=x \udce9>"


class Tags(HTMLParser):
    """Every tag with each of its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.extend((tag, name, value) for name, value in [("", None), *attrs])


def face(face_id: int, happy: float, emotion: str | None = "happy") -> FaceEmotion:
    rest = (1 - happy) / 2
    shares = {"sad": rest, "happy": happy, "neutral": rest}
    return FaceEmotion(Box(1, 2, 30, 40), emotion, happy, shares, 0.9, face_id)


def rows(results: list[SourceResult]) -> list[dict[str, object]]:
    return to_rows(results, Reader("xs", "2.0", "perceived", LABELS))


# Two persons for 20 s, ten frames a second; the second one comes later, and is held at last.
SESSION = rows(
    [
        SourceResult(
            "webcam",
            (face(1, 0.5 + i / 400, "happy" if i % 3 else None),)
            + ((replace(face(2, 0.8, "sad"), measured=i < 150),) if i >= 50 else ()),
            time_s=i / 10,
        )
        for i in range(200)
    ]
)
PICTURES = rows(
    [
        SourceResult("a.jpg", (face(0, 0.9), face(1, 0.7, None))),
        SourceResult("empty.jpg"),
        SourceResult("broken.jpg", reason="broken.jpg: expected a picture, got text"),
    ]
)


def text_of(page: str) -> str:
    """What a reader sees, with a bar between cells."""
    body = page[page.index("<body>") :]
    return re.sub(r"[\s|]+", " ", html.unescape(re.sub(r"<[^>]+>", "|", body)))


def test_the_figures_are_those_of_the_table() -> None:
    page = text_of(report_html(SESSION, title="Session"))
    assert "Length 0:20 People 2 Readings 300" in page
    read = [row for row in SESSION if row["measured"]]
    for person in (1, 2):
        counts = Counter(row["emotion"] or "unsure" for row in read if row["face_id"] == person)
        section = page[page.index(f"Person {person}") :]
        for label, n in counts.items():
            sure = [
                float(str(row["confidence"]))
                for row in read
                if row["face_id"] == person and (row["emotion"] or "unsure") == label
            ]
            share = n / counts.total()
            assert f" {label} {share:.1%} {n} {sum(sure) / n:.0%} " in section


def test_events_say_what_was_read_meanwhile() -> None:
    events = [Event(1.0, "start"), Event(5.0, "film", 9.95, "the dog")]
    page = text_of(report_html(SESSION, title="Session", events=events))
    assert "0:01 start" in page
    assert "0:05 0:09 film the dog Person 1: happy 66% of 50 Person 2: sad 100% of 50" in page


@pytest.mark.parametrize("every", [1, 3, 15])
def test_the_last_frame_counts_to_the_length(every: int) -> None:
    """90 frames at 15 a second are six seconds, whichever of them were read."""
    film = [SourceResult("a.mp4", (face(1, 0.9),), time_s=i / 15) for i in range(0, 90, every)]
    page = report_html(rows(film), title="Film")
    assert "Length 0:06" in text_of(page) and "0:05 0:05" not in text_of(page)
    assert re.findall(r'class="last"[^>]*>([^<]*)', page) == ["0:06"]
    if every == 1:
        assert "In view from 0:00 to 0:06" in text_of(page)


def test_a_pause_before_the_last_frame_does_not_lengthen_a_session() -> None:
    times = [*(i / 10 for i in range(100)), 70.0, 70.1]
    (one,) = tally(
        rows([SourceResult("webcam", (), time_s=at) for at in times])
    ).recordings.values()
    assert one.length_s == pytest.approx(70.2)
    (one,) = tally(rows([SourceResult("a.mp4", (), time_s=2.0)])).recordings.values()
    assert one.length_s == 2.0


def test_people_have_the_names_of_the_table_and_one_name_is_one_person() -> None:
    named = [{**row, "person": "Ada" if row["face_id"] == 1 else ""} for row in SESSION]
    page = text_of(report_html(named, title="Session"))
    assert "Ada" in page and "Person 1" not in page and "Person 2" in page
    (joined,) = tally({**row, "person": "Ada"} for row in SESSION).recordings.values()
    assert [(name, one.total) for name, one in joined.persons.items()] == [("Ada", 300)]


def test_pictures_of_people_are_there_only_if_asked_for() -> None:
    asked: list[StrongestReading] = []

    def picture(peak: StrongestReading) -> bytes | None:
        asked.append(peak)
        return b"jpeg" if peak.label == "happy" else None

    encoded = base64.b64encode(b"jpeg").decode()
    assert "image/jpeg" not in report_html(SESSION, title="Session")
    assert report_html(SESSION, title="Session", thumbnails=picture).count(encoded) == 1
    best = max(
        (row for row in SESSION if row["emotion"] == "happy"), key=lambda row: row["confidence"]
    )
    (happy,) = (peak for peak in asked if peak.label == "happy")
    assert (happy.time_s, happy.share) == (best["time_s"], best["confidence"])


def test_a_set_of_pictures_is_listed_with_what_could_not_be_read() -> None:
    page = text_of(report_html(PICTURES, title="Three pictures"))
    assert "Pictures 2 Readings 2" in page
    assert "a.jpg happy 90% unsure, happy 70%?" in page and "empty.jpg no face" in page
    assert "Not read, or not whole: 1" in page and "expected a picture, got text" in page
    assert "Length" not in page and "Over time" not in page


def test_several_videos_are_told_apart() -> None:
    second = [{**row, "source": "second.mp4"} for row in SESSION]
    page = text_of(report_html([*SESSION, *second, *PICTURES], title="Study"))
    assert "Recordings 2 People 4 Pictures 2 Readings 602" in page
    assert page.index(" webcam ") < page.index(" second.mp4 ") < page.index(" a.jpg ")


def test_without_a_reading_it_says_so() -> None:
    for nothing in ([], rows([SourceResult("a.mp4", time_s=0.0)])):
        assert "No face was found." in text_of(report_html(nothing, title="Nothing"))


@pytest.mark.parametrize("found", [SESSION, PICTURES], ids=["session", "pictures"])
def test_whatever_came_from_outside_is_text_and_nothing_is_loaded(
    found: list[dict[str, object]],
) -> None:
    page = report_html(
        [
            {
                **row,
                "source": HOSTILE,
                "model": HOSTILE,
                "person": HOSTILE,
                "reason": row["reason"] and HOSTILE,
            }
            for row in found
        ],
        title=HOSTILE,
        events=[Event(1.0, HOSTILE, 2.0, HOSTILE)],
        settings={HOSTILE: HOSTILE},
        accuracy=[HOSTILE],
    )
    page.encode()
    found_tags = Tags()
    found_tags.feed(page)
    names = {tag for tag, _name, _value in found_tags.seen}
    assert not names & {"script", "link", "iframe", "object", "form", "a"}
    for _tag, name, value in found_tags.seen:
        assert not name.startswith("on")
        # No address: what a browser would load is in the file.
        assert name not in ("src", "href", "srcset") or str(value).startswith("data:image/")
    assert "url(" not in page and "@import" not in page


def test_memory_does_not_grow_with_the_persons_of_a_film() -> None:
    crowd = rows(
        [SourceResult("a.mp4", (face(1, 0.9), face(i, 0.6)), time_s=i / 10) for i in range(2, 700)]
    )
    (film,) = tally(crowd).recordings.values()
    assert len(film.persons) <= 240 and film.shown()[0] == "Person 1"
    page = text_of(report_html(crowd, title="Crowd"))
    assert "People 699" in page and "675 more people" in page and "Readings 1,396" in page
