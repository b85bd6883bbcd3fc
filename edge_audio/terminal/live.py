"""The live view: the conversation as it happens, on a terminal or as plain lines."""

import asyncio
import io
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from rich.console import Console, ConsoleDimensions
from rich.live import Live

from edge_audio.dialogue.context import UNKNOWN
from edge_audio.events import (
    Announced,
    Event,
    Heard,
    Level,
    Notice,
    ReplyPaused,
    ReplyResumed,
    ReplyStarted,
    ReplyText,
    SpeculationEnded,
    SpeculationStarted,
    State,
    StateChanged,
    TurnEnded,
    TurnFinished,
    TurnReport,
    TurnTranscribed,
)
from edge_audio.terminal.keys import Controls
from edge_audio.terminal.screen import FinishedTurn, Screen, ShownNotice, harmless
from runtime.worker import CancelToken, Lane

REFRESH_S = 0.1
"""Time between two drawings; nothing is drawn if nothing has changed."""

_WAITING = 100
"""Finished turns or lines that may wait for a slow terminal; older ones are dropped."""

_FAREWELL_S = 0.3
"""How long a terminal that accepts nothing may delay the end."""


class View(Protocol):
    """Shows the conversation."""

    def __call__(self, event: Event) -> None:
        """Take note of an event; does not wait, and draws nothing."""
        ...

    async def run(self) -> None:
        """Actor body: show until cancelled, and leave the terminal as it was."""
        ...


def open_view(console: Console, controls: Controls, lane: Lane) -> View:
    """Return the view for `console`: live on a terminal, plain lines in a pipe or a file.

    `lane` does the writing, because a terminal may be slow; it must outlive the view's actor.
    """
    if isinstance(console.file, io.TextIOWrapper):
        console.file.reconfigure(errors="replace")  # a locale that lacks some letters is not a failure
    if console.file.isatty() and console.is_terminal and not console.is_dumb_terminal:
        return LiveView(console, controls, lane)
    return PlainView(console, lane)


class LiveView:
    """Level, state, transcript and reply as they come; finished turns scroll up and stay."""

    def __init__(self, console: Console, controls: Controls, lane: Lane) -> None:
        """See `open_view`."""
        self._console = console
        self._controls = controls
        self._lane = lane
        self._screen = Screen()
        self._answering: int | None = None
        self._finished: deque[FinishedTurn | ShownNotice] = deque(maxlen=_WAITING)

    def __call__(self, event: Event) -> None:
        """See `View`."""
        match event:
            case Level(rms=rms, speech=speech):
                self._show(rms=rms, speech=speech)
            case StateChanged(state=State.SILENCE):
                self._show(state=State.SILENCE, partial="")
            case StateChanged(state=state):
                self._show(state=state)
            case Heard(text=text):
                self._show(partial=text or "")
            case SpeculationStarted():
                self._show(speculating=True)
            case SpeculationEnded():
                self._show(speculating=False)
            case TurnEnded(user_text=user_text, epoch=epoch):
                self._answering = epoch
                words = UNKNOWN if user_text is None else user_text
                self._show(user_text=words, partial="", reply_text="", audible=False, held=False)
            case TurnTranscribed(epoch=self._answering, text=text):
                self._show(user_text=text)
            case ReplyText(text=text):
                self._show(reply_text=text)
            case ReplyStarted():
                self._show(audible=True)
            case ReplyPaused():
                self._show(held=True)
            case ReplyResumed():
                self._show(held=False, partial="")
            case TurnFinished(report=report):
                self._finished.append(FinishedTurn(report))
                self._answering = None
                self._show(user_text="", reply_text="", audible=False, held=False)
            case Announced():
                said = TurnReport("", event.text, event.heard_text, interrupted=event.interrupted)
                self._finished.append(FinishedTurn(replace(said, error=event.error)))
                self._show(reply_text="", audible=False, held=False)
            case Notice():
                self._finished.append(ShownNotice(event))

    def _show(self, **changes: Any) -> None:
        self._screen = replace(self._screen, **changes)

    def screen(self) -> Screen:
        """Return what to show now, besides the finished turns."""
        controls = self._controls
        return replace(
            self._screen,
            muted=controls.muted,
            talking=controls.talking,
            keys=controls.active,
            line=controls.line,
        )

    async def run(self) -> None:
        """See `View`. Returns early where the terminal is gone."""
        live = Live(console=self._console, auto_refresh=False, transient=True, vertical_overflow="crop")
        drawn: tuple[Screen, ConsoleDimensions] | None = None
        with suppress(_ScreenGone):
            try:
                while True:
                    now = (self.screen(), self._console.size)
                    if self._finished or now != drawn:
                        drawn = now
                        await self._lane.run(partial(self._draw, live, now[0]))
                    await asyncio.sleep(REFRESH_S)
            finally:
                await _farewell(self._lane, partial(self._end, live))

    def _draw(self, live: Live, screen: Screen, token: CancelToken) -> None:
        with _screen_may_go():
            live.start()
            live.update(screen)
            if not self._finished:
                live.refresh()
            self._print_finished()

    def _end(self, live: Live, token: CancelToken) -> None:
        with _screen_may_go():
            self._print_finished()
            live.stop()

    def _print_finished(self) -> None:
        while self._finished:
            self._console.print(self._finished.popleft())


class PlainView:
    """One line for each notable event, without control codes."""

    def __init__(self, console: Console, lane: Lane) -> None:
        """See `open_view`."""
        self._console = console
        self._lane = lane
        self._lines: deque[str] = deque(maxlen=_WAITING)

    def __call__(self, event: Event) -> None:
        """See `View`."""
        match event:
            case TurnEnded(user_text=str(user_text)):
                self._note("you:", user_text)
            case TurnTranscribed(text=text):
                self._note("you:", text)
            case TurnFinished(report=report):
                self._note("assistant:", report.heard_text, " (interrupted)" if report.interrupted else "")
                if report.response_gap_ms is not None:
                    self._note("gap", f"{report.response_gap_ms:.0f} ms")
                if report.error is not None:
                    self._note("error:", report.error)
            case Announced(heard_text=text, interrupted=interrupted):
                self._note("assistant:", text, " (interrupted)" if interrupted else "")
            case Notice(text=text, is_error=is_error):
                self._note("error:" if is_error else "note:", text)

    def _note(self, label: str, text: str, remark: str = "") -> None:
        self._lines.append(f"{label} {harmless(text)}{remark}")

    async def run(self) -> None:
        """See `View`. Returns early where nobody reads any more."""
        with suppress(_ScreenGone):
            try:
                while True:
                    if self._lines:
                        await self._lane.run(self._write)
                    await asyncio.sleep(REFRESH_S)
            finally:
                await _farewell(self._lane, self._write)

    def _write(self, token: CancelToken) -> None:
        with _screen_may_go():
            while self._lines:
                line = self._lines.popleft()
                self._console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)


async def _farewell(lane: Lane, last: Callable[[CancelToken], None]) -> None:
    """Run `last` on the lane, after what is being written, unless the screen accepts nothing more."""
    with suppress(TimeoutError, _ScreenGone):
        await asyncio.wait_for(lane.run(last), _FAREWELL_S)


class _ScreenGone(Exception):
    """The terminal was closed, or the reader at the other end of the pipe."""


@contextmanager
def _screen_may_go() -> Iterator[None]:
    try:
        yield
    except (OSError, SystemExit) as error:  # rich leaves a broken pipe by SystemExit
        raise _ScreenGone from error
