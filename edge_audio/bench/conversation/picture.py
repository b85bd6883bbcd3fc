"""The picture of the bench: each turn's gap with and without speculation, interruptions, and sounds."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from edge_audio.timeline.markup import Markup, joined, number, tag, text
from edge_audio.timeline.palette import style_sheet

_WIDTH, _MARGIN = 1200.0, 24.0
_LEFT = 44.0
_GAPS_PX = 300.0
_LONGEST_MS = 2500.0
"""Longer gaps are drawn at the upper edge."""

_GOALS_MS = (350.0, 900.0)
"""Goals for the median and the 95th percentile of the gaps."""

_ROW_PX = 17.0
_COLUMN_PX = 590.0
_BAR_X = 180.0
_MS_PX = 0.17
"""Pixels a millisecond in the rows of interruptions and sounds."""

_LONGEST_STOP_MS = 1800.0
"""Length of the bar of a reply that didn't resume."""


def draw(figures: dict[str, Any]) -> str:
    """Return the metrics of `measure_conversation` as SVG."""
    pieces = [tag("text", text("A scripted conversation"), class_="ink h1", x=0.0, y=40.0)]
    models = " · ".join(figures["models"].values())
    machine = figures["load"]
    load = f"{machine['processor']}, {machine['cores']} cores, load {machine['load_1min']}"
    pieces.append(tag("text", text(f"{models} · {load}"), class_="dim end", x=_WIDTH, y=40.0))
    pieces += _sums(figures)
    pieces.append(_heading("Response gaps", "from the end of speech to the first sound", 150.0))
    pieces += _legend(
        (("good", "with speculation"), ("dim", "without"), ("error", "cut off or split")), 150.0, 420.0
    )
    pieces += _gaps(figures["rows"], 182.0)
    top = 182.0 + _GAPS_PX + 62.0
    interruptions = [row for row in figures["rows"] if row["silence_ms"] is not None]
    pieces.append(_heading("Interruptions", "from their onset until the reply is silent", top))
    pieces += _interruptions(interruptions, top + 14.0)
    right = [_heading("Sounds over replies", "sound, and what silence it made", top)]
    right += _legend((("user-soft", "sound"), ("bot", "silence"), ("error", "false stop")), top, 390.0)
    right += _sounds(figures["sounds"], top + 14.0)
    pieces.append(tag("g", *right, transform=f"translate({number(_WIDTH - _COLUMN_PX)} 0)"))
    height = top + 30.0 + _ROW_PX * max(len(interruptions), len(figures["sounds"]), 1)
    return _page(pieces, height)


def _page(pieces: list[Markup], height: float) -> str:
    width = _WIDTH + 2 * _MARGIN
    return (
        tag(
            "svg",
            tag("title", text("A scripted conversation")),
            tag("style", Markup(style_sheet())),
            tag("rect", class_="ground", width=width, height=height),
            tag("g", joined(pieces), transform=f"translate({number(_MARGIN)} 0)"),
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {number(width)} {number(height)}",
            width=width,
            height=height,
            role="img",
        )
        + "\n"
    )


def _sums(figures: dict[str, Any]) -> Iterator[Markup]:
    gap, without = figures["response_gap_ms"], figures["response_gap_without_speculation_ms"]
    sums = (
        (str(figures["turns"]), "", "turns"),
        (_whole(gap["p50"]), "ms", "response gap, p50"),
        (_whole(gap["p95"]), "ms", "response gap, p95"),
        (_whole(without["p50"]), "ms", "without it, p50"),
        (_percent(figures["answered_from_speculation"]), "%", "answered ahead"),
        (_percent(figures["commit_rate"]), "%", "speculations committed"),
        (_percent(figures["cut_off_rate"]), "%", "cut off or split"),
        (_whole(figures["onset_to_silence_ms"]["p50"]), "ms", "onset to silence, p50"),
        (_percent(figures["false_stop_rate"]), "%", "false stops"),
    )
    for index, (figure, unit, name) in enumerate(sums):
        x = index * 134.0
        value = tag("tspan", text(figure), class_="ink figure number")
        yield tag("text", value, tag("tspan", text(unit), class_="dim", dx=4.0), x=x, y=86.0)
        yield tag("text", text(name), class_="dim small", x=x, y=104.0)


def _gaps(rows: Sequence[dict[str, Any]], top: float) -> Iterator[Markup]:
    """Draw a column for each turn, in the order of the script."""
    bottom = top + _GAPS_PX
    step = (_WIDTH - _LEFT) / max(len(rows), 1)

    def y(ms: float) -> float:
        return bottom - _GAPS_PX * min(ms, _LONGEST_MS) / _LONGEST_MS

    for ms in range(0, round(_LONGEST_MS) + 1, 500):
        yield tag("line", class_="s-rule line", x1=_LEFT, x2=_WIDTH, y1=y(ms), y2=y(ms))
        yield tag("text", text(f"{ms}"), class_="dim small end number", x=_LEFT - 8, y=y(ms) + 4)
    for goal_ms in _GOALS_MS:
        at = y(goal_ms)
        yield tag("line", class_="s-user line dash", x1=_LEFT, x2=_WIDTH, y1=at, y2=at)
        yield tag("text", text(f"{goal_ms:.0f}"), class_="user small end number", x=_LEFT - 8, y=at + 4)
    begin = 0
    for place, (part, group) in enumerate(groupby(rows, key=lambda row: row["part"])):
        x = _LEFT + begin * step
        yield tag("line", class_="s-rule line", x1=x, x2=x, y1=top - 14, y2=bottom)
        # Alternately on two lines, as the parts may be narrower than their names.
        yield tag("text", text(part), class_="dim small", x=x + 3, y=bottom + 15 + place % 2 * 13)
        begin += len(list(group))
    for index, row in enumerate(rows):
        yield from _gap(row, _LEFT + (index + 0.5) * step, y)


def _gap(row: dict[str, Any], x: float, y: Callable[[float], float]) -> Iterator[Markup]:
    gap_ms, without_ms = row["gap_ms"], row["gap_without_speculation_ms"]
    details = f"{row['clip']}: {row['said']} {_whole(gap_ms)} ms, without {_whole(without_ms)} ms"
    if gap_ms is not None and without_ms is not None:
        yield tag("line", class_="s-rule", x1=x, x2=x, y1=y(gap_ms), y2=y(without_ms), stroke_width=2.0)
    if without_ms is not None:
        yield tag("circle", class_="dim", cx=x, cy=y(without_ms), r=2.5)
    if gap_ms is not None:
        shade = "error" if row["cut_off"] else "good"
        yield tag("circle", tag("title", text(details)), class_=shade, cx=x, cy=y(gap_ms), r=4.0)
    else:
        yield tag("text", tag("title", text(details)), text("?"), class_="error bold mid", x=x, y=y(0.0) - 6)


def _interruptions(rows: Sequence[dict[str, Any]], top: float) -> Iterator[Markup]:
    for index, row in enumerate(rows):
        y = top + index * _ROW_PX
        width = row["silence_ms"] * _MS_PX
        yield tag("text", text(row["clip"]), class_="dim end", x=_BAR_X - 8, y=y + 11)
        yield tag("rect", class_="bot", x=_BAR_X, y=y + 2, width=width, height=_ROW_PX - 6)
        yield tag(
            "text", text(_whole(row["silence_ms"])), class_="ink number", x=_BAR_X + width + 5, y=y + 11
        )


def _sounds(rows: Sequence[dict[str, Any]], top: float) -> Iterator[Markup]:
    for index, row in enumerate(rows):
        y = top + index * _ROW_PX
        length_ms = row["length_ms"]
        yield tag("text", text(f"{row['clip']} over {row['over']}"), class_="dim end", x=_BAR_X - 8, y=y + 11)
        width = length_ms * _MS_PX
        yield tag("rect", class_="user-soft", x=_BAR_X, y=y + 2, width=width, height=_ROW_PX - 6)
        shade = "error" if row["false_stop"] else "bot"
        if row["stopped_ms"] is not None:
            end_ms = length_ms + row["back_ms"] if row["back_ms"] is not None else _LONGEST_STOP_MS
            x = _BAR_X + row["stopped_ms"] * _MS_PX
            width = max(end_ms - row["stopped_ms"], 0.0) * _MS_PX
            yield tag("rect", class_=shade, x=x, y=y + _ROW_PX - 7, width=width, height=3.0)
        if row["taken_for_a_turn"]:
            yield tag(
                "text",
                text("taken for a turn"),
                class_="error",
                x=_BAR_X + _LONGEST_STOP_MS * _MS_PX + 6,
                y=y + 11,
            )


def _legend(entries: Sequence[tuple[str, str]], y: float, x: float) -> Iterator[Markup]:
    for shade, meaning in entries:
        yield tag("rect", class_=shade, x=x, y=y - 9, width=12.0, height=9.0, rx=2.0)
        yield tag("text", text(meaning), class_="dim small", x=x + 16, y=y)
        x += 34 + 5.6 * len(meaning)


def _heading(title: str, remark: str, y: float) -> Markup:
    tail = tag("tspan", text(remark), class_="dim", dx=10.0)
    return tag("text", tag("tspan", text(title), class_="ink h2"), tail, x=0.0, y=y)


def _whole(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f}"
