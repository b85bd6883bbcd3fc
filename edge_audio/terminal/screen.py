"""What the live view draws: the conversation as text and bars, for any width, harmless to the terminal."""

import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from edge_audio.events import Notice, Stage, State, TurnReport

STAGE_STYLES: Mapping[str, str] = {
    Stage.PAUSE: "bright_black",
    Stage.ASR: "blue",
    Stage.WAIT: "white",
    Stage.LLM: "magenta",
    Stage.TTS: "cyan",
    Stage.HOLD: "bright_white",
    Stage.OUT: "green",
}
"""Colours of the stages of a turn's latency; another name gets one of `_OTHER_STYLES`."""

_OTHER_STYLES = ("bright_blue", "bright_magenta", "bright_cyan", "bright_green")

BAR_FULL_MS = 1250.0
"""Latency that fills the bar, so that the bars of several turns compare; a longer one fills it, too."""

_BAR_CELLS = 50
_GAP_CELLS = len(" 99999 ms")
_UNHEARD_CELLS = 60
_METER_CELLS = 24
_METER_FLOOR_DB = -60.0
_INDENT = 2
_JOINERS = "\u200c\u200d"
"""Invisible, but letters of some scripts and emoji need them."""

_STATES: Mapping[State, tuple[str, str]] = {
    State.SILENCE: ("listening", "green"),
    State.USER_SPEAKING: ("hearing you", "cyan"),
    State.USER_PAUSED: ("thinking", "blue"),
    State.BOT_SPEAKING: ("speaking", "magenta"),
}


@dataclass(frozen=True, slots=True)
class Screen:
    """Everything that is shown at one moment below the finished turns."""

    state: State = State.SILENCE
    rms: float = 0.0
    """Input level, in [0, 1]."""
    speech: float = 0.0
    """Speech probability, in [0, 1]."""
    partial: str = ""
    """What the user is saying."""
    user_text: str = ""
    """What they have said, once their turn is over."""
    reply_text: str = ""
    audible: bool = False
    """True while the reply is being heard."""
    held: bool = False
    """True while the reply waits until it is known whether the user interrupts it."""
    speculating: bool = False
    """True while a reply is being made ahead of the turn's end."""
    muted: bool = False
    talking: bool = False
    """True while push-to-talk is on."""
    keys: bool = False
    """True if there are keys to press."""
    line: str | None = None
    """The line being typed."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it; if there is not room for all lines, the latest."""
        footer = self._footer(options.max_width)
        said: list[Text] = []
        if self.user_text:
            said += hanging(Text(harmless(self.user_text)), "▸", console, options.max_width)
        if self.reply_text:
            style = "" if self.audible else "dim"
            said += hanging(Text(harmless(self.reply_text), style), " ", console, options.max_width)
        if self.partial:
            said += hanging(Text(harmless(self.partial), "dim"), "▸", console, options.max_width)
        room = max(1, console.height - len(footer) - 3)
        said = said[-room:]
        if said:
            yield from said
            yield Text()
        yield self._status(options.max_width)
        yield from footer

    def _status(self, width: int) -> Text:
        name, style = _STATES[self.state]
        if self.held:
            name, style = "holding", "yellow"
        elif self.talking:
            name = "talk now" if self.state == "silence" else name
        elif self.muted and self.state == "silence":
            name, style = "muted", "yellow"
        elif self.speculating:
            name = "thinking ahead"
        status = _line().append(" " * _INDENT)
        status.append("● ", style).append(f"{name:<15}")
        return status.append_text(self._meter(min(_METER_CELLS, width - status.cell_len - 1)))

    def _meter(self, cells: int) -> Text:
        level_db = 20 * math.log10(self.rms) if self.rms > 0 else _METER_FLOOR_DB
        lit = round(cells * min(1.0, max(0.0, 1 - level_db / _METER_FLOOR_DB)))
        if self.muted:
            lit = 0
        style = "cyan" if self.speech >= 0.5 else "bright_black"
        return Text("━" * lit, style).append("╌" * (cells - lit), "bright_black dim")

    def _footer(self, width: int) -> list[Text]:
        if self.line is not None:
            room = max(1, width - _INDENT - 1)
            line = _line().append("▸ ", "bold").append(tail(harmless(self.line), room)).append("▏", "cyan")
            return [line, *row([Text("Enter say", "dim"), Text("Esc leave", "dim")], " · ", width)]
        if not self.keys:
            return []
        keys = (
            ("m", "unmute" if self.muted else "mute"),
            ("space", "done" if self.talking else "talk"),
            ("s", "stop"),
            ("t", "type"),
            ("q", "quit"),
        )
        named = (Text().append(key, "bold").append(f" {what}", "dim") for key, what in keys)
        return row(named, "  ", width)


@dataclass(frozen=True, slots=True)
class FinishedTurn:
    """One exchange, with its latency, as it stays on the screen."""

    report: TurnReport

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it; the part of the reply that was not heard is dimmed."""
        report, width = self.report, options.max_width
        if report.user_text:
            yield from hanging(Text(harmless(report.user_text), "bold"), "▸", console, width)
        heard, unheard = split_heard(report)
        if heard or unheard:
            reply = Text(harmless(heard))
            if unheard:
                reply.append(" ").append(head(harmless(unheard), _UNHEARD_CELLS), "dim")
            yield from hanging(reply, " ", console, width)
        yield from latency(report, width)
        if report.error:
            yield from hanging(Text(harmless(report.error), "red"), "!", console, width, "red")
        yield Text()


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """A notice as it stays on the screen."""

    notice: Notice

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it: yellow, an error red."""
        style = "red" if self.notice.is_error else "yellow"
        yield from hanging(Text(harmless(self.notice.text), style), "!", console, options.max_width, style)
        yield Text()


def latency(report: TurnReport, width: int) -> Iterable[Text]:
    """Draw the response gap as a bar of its stages, with their names and milliseconds."""
    stages_ms = {name: ms for name, ms in report.stages_ms.items() if ms > 0}
    gap_ms = report.response_gap_ms if report.response_gap_ms is not None else sum(stages_ms.values())
    if gap_ms > 0:
        cells = max(1, min(_BAR_CELLS, width - _INDENT - _GAP_CELLS))
        line = bar(stages_ms, max(1, round(cells * min(1.0, gap_ms / BAR_FULL_MS))))
        yield from row([line.append(f" {gap_ms:.0f} ms")], "", width)
    legend = [
        Text().append(harmless(name), stage_style(name)).append(f" {ms:.0f}", "dim")
        for name, ms in stages_ms.items()
        if ms >= 1
    ]
    if report.interrupted:
        legend.append(Text("interrupted", "dim"))
    yield from row(legend, " · ", width)


def bar(stages_ms: Mapping[str, float], cells: int) -> Text:
    """Return a line of `cells` cells, divided among the stages in proportion to their times."""
    total_ms = sum(stages_ms.values())
    line = Text()
    elapsed_ms = 0.0
    for name, ms in stages_ms.items():
        elapsed_ms += ms
        line.append("━" * (round(cells * elapsed_ms / total_ms) - len(line)), stage_style(name))
    return line if line else Text("━" * cells, "bright_black")


def stage_style(name: str) -> str:
    """Return the colour of a stage, known or not."""
    return STAGE_STYLES.get(name) or _OTHER_STYLES[sum(map(ord, name)) % len(_OTHER_STYLES)]


def split_heard(report: TurnReport) -> tuple[str, str]:
    """Return the part of the reply that was played, and the rest of what was written."""
    heard, reply = report.heard_text.strip(), report.reply_text.strip()
    return (heard, reply[len(heard) :].strip()) if reply.startswith(heard) else (heard, "")


def hanging(text: Text, mark: str, console: Console, width: int, mark_style: str = "cyan") -> list[Text]:
    """Wrap `text` into lines no wider than `width`, a `mark` before the first, the rest indented to match."""
    lines = text.wrap(console, max(1, width - _INDENT))
    for line in lines:
        line.rstrip()
    marks = [mark] + [" "] * (len(lines) - 1)
    return [
        _line().append(f"{mark} ", mark_style).append_text(line)
        for mark, line in zip(marks, lines, strict=True)
    ]


def row(items: Iterable[Text], separator: str, width: int) -> list[Text]:
    """Put `items` side by side, in lines no wider than `width` that break only between them."""
    lines: list[Text] = []
    for item in items:
        if lines and lines[-1].cell_len + cell_len(separator) + item.cell_len <= width:
            lines[-1].append(separator, "dim").append_text(item)
        else:
            lines.append(_line().append(" " * _INDENT).append_text(item))
    return lines


def _line() -> Text:
    return Text(no_wrap=True, overflow="crop")


def head(text: str, cells: int) -> str:
    """Return the start of `text`, at most `cells` wide, with an ellipsis if something is left out."""
    shown = Text(text)
    shown.truncate(cells, overflow="ellipsis")
    return shown.plain


def tail(text: str, cells: int) -> str:
    """Return the end of `text`, at most `cells` wide."""
    while cell_len(text) > cells:
        text = text[1:]
    return text


def harmless(text: str) -> str:
    """Return `text` on one line, without anything that a terminal obeys instead of showing it.

    Control characters (C0, C1) and line separators become spaces, so that what remains of an escape
    sequence is plain text; marks that change the writing direction and lone surrogates are removed.
    """
    return " ".join("".join(map(_shown, text)).split())


def _shown(character: str) -> str:
    match unicodedata.category(character):
        case "Cc" | "Zl" | "Zp":
            return " "
        case "Cf" | "Cs":
            return character if character in _JOINERS else ""
        case _:
            return character
