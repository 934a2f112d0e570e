import pytest

from fer.errors import InputError
from fer.export.events import Event, events_csv, read_events, with_events

FILM = Event(65.5, "film", 90.0, "the dog; the ball")


@pytest.mark.parametrize(
    "content",
    [
        "time,label,end,note\n65.5,film,90,the dog; the ball\n",
        '\ufeffTime_s;Label;End_s;Note\r\n1:05,5;film;1:30;"the dog; the ball"\r\n'.replace(
            "1:05,5", "65,5"
        ),
        "65.5\tfilm\t90\tthe dog; the ball",
        "note,end,event,start\nthe dog; the ball,0:01:30,film,1:05.5\n",
        events_csv([FILM]),
    ],
    ids=["header", "semicolons", "no header", "other order and clock", "own"],
)
def test_a_csv_of_events_is_read_however_it_was_written(content: str) -> None:
    assert read_events(content.encode()) == (FILM,)


def test_events_come_in_the_order_of_time_and_go_back_and_forth() -> None:
    events = (Event(1.0, "=1+1", None, "@x"), Event(2.0, "'quoted"), FILM)
    assert read_events(events_csv(reversed(events))) == events
    # A spreadsheet runs none of it.
    assert ",'=1+1,,'@x" in events_csv(events)


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ("time,note\n1,x", "got time_s, note"),
        ("soon,film\n1,x", "got soon, film"),
        ("time,label\nlater,x", "'later,x' in line 2"),
        ("time,label\n1,a\n2,", "'2,' in line 3"),
        ("time,label,end\n5,a,4", "'5,a,4' in line 2"),
        ("time,label,end\n5,a,x", "'5,a,x' in line 2"),
        ("-1,a\n", "got -1, a"),
        (" , \n1,a\n", "got  and 1 rows"),
        pytest.param("time,label\n1," + "a" * 200_000, "got: field larger", id="a long cell"),
        pytest.param("9" * 5000 + ":00,a", "got 999", id="a number of 5,000 digits"),
    ],
)
def test_what_is_no_event_is_refused_with_its_line(content: str, got: str) -> None:
    with pytest.raises(InputError, match=r"marks\.csv: expected .*; change it") as refused:
        read_events(content, "marks.csv")
    assert got in str(refused.value)


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ("time,label\n\n0,a\n1,x,0.5\n", "at most 2 cells a row, time_s, label, got '1,x,0.5' in"),
        ("time,label\n\n0,a\n1,x,0.5\n", "got '1,x,0.5' in line 4"),
        ("time,label,\n1,x,0.5\n", "got '1,x,0.5' in line 2"),
        ("65.5,film,90,the dog, the ball", "got '65.5,film,90,the dog,the ball' in line 1"),
    ],
)
def test_a_cell_without_a_column_is_refused_and_not_dropped(content: str, got: str) -> None:
    with pytest.raises(InputError, match=r"^marks\.csv: expected .*; name the column") as refused:
        read_events(content, "marks.csv")
    assert got in str(refused.value)


def test_empty_cells_at_the_end_of_a_row_are_no_fault() -> None:
    assert read_events("time,label,\n1,x,,,\n2,y,\n") == (Event(1.0, "x"), Event(2.0, "y"))


def test_a_moment_holds_nothing_and_a_span_its_ends() -> None:
    assert [FILM.holds(time_s) for time_s in (65.4, 65.5, 90.0, 90.1)] == [False, True, True, False]
    assert not Event(1.0, "x").holds(1.0)


def test_every_source_has_its_events_and_none_falls_between_two_frames() -> None:
    frames = [("a.mp4", 0.0), ("a.mp4", 0.5), ("a.mp4", 0.5), ("a.mp4", 1.0), ("b.mp4", 0.7)]
    rows = [{"source": source, "time_s": time_s, "events": ""} for source, time_s in frames]
    rows.append({"source": "c.jpg", "time_s": None, "events": ""})
    events = [Event(0.4, "film", 0.6), Event(0.0, "start"), Event(0.45, "1"), Event(9.0, "late")]
    named = [row["events"] for row in with_events(rows, events)]
    assert named == ["start", "film; 1", "film; 1", "", "start; film; 1", ""]
    assert list(with_events(rows, [])) == rows
