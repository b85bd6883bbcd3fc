"""The score: the conversation line by line like a sheet of music, quiet stretches left out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_audio.events import TurnReport
from edge_audio.terminal.screen import harmless, head, stage_style
from edge_audio.timeline.markup import Markup, joined, tag, text
from edge_audio.timeline.model import LEVELS_PER_S, Ahead, Answer, Stretch, Timeline

LEFT, RIGHT = 92.0, 1176.0
"""Where time is drawn, in pixels of the picture's width."""

STAVE_S = 12.0
"""How much of the conversation stands on one line."""

_PX_PER_S = (RIGHT - LEFT) / STAVE_S
_CHARACTER_PX = 6.7
"""Approximate width of a character: the reader's font is unknown."""

_LEAD_IN_S = 0.3
_QUIET_S = 2.5
"""Longer quiet is left out."""

_FADE_S = 0.8
"""How much is drawn of a stretch whose other end is unknown."""

# Heights of what stands on a line, in pixels from its top.
_SAID_Y = 16.0
_USER_Y, _USER_PX = 24.0, 24.0
_AHEAD_Y, _AHEAD_PX = 55.0, 10.0
_STAGES_Y, _STAGES_PX = 72.0, 10.0
_BOT_Y, _BOT_PX = 89.0, 24.0
_REPLY_Y = 128.0
_AXIS_Y = 137.0
STAVE_PX = 172.0
"""Height of a line with the gap after it."""

_LANES = (
    ("you", _USER_Y + 16),
    ("ahead", _AHEAD_Y + 9),
    ("delay", _STAGES_Y + 9),
    ("answer", _BOT_Y + 16),
)
_GLYPHS = {"committed": "✓", "cancelled": "✕", "superseded": "↻", "failed": "!"}


@dataclass(frozen=True, slots=True)
class _Stave:
    """One line: what happens from `start_s` to `end_s`, drawn at `top`."""

    start_s: float
    end_s: float
    top: float

    def x(self, at_s: float) -> float:
        return LEFT + (min(max(at_s, self.start_s), self.end_s) - self.start_s) * _PX_PER_S

    def y(self, y: float) -> float:
        return self.top + y

    def shows(self, start_s: float, end_s: float) -> bool:
        return start_s < self.end_s and end_s > self.start_s

    def has(self, at_s: float) -> bool:
        return self.start_s <= at_s < self.end_s


def draw_score(timeline: Timeline, top: float) -> tuple[Markup, float]:
    """Draw all lines below `top`; return them and where they end."""
    pieces: list[Markup] = []
    before: _Stave | None = None
    for start_s, end_s in staves(activity(timeline)):
        stave = _Stave(start_s, end_s, top)
        skipped_s = start_s - (before.end_s if before else 0.0)
        pieces += _draw_stave(timeline, stave, skipped_s)
        before, top = stave, top + STAVE_PX
    return joined(pieces), top


def activity(timeline: Timeline) -> list[tuple[float, float]]:
    """Return when anything happens, in order, without overlaps; a turn and its answer are one stretch."""
    stretches = [_span(stretch) for stretch in timeline.speech]
    stretches += [(ahead.start_s, ahead.end_s) for ahead in timeline.ahead]
    stretches += [_span(Stretch(answer.start_s, answer.end_s)) for answer in timeline.answers]
    stretches += [(remark.at_s, remark.at_s + 1.0) for remark in timeline.remarks]
    over_s = {
        answer.report.first_audio_s: _span(Stretch(answer.start_s, answer.end_s))[1]
        for answer in timeline.answers
    }
    for begin_s, turn in zip(timeline.begins_s, timeline.turns, strict=True):
        stretches.append((begin_s, over_s.get(turn.first_audio_s, (turn.turn_end_s or begin_s) + 1.0)))
    merged: list[tuple[float, float]] = []
    for start_s, end_s in sorted(stretches):
        if merged and start_s <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end_s, merged[-1][1]))
        else:
            merged.append((start_s, end_s))
    return merged


def staves(active: Iterable[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Split time into lines of at most `STAVE_S`, at quiet moments where there are any.

    A line starts shortly before something happens. One that would end early is extended, up to a line's
    length, so that all lines have one scale.
    """
    line: tuple[float, float] | None = None
    for start_s, end_s in active:
        if line is not None and start_s - line[1] <= _QUIET_S and end_s <= line[0] + STAVE_S:
            line = (line[0], end_s)
            continue
        if line is not None:
            yield line[0], min(line[0] + STAVE_S, max(line[1], start_s - _LEAD_IN_S))
        begin_s = max(0.0, start_s - _LEAD_IN_S, line[1] if line is not None else 0.0)
        while end_s - begin_s > STAVE_S:
            yield begin_s, begin_s + STAVE_S
            begin_s += STAVE_S
        line = (begin_s, end_s)
    if line is not None:
        yield line[0], line[0] + STAVE_S


def _span(stretch: Stretch) -> tuple[float, float]:
    """Return what is drawn of it."""
    start_s, end_s = stretch.start_s, stretch.end_s
    if start_s is None:
        start_s = (end_s or 0.0) - _FADE_S
    return start_s, start_s + _FADE_S if end_s is None else end_s


def _draw_stave(timeline: Timeline, stave: _Stave, skipped_s: float) -> Iterator[Markup]:
    yield from _draw_frame(stave, skipped_s, timeline.complete)
    yield _wave(timeline.heard, stave, stave.start_s, stave.end_s, _USER_Y, _USER_PX, "user-soft")
    yield _wave(timeline.played, stave, stave.start_s, stave.end_s, _BOT_Y, _BOT_PX, "bot-soft")
    for stretch in timeline.speech:
        if stave.shows(*_span(stretch)):
            yield from _draw_speech(timeline, stave, stretch)
    for at_s in timeline.taken_back_s:
        if stave.has(at_s):
            yield _mark_end(stave, at_s, "warning", "The turn was taken to be over, but went on.")
    for turn in timeline.turns:
        if turn.turn_end_s is not None and stave.has(turn.turn_end_s):
            yield _mark_end(stave, turn.turn_end_s, "dim", "The turn was judged to be over.")
        yield from _draw_stages(stave, turn)
    for ahead in timeline.ahead:
        if stave.shows(ahead.start_s, ahead.end_s):
            yield _draw_ahead(stave, ahead)
    for answer in timeline.answers:
        if stave.shows(*_span(Stretch(answer.start_s, answer.end_s))):
            yield from _draw_answer(timeline, stave, answer)
    for remark in timeline.remarks:
        if stave.has(remark.at_s):
            shade = "error" if remark.is_error else "warning"
            yield _label(stave, remark.at_s, _AXIS_Y - 24, f"! {remark.text}", f"{shade} small")
    yield from _said(timeline, stave)


def _draw_frame(stave: _Stave, skipped_s: float, complete: bool) -> Iterator[Markup]:
    yield tag("rect", class_="panel", x=0.0, y=stave.top, width=1200.0, height=STAVE_PX - 10, rx=8.0)
    if skipped_s > _QUIET_S:
        quiet = f"{_clock(skipped_s)} min" if skipped_s >= 60 else f"{skipped_s:.0f} s"
        quiet_text = text(f"{quiet} quiet ⇥")
        yield tag("text", quiet_text, class_="dim small end", x=LEFT - 14, y=stave.y(_AXIS_Y + 13))
    for name, y in _LANES:
        if complete or name != "ahead":
            yield tag("text", text(name), class_="dim end", x=LEFT - 14, y=stave.y(y))
    second = int(np.ceil(stave.start_s))
    while second <= stave.end_s:
        x = stave.x(second)
        yield tag("line", class_="s-rule line", x1=x, x2=x, y1=stave.y(_USER_Y - 2), y2=stave.y(_AXIS_Y))
        if second % 2 == 0:
            y = stave.y(_AXIS_Y + 13)
            yield tag("text", text(_clock(second)), class_="dim small mid number", x=x, y=y)
        second += 1
    yield tag("line", class_="s-rule line", x1=LEFT, x2=RIGHT, y1=stave.y(_AXIS_Y), y2=stave.y(_AXIS_Y))


def _draw_speech(timeline: Timeline, stave: _Stave, stretch: Stretch) -> Iterator[Markup]:
    start_s, end_s = _span(stretch)
    known = stretch.start_s is not None
    title = f"You spoke from {start_s:.2f} to {end_s:.2f} s" if known else f"You spoke until {end_s:.2f} s"
    yield _bar(stave, start_s, end_s, _USER_Y, _USER_PX, "user" if known else "fade-in", title)
    if known:
        yield _wave(timeline.heard, stave, start_s, end_s, _USER_Y, _USER_PX, "panel")


def _draw_ahead(stave: _Stave, ahead: Ahead) -> Markup:
    committed = ahead.outcome == "committed"
    shade = {"committed": "good", "failed": "error"}.get(ahead.outcome, "hatch")
    title = (
        f"Answer to “{harmless(ahead.text)}”, started at {ahead.start_s:.2f} s, "
        f"{ahead.outcome} after {ahead.end_s - ahead.start_s:.2f} s"
    )
    stroke = "" if committed else " s-wasted"
    bar = _bar(stave, ahead.start_s, ahead.end_s, _AHEAD_Y, _AHEAD_PX, shade + stroke, title, radius=3.0)
    glyph = tag(
        "text",
        text(_GLYPHS[ahead.outcome]),
        class_=f"{'good' if committed else 'wasted'} bold small",
        x=stave.x(ahead.end_s) + 3,
        y=stave.y(_AHEAD_Y + 9),
    )
    return joined([bar, glyph] if stave.has(ahead.end_s) else [bar])


def _draw_stages(stave: _Stave, turn: TurnReport) -> Iterator[Markup]:
    """Draw where the time between the end of speech and the first sound went."""
    at_s = turn.speech_end_s
    if at_s is None or not turn.stages_ms:
        return
    for name, ms in turn.stages_ms.items():
        start_s, at_s = at_s, at_s + ms / 1000
        if ms >= 1 and stave.shows(start_s, at_s):
            shade = stage_style(name)
            yield _bar(stave, start_s, at_s, _STAGES_Y, _STAGES_PX, shade, f"{name} {ms:.0f} ms", radius=0.0)
    if turn.response_gap_ms is not None and stave.has(at_s):
        gap = f"{turn.response_gap_ms:.0f} ms"
        yield tag(
            "text", text(gap), class_="ink bold small number", x=stave.x(at_s) + 5, y=stave.y(_STAGES_Y + 9)
        )


def _draw_answer(timeline: Timeline, stave: _Stave, answer: Answer) -> Iterator[Markup]:
    start_s, end_s = _span(Stretch(answer.start_s, answer.end_s))
    heard = harmless(answer.report.heard_text)
    if answer.end_s is None:
        yield _bar(stave, start_s, end_s, _BOT_Y, _BOT_PX, "fade-out", f"“{heard}”, from {start_s:.2f} s on")
    else:
        title = f"“{heard}”, from {start_s:.2f} to {end_s:.2f} s"
        yield _bar(stave, start_s, end_s, _BOT_Y, _BOT_PX, "bot", title)
        yield _wave(timeline.played, stave, start_s, end_s, _BOT_Y, _BOT_PX, "panel")
    for held_s, on_s in answer.held:
        if stave.shows(held_s, on_s):
            title = f"Held in silence for {on_s - held_s:.2f} s"
            yield _bar(stave, held_s, on_s, _BOT_Y, _BOT_PX, "held s-bot", title, radius=0.0)
    if answer.report.interrupted and stave.has(end_s):
        x, top, bottom = stave.x(end_s), stave.y(_BOT_Y - 4), stave.y(_BOT_Y + _BOT_PX + 4)
        if answer.end_s is not None:
            yield tag("line", class_="s-error", x1=x, x2=x, y1=top, y2=bottom, stroke_width=2.5)
        yield tag("text", text("✕ interrupted"), class_="error bold small", x=x + 6, y=stave.y(_BOT_Y + 16))


def _said(timeline: Timeline, stave: _Stave) -> Iterator[Markup]:
    """Write what was said above its speaker, each text cut to the room before the next."""
    asked = [
        (began_s if timeline.complete else began_s - _FADE_S, turn.user_text)
        for began_s, turn in zip(timeline.begins_s, timeline.turns, strict=True)
        if stave.has(began_s)
    ]
    yield from _row(stave, sorted(asked), _SAID_Y, "ink bold")
    answered = sorted(
        (answer.start_s, answer.report.heard_text) for answer in timeline.answers if stave.has(answer.start_s)
    )
    yield from _row(stave, answered, _REPLY_Y, "ink")


def _row(stave: _Stave, texts: list[tuple[float, str]], y: float, shade: str) -> Iterator[Markup]:
    for index, (at_s, words) in enumerate(texts):
        end_x = stave.x(texts[index + 1][0]) if index + 1 < len(texts) else RIGHT
        cells = int((end_x - stave.x(at_s) - 8) / _CHARACTER_PX)
        if words and cells > 1:
            yield _label(stave, at_s, y, head(harmless(words), cells), shade, harmless(words))


def _label(stave: _Stave, at_s: float, y: float, words: str, shade: str, title: str = "") -> Markup:
    content = [text(words)] + ([tag("title", text(title))] if title else [])
    return tag("text", *content, class_=shade, x=stave.x(at_s), y=stave.y(y))


def _mark_end(stave: _Stave, at_s: float, shade: str, title: str) -> Markup:
    x = stave.x(at_s)
    return tag(
        "line",
        tag("title", text(title)),
        class_=f"s-{shade} line dash",
        x1=x,
        x2=x,
        y1=stave.y(_USER_Y - 2),
        y2=stave.y(_BOT_Y + _BOT_PX),
    )


def _bar(
    stave: _Stave,
    start_s: float,
    end_s: float,
    y: float,
    height: float,
    shade: str,
    title: str,
    *,
    radius: float = 4.0,
) -> Markup:
    x = stave.x(start_s)
    width = max(1.0, stave.x(end_s) - x)
    return tag(
        "rect",
        tag("title", text(title)),
        class_=shade,
        x=x,
        y=stave.y(y),
        width=width,
        height=height,
        rx=min(radius, width / 2) or None,
    )


def _wave(
    peaks: NDArray[np.float32] | None,
    stave: _Stave,
    start_s: float,
    end_s: float,
    y: float,
    height: float,
    shade: str,
) -> Markup:
    """Draw loudness as a shape around the middle of the lane, by its square root, closer to how ears hear."""
    if peaks is None:
        return Markup("")
    first = round(max(start_s, stave.start_s) * LEVELS_PER_S)
    shown = np.sqrt(peaks[first : round(min(end_s, stave.end_s) * LEVELS_PER_S)])
    if not shown.any():
        return Markup("")
    middle = stave.y(y + height / 2)
    halves = shown * (height / 2 - 2)
    bent = np.abs(np.diff(halves, prepend=0.0, append=0.0)) > 0.05
    outline = [
        (stave.x((first + index + 0.5) / LEVELS_PER_S), halves[index])
        for index in np.flatnonzero(bent[:-1] | bent[1:])  # a straight line needs no points but its ends
    ]
    above = [f"{x:.1f},{middle - half:.1f}" for x, half in outline]
    below = [f"{x:.1f},{middle + half:.1f}" for x, half in outline]
    return tag("polygon", class_=shade, points=" ".join(above + below[::-1]))


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
