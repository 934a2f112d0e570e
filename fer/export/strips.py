"""Small drawings as HTML and SVG that pages and reports share; they need no script."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape

import numpy as np

from fer.export.events import Event
from fer.export.timeline import Floats
from fer.labels import COLOURS, UNSURE, UNSURE_COLOUR, in_order

STYLE = """
.fer-share {display:flex; gap:1px; height:.95rem; border-radius:.3rem; overflow:hidden;
  background:color-mix(in srgb, currentColor 10%, transparent);}
.fer-share span {display:block; height:100%;}
.fer-legend {display:flex; flex-wrap:wrap; gap:.15rem .9rem; font-size:.82rem; opacity:.85;}
.fer-legend i {display:inline-block; width:.7em; height:.7em; border-radius:.2em;
  margin-right:.35em;}
.fer-lane {width:100%; display:block; border-radius:.3rem;}
.fer-axis {position:relative; height:1.25rem; font-size:.75rem; opacity:.75;
  font-variant-numeric:tabular-nums; overflow:hidden;}
.fer-axis span {position:absolute; top:0; transform:translateX(-50%); white-space:nowrap;}
.fer-axis span.first {transform:none;} .fer-axis span.last {transform:translateX(-100%);}
"""

_WIDTH, _HEIGHT = 1000, 100
# Of the marks on a time axis, so that at most eight fit.
_TICKS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_MOST_TICKS = 7
_INK = "#14181C"


def clock(seconds: float) -> str:
    """``1:05``, or ``1:02:05`` from an hour on."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def nearest(seconds: float) -> str:
    """``clock``, to the nearest second: for where something ends, which 5.97 s in is 0:06."""
    return clock(int(seconds + 0.5))


def paint(label: str) -> str:
    """A CSS background for a label; "unsure" is hatched, or it would look like neutral."""
    if label != UNSURE:
        return COLOURS[label]
    return f"repeating-linear-gradient(45deg,{UNSURE_COLOUR} 0 3px,transparent 3px 6px)"


def legend(seen: Iterable[str]) -> str:
    """A patch of colour and the name of every label that was seen."""
    patches = "".join(
        f'<span><i style="background:{paint(label)}"></i>{escape(label)}</span>'
        for label in in_order(set(seen))
    )
    return f'<div class="fer-legend">{patches}</div>'


def share_bar(shares: Mapping[str, float]) -> str:
    """One bar divided by share, in the order of the legend."""
    parts = "".join(
        f'<span style="width:{shares[label]:.2%};background:{paint(label)}" '
        f'title="{escape(label)} {shares[label]:.0%}"></span>'
        for label in in_order(shares)
        if shares[label] > 0
    )
    return f'<div class="fer-share">{parts}</div>'


def lane(
    times: Floats,
    rows: Floats,
    labels: Sequence[str],
    span: tuple[float, float],
    *,
    alt: str,
    events: Iterable[Event] = (),
    height_px: int = 56,
) -> str:
    """A person's probabilities over time as a picture: a band per label, stacked to 1.

    Args:
        times: ``(n,)``, middles of equal steps in seconds, as ``TimeLine.of_face`` gives them.
        rows: ``(n, k)``; NaN where the person was away, which leaves a gap.
        labels: The k classes.
        span: First and last second that are drawn.
        alt: What the picture is, for those who do not see it.
        events: Drawn as lines, those with an end as spans.
        height_px: Of the picture.
    """
    start, end = span
    scale = _WIDTH / max(end - start, 1e-3)
    half = (times[1] - times[0]) / 2 if len(times) > 1 else 0.05
    drawn: list[str] = []
    for first, stop in _runs(rows):
        # Every mean reaches over the whole of its step, so that a single one shows too.
        edges = np.concatenate([times[first:stop] - half, times[stop - 1 : stop] + half])
        xs = np.repeat((edges - start) * scale, 2)[1:-1].clip(0, _WIDTH)
        tops = np.cumsum(rows[first:stop], axis=1).clip(0, 1)
        stack = []
        for index, label in enumerate(labels):
            if rows[first:stop, index].max() < 5e-4:
                continue
            ys = np.repeat(_HEIGHT * (1 - tops[:, index]), 2)
            edge = " ".join(f"{x:.0f},{y:.0f}" for x, y in zip(xs, ys, strict=True))
            # Level edges only: those between steps would be a hatching where much changes.
            level = "".join(
                f"M{left:.0f} {y:.0f}H{right:.0f}"
                for left, right, y in zip(xs[::2], xs[1::2], ys[::2], strict=True)
            )
            stack.append(
                f'<polygon fill="{COLOURS[label]}" '
                f'points="{xs[0]:.0f},{_HEIGHT} {edge} {xs[-1]:.0f},{_HEIGHT}"/>'
                f'<path d="{level}" stroke="{_INK}" vector-effect="non-scaling-stroke"/>'
            )
        # The tallest at the back: each band then needs its upper edge only.
        drawn.extend(reversed(stack))
    for one in events:
        x = (one.time_s - start) * scale
        width = ((one.end_s or one.time_s) - one.time_s) * scale
        if x + width < 0 or x > _WIDTH:
            continue
        drawn.append(
            f'<rect x="{x:.1f}" y="0" width="{max(width, 0):.1f}" height="{_HEIGHT}" '
            f'fill="{_INK}" fill-opacity=".16"/>'
            f'<path d="M{x:.1f} 0V{_HEIGHT}" stroke="{_INK}" stroke-width="2" '
            f'vector-effect="non-scaling-stroke"/>'
        )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'preserveAspectRatio="none"><rect width="{_WIDTH}" height="{_HEIGHT}" fill="#8A94A0" '
        f'fill-opacity=".14"/>{"".join(drawn)}</svg>'
    )
    # Inline SVG does not survive a page's sanitiser; an image does.
    data = base64.b64encode(svg.encode()).decode()
    return (
        f'<img class="fer-lane" style="height:{height_px}px" alt="{escape(alt)}" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def _runs(rows: Floats) -> list[tuple[int, int]]:
    """First and last + 1 of each stretch without NaN."""
    known = np.concatenate([[False], ~np.isnan(rows).any(axis=1), [False]]).astype(np.int8)
    turns = np.flatnonzero(np.diff(known))
    return [(int(first), int(stop)) for first, stop in zip(turns[::2], turns[1::2], strict=True)]


def time_axis(span: tuple[float, float]) -> str:
    """Times below a lane, as many as fit on a phone."""
    start, end = span
    length = max(end - start, 1e-3)
    step = next((one for one in _TICKS_S if length / one <= _MOST_TICKS), length / _MOST_TICKS)
    ends = nearest(start), nearest(end)
    between = "".join(
        _placed(float(at), clock(at), "", span)
        for at in np.arange(np.ceil(start / step) * step, end, step)
        # Not where it would touch the first or the last, or say the same.
        if start + 0.09 * length < at < end - 0.09 * length and clock(at) not in ends
    )
    first, last = _placed(start, ends[0], "first", span), _placed(end, ends[1], "last", span)
    return f'<div class="fer-axis">{first}{between}{last}</div>'


def event_names(events: Sequence[Event], span: tuple[float, float]) -> str:
    """Names over a lane, where its events are; of those that would cover each other, the first."""
    start, end = span
    length = max(end - start, 1e-3)
    names, free_s = "", start
    for one in sorted(events, key=lambda event: event.time_s):
        if free_s <= one.time_s <= end:
            text = one.label[:14]
            late = one.time_s > start + 0.9 * length
            names += _placed(one.time_s, text, "last" if late else "first", span)
            # As wide as they are on a phone.
            free_s = one.time_s + length * 0.025 * (len(text) + 1)
    return f'<div class="fer-axis">{names}</div>' if names else ""


def _placed(at: float, text: str, kind: str, span: tuple[float, float]) -> str:
    share = (at - span[0]) / max(span[1] - span[0], 1e-3)
    return f'<span class="{kind}" style="left:{share:.2%}">{escape(text)}</span>'
