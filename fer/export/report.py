"""A report of a session, a video or a set of pictures: one HTML file that needs nothing else.

It is written for somebody who never saw the program. All that came from outside is escaped; the
file holds no script and no address, and forbids the browser to load anything.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape

from fer.export import strips
from fer.export.events import Event
from fer.export.report_style import STYLE
from fer.export.strips import clock, nearest, paint
from fer.export.tally import Counts, Recording, Row, StrongestReading, Tally, tally
from fer.labels import UNSURE

Thumbnails = Callable[[StrongestReading], bytes | None]
"""A JPEG of a peak's face, or None where there is none."""

_POINTS = 300
_MOST_FAULTS = 50
_MOST_EVENTS = 200

_CARE = (
    "An expression is not a feeling. This says what a program reads in how faces look, frame by "
    "frame; people smile when they are sad and look stern when they think.",
    "Talking, chewing, a hand at the mouth, glasses, light and the angle of the head change what "
    "is read. Short changes are often none.",
    "It learned from pictures that were found on the web and judged by others. It reads some "
    "faces, and some groups of people, less well than others.",
    "Do not decide about a person with it: not on a job, a grade, a diagnosis or a claim.",
)


def report_html(
    rows: Iterable[Row],
    *,
    title: str,
    events: Sequence[Event] = (),
    thumbnails: Thumbnails | None = None,
    settings: Mapping[str, str] | None = None,
    accuracy: Sequence[str] = (),
) -> str:
    """A report as the text of an HTML file.

    Args:
        rows: The table, as ``fer.export.schema.to_rows`` makes it, in its order; may be a
            generator, since each is looked at once.
        title: Of what; the first heading.
        events: Markers and stimuli of the video or session.
        thumbnails: Gives the picture of a peak; None for a report without pictures of people.
        settings: What was chosen, as "name: value" to be shown.
        accuracy: Sentences on how often the model is right.
    """
    found = tally(rows, events=events)
    alone = len(found.recordings) == 1 and not found.picture_count
    body = [
        f"<h1>{_text(title)}</h1>",
        '<p class="lead">What a program read in the faces: which expression it saw, how often and '
        "how sure it was.</p>",
        _overview(found),
        _care(accuracy),
        *(_recording(one, events, thumbnails, alone=alone) for one in found.recordings.values()),
        _pictures(found, thumbnails),
        _faults(found),
        _made_with(found, settings or {}),
    ]
    today = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">"
        f"<title>{_text(title)}</title><style>{STYLE}{strips.STYLE}</style></head><body><main>"
        f"{''.join(body)}<footer>Made on {today}. Percentages are rounded.</footer>"
        "</main></body></html>\n"
    )
    # Lone surrogates, as of file names that are no UTF-8, cannot be written.
    return page.encode("utf-8", "backslashreplace").decode("utf-8")


def _text(value: object) -> str:
    """What came from outside, as text."""
    return escape(str(value))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table of cells that are HTML already.

    Args:
        head: Names of the columns.
        rows: The cells.
        numbers: Columns that are set to the right.
    """

    def line(cells: Sequence[str], tag: str) -> str:
        kinds = [' class="n"' if index in numbers else "" for index in range(len(cells))]
        return "".join(
            f"<{tag}{kind}>{cell}</{tag}>" for cell, kind in zip(cells, kinds, strict=True)
        )

    body = "".join(f"<tr>{line(cells, 'td')}</tr>" for cells in rows)
    return f'<div class="wide"><table><tr>{line(head, "th")}</tr>{body}</table></div>'


def _patch(label: str) -> str:
    return f'<i style="background:{paint(label)}"></i>{escape(label)}'


def _overview(found: Tally) -> str:
    recordings = list(found.recordings.values())
    people = sum(one.people for one in recordings)
    figures = {
        "Recordings": f"{len(recordings):,}" if len(recordings) > 1 else "",
        "Length": nearest(recordings[0].length_s) if len(recordings) == 1 else "",
        "People": f"{people:,}" if recordings else "",
        "Pictures": f"{found.picture_count:,}" if found.picture_count else "",
        "Readings": f"{found.everything.total:,}",
    }
    cells = "".join(
        f"<div><small>{name}</small><b>{value}</b></div>"
        for name, value in figures.items()
        if value
    )
    if not found.everything.total:
        return f'<div class="figures">{cells}</div><p>No face was found.</p>'
    # Of one person alone the same table follows.
    table = _shares(found.everything) if people != 1 or found.picture_count else ""
    return (
        f'<div class="figures">{cells}</div><p>{_sentence(found.everything)}</p>'
        f"{strips.share_bar(found.everything.shares())}{table}"
    )


def _sentence(counts: Counts) -> str:
    shares = list(counts.shares().items())
    text = f"Most often read: <b>{escape(shares[0][0])}</b>, {shares[0][1]:.0%}"
    if len(shares) > 1:
        text += f"; then {escape(shares[1][0])}, {shares[1][1]:.0%}"
    return f"{text} of {counts.total:,} {'reading' if counts.total == 1 else 'readings'}."


def _shares(counts: Counts) -> str:
    return _table(
        ("Expression", "Share", "Readings", "Confidence"),
        [
            (
                _patch(label),
                f"{share:.1%}",
                f"{counts.readings[label]:,}",
                f"{counts.mean_confidence(label):.0%}",
            )
            for label, share in counts.shares().items()
        ],
        numbers=(1, 2, 3),
    )


def _care(accuracy: Sequence[str]) -> str:
    lines = "".join(f"<li>{_text(line)}</li>" for line in (*accuracy, *_CARE))
    return f'<div class="care"><b>Before you read on</b><ul>{lines}</ul></div>'


def _recording(
    one: Recording, events: Sequence[Event], thumbnails: Thumbnails | None, *, alone: bool
) -> str:
    span = (0.0, max(one.length_s, 0.1))
    names = one.shown()
    parts = [f"<h2>{'Over time' if alone else _text(one.source)}</h2>"]
    if one.frames:
        parts.append(
            f"<p>{one.frames:,} frames were read, {one.empty / one.frames:.0%} of them without a "
            "face. Each person's colours are stacked: the higher a colour, the more likely that "
            "expression; it is blank where the person was not found.</p>"
        )
    parts.append(
        strips.legend(label for counts in one.persons.values() for label in counts.readings)
    )
    parts.extend(_person(one, name, span, events, thumbnails) for name in names)
    if (more := one.people - len(names)) > 0:
        parts.append(f"<p>{more:,} more people, in view more briefly, are in the sums above.</p>")
    parts.append(_events(one, names, [event for event in events if event.time_s <= span[1]]))
    return "".join(parts)


def _person(
    one: Recording,
    name: str,
    span: tuple[float, float],
    events: Sequence[Event],
    thumbnails: Thumbnails | None,
) -> str:
    counts = one.persons[name]
    arc = strips.lane(
        *one.line.of_faces((name,), most=_POINTS),
        one.line.labels,
        span,
        alt=f"Expressions of {name} from {clock(span[0])} to {nearest(span[1])}, stacked",
        events=events,
        height_px=84,
    )
    return (
        f'<section class="person"><h3>{_text(name)}</h3><p>{_sentence(counts)} In view from '
        f"{clock(counts.first_s)} to {nearest(counts.last_s)}.</p>"
        f"{strips.event_names(events, span)}{arc}{strips.time_axis(span)}"
        f"{_shares(counts)}{_peaks(counts, thumbnails)}</section>"
    )


def _peaks(counts: Counts, thumbnails: Thumbnails | None) -> str:
    peaks = sorted(counts.peaks.values(), key=lambda peak: -peak.share)
    if not peaks:
        return ""
    figures = "".join(_peak(one, thumbnails) for one in peaks)
    return f'<p>The strongest readings:</p><div class="peaks">{figures}</div>'


def _peak(peak: StrongestReading, thumbnails: Thumbnails | None) -> str:
    jpeg = thumbnails(peak) if thumbnails else None
    picture = ""
    if jpeg:
        data = base64.b64encode(jpeg).decode()
        picture = f'<img alt="{_text(peak.person)}" src="data:image/jpeg;base64,{data}">'
    where = _text(peak.source) if peak.time_s is None else f"at {clock(peak.time_s)}"
    return f"<figure>{picture}<b>{escape(peak.label)}</b> {peak.share:.0%}<br>{where}</figure>"


def _events(one: Recording, names: Sequence[str], events: Sequence[Event]) -> str:
    if not events:
        return ""
    rows = []
    for event in events[:_MOST_EVENTS]:
        read = [
            f"{_text(name)}: {_most(one.during[event][name])}"
            for name in names
            if name in one.during.get(event, {})
        ]
        end = "" if event.end_s is None else clock(event.end_s)
        rows.append(
            (clock(event.time_s), end, _text(event.label), _text(event.note), "<br>".join(read))
        )
    more = len(events) - len(rows)
    return (
        "<h3>Events</h3>"
        + _table(("From", "To", "Event", "Note", "Most read meanwhile"), rows)
        + (f"<p>{more:,} more are in the table of events.</p>" if more > 0 else "")
    )


def _most(counts: Counts) -> str:
    label, share = next(iter(counts.shares().items()))
    return f"{escape(label)} {share:.0%} of {counts.total:,}"


def _pictures(found: Tally, thumbnails: Thumbnails | None) -> str:
    if not found.picture_count:
        return ""
    rows = [
        (_text(one.source), "<br>".join(map(_text, one.readings)) or "no face")
        for one in found.pictures
    ]
    more = found.picture_count - len(rows)
    note = f"<p>{more:,} more pictures are in the sums above.</p>" if more > 0 else ""
    parts = [
        "<h2>Pictures</h2>",
        _shares(found.picture_faces) if found.recordings and found.picture_faces.total else "",
        _peaks(found.picture_faces, thumbnails),
        _table(("Picture", "What was read, the largest face first"), rows),
        note,
    ]
    return "".join(parts)


def _faults(found: Tally) -> str:
    if not found.faults:
        return ""
    rows = [(_text(source), _text(reason)) for source, reason in found.faults[:_MOST_FAULTS]]
    return f"<h2>Not read, or not whole: {len(found.faults):,}</h2>" + _table(("What", "Why"), rows)


def _made_with(found: Tally, settings: Mapping[str, str]) -> str:
    name, version, labels = found.model
    lines = {
        "Model": f"{name}, version {version}" if name else "",
        "Expressions it knows": ", ".join(labels),
        f"“{UNSURE}”": "it was not sure enough to name one",
        "Confidence": "how likely the program took the named expression to be, on average",
        **settings,
    }
    rows = [(_text(key), _text(value)) for key, value in lines.items() if value]
    return "<h2>How it was made</h2>" + _table(("", ""), rows)
