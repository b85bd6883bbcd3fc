"""The chart: every turn's response gap as a bar of its stages, one below the other."""

import math
from collections.abc import Iterator

from edge_audio.events import TurnReport
from edge_audio.terminal.screen import harmless, head, stage_style
from edge_audio.timeline.markup import Markup, joined, tag, text

_TEXT_X, _BAR_X, _RIGHT = 44.0, 400.0, 1060.0
_ROW_PX, _BAR_PX = 24.0, 14.0
_TEXT_CELLS = 50


def draw_chart(turns: list[TurnReport], top: float) -> tuple[Markup, float]:
    """Draw a row for each turn below `top`; return them and where they end."""
    longest_ms = max((_length_ms(turn) for turn in turns), default=0.0)
    step_ms = _step_ms(longest_ms)
    full_ms = max(step_ms, math.ceil(longest_ms / step_ms) * step_ms)
    bottom = top + len(turns) * _ROW_PX

    def x(ms: float) -> float:
        return _BAR_X + (_RIGHT - _BAR_X) * ms / full_ms

    pieces = []
    for tick in range(round(full_ms / step_ms) + 1):
        at = x(tick * step_ms)
        pieces.append(tag("line", class_="s-rule line", x1=at, x2=at, y1=top, y2=bottom))
        label = f"{tick * step_ms:.0f}" + (" ms" if tick == 0 else "")
        pieces.append(tag("text", text(label), class_="dim small mid number", x=at, y=bottom + 14))
    for index, turn in enumerate(turns):
        pieces += _draw_row(index + 1, turn, top + index * _ROW_PX, x_per_ms=(_RIGHT - _BAR_X) / full_ms)
    return joined(pieces), bottom + 26


def _draw_row(number: int, turn: TurnReport, top: float, *, x_per_ms: float) -> Iterator[Markup]:
    baseline = top + 16
    words = harmless(turn.user_text) or "(words unknown)"
    yield tag("text", text(str(number)), class_="dim end number", x=_TEXT_X - 10, y=baseline)
    yield tag(
        "text",
        text(head(words, _TEXT_CELLS)),
        tag("title", text(f"{words} — {harmless(turn.reply_text)}")),
        class_="ink",
        x=_TEXT_X,
        y=baseline,
    )
    at = _BAR_X
    for name, ms in turn.stages_ms.items():
        if ms > 0:
            yield tag(
                "rect",
                tag("title", text(f"{name} {ms:.0f} ms")),
                class_=stage_style(name),
                x=at,
                y=top + 5,
                width=ms * x_per_ms,
                height=_BAR_PX,
            )
            at += ms * x_per_ms
    length_ms = _length_ms(turn)
    if length_ms > 0:
        yield tag("text", text(f"{length_ms:.0f}"), class_="ink bold number", x=at + 6, y=baseline)
    yield tag("text", text(_outcome(turn)), class_=_shade(turn), x=_RIGHT + 24, y=baseline)


def _length_ms(turn: TurnReport) -> float:
    return turn.response_gap_ms if turn.response_gap_ms is not None else sum(turn.stages_ms.values())


def _outcome(turn: TurnReport) -> str:
    if turn.error is not None:
        return "failed"
    if turn.interrupted:
        silent_ms = turn.interruption_ms
        return "interrupted" if silent_ms is None else f"silent in {silent_ms:.0f} ms"
    if turn.speech_end_s is None:
        return "typed"
    if not turn.speculations.get("committed"):
        return "answered after the turn"
    return "answered ahead" if turn.lead_ms is None else f"lead {turn.lead_ms:.0f} ms".replace("-", "−")


def _shade(turn: TurnReport) -> str:
    return "error" if turn.error is not None or turn.interrupted else "dim"


def _step_ms(longest_ms: float) -> float:
    """Return a round distance of ticks, for some five of them."""
    return next((step for step in (100.0, 200.0, 500.0, 1000.0) if longest_ms <= 6 * step), 5000.0)
