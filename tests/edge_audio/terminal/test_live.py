import asyncio
import io
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable

import pytest
from rich.console import Console

from edge_audio.events import (
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
    StateChanged,
    TurnEnded,
    TurnFinished,
    TurnReport,
)
from edge_audio.terminal.keys import Controls
from edge_audio.terminal.live import REFRESH_S, LiveView, PlainView, open_view
from edge_audio.terminal.screen import Screen
from edge_audio.testing import VirtualLane
from runtime.clock import run_virtual
from runtime.worker import ThreadLane

REPORT = TurnReport("Hello?", "Hi. I am here.", "Hi.", response_gap_ms=412.3, stages_ms={"asr": 412.3})


class Terminal(io.StringIO):
    """A screen that notes how often it is written to."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)

    def isatty(self) -> bool:
        return True


def terminal_console(file: Terminal) -> Console:
    return Console(file=file, force_terminal=True, width=80, height=24, color_system="standard")


def live_view(controls: Controls | None = None) -> LiveView:
    return LiveView(terminal_console(Terminal()), controls or Controls(), VirtualLane("screen"))


def screen_after(events: Iterable[Event]) -> Screen:
    view = live_view()
    for event in events:
        view(event)
    return view.screen()


def show(view: LiveView | PlainView, steps: Iterable[Event | float | Callable[[], None]]) -> None:
    """Run the view in virtual time: tell it events, wait seconds, call what looks at it; then cancel it."""

    async def main() -> None:
        showing = asyncio.create_task(view.run())
        for step in steps:
            if isinstance(step, float):
                await asyncio.sleep(step)
            elif callable(step):
                step()
            else:
                view(step)
        showing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await showing

    run_virtual(main())


EXCHANGE: tuple[Event, ...] = (
    StateChanged("user_speaking"),
    Heard("Hel"),
    StateChanged("user_paused"),
    SpeculationStarted(1, "Hello?"),
    SpeculationEnded(1, "committed"),
    TurnEnded("Hello?", 2.0, 1),
    StateChanged("bot_speaking"),
    ReplyText(1, "Hi. I am here."),
    ReplyStarted(1, 2.1, 2.1),
)


def test_the_transcript_grows_until_the_turn_ends() -> None:
    assert screen_after(EXCHANGE[:2]) == Screen(state="user_speaking", partial="Hel")
    assert screen_after(EXCHANGE[:4]) == Screen(state="user_paused", partial="Hel", speculating=True)
    assert screen_after(EXCHANGE[:6]) == Screen(state="user_paused", user_text="Hello?")


def test_the_reply_grows_and_is_then_heard() -> None:
    said = Screen(state="bot_speaking", user_text="Hello?", reply_text="Hi. I am here.")
    assert screen_after(EXCHANGE[:8]) == said
    assert screen_after(EXCHANGE).audible


def test_an_interruption_keeps_its_first_words_when_the_reply_goes() -> None:
    held = (*EXCHANGE, ReplyPaused(1), Heard("Stop. What"))
    assert screen_after(held).held
    assert screen_after((*held, TurnFinished(1, REPORT))) == Screen(
        state="bot_speaking", partial="Stop. What"
    )


def test_what_was_no_interruption_is_forgotten() -> None:
    shown = screen_after((*EXCHANGE, ReplyPaused(1), Heard("Mhm."), ReplyResumed(1)))
    assert shown == screen_after(EXCHANGE)


def test_what_was_no_turn_is_forgotten() -> None:
    events = (StateChanged("user_speaking"), Heard("Mhm."), StateChanged("silence"))
    assert screen_after(events) == Screen()


def test_the_level_and_the_keys_are_shown() -> None:
    view = live_view(Controls(muted=True, talking=True, line="abc", active=True))
    view(Level(rms=0.25, speech=0.75))
    assert view.screen() == Screen(rms=0.25, speech=0.75, muted=True, talking=True, line="abc", keys=True)


def test_the_live_view_draws_while_it_runs_and_gives_the_cursor_back() -> None:
    file = Terminal()
    view = LiveView(terminal_console(file), Controls(active=True), VirtualLane("screen"))

    def look() -> None:
        assert "Hi. I am here." in file.getvalue()
        assert "q\x1b[0m\x1b[2m quit" in file.getvalue()
        assert "\x1b[?25l" in file.getvalue()
        assert "\x1b[?25h" not in file.getvalue()

    show(view, (*EXCHANGE, 1.0, look))
    assert file.getvalue().rstrip().count("\x1b[?25h") == 1


def test_nothing_is_drawn_where_nothing_changes() -> None:
    file = Terminal()
    writes: list[int] = []

    def count() -> None:
        writes.append(file.writes)

    show(
        LiveView(terminal_console(file), Controls(), VirtualLane("screen")),
        (0.01, count, 60.0, count, Heard("x"), 2 * REFRESH_S, count),
    )
    assert 0 < writes[0] == writes[1] < writes[2]


def test_many_events_are_one_drawing() -> None:
    file = Terminal()
    told = [Level(rms=i / 1000, speech=0.0) for i in range(1000)]
    show(LiveView(terminal_console(file), Controls(), VirtualLane("screen")), (1.0, *told, 1.0))
    assert file.writes < 10


def test_finished_turns_and_notices_stay_when_the_view_ends() -> None:
    file = Terminal()
    view = LiveView(terminal_console(file), Controls(), VirtualLane("screen"))
    show(view, (*EXCHANGE, 1.0, TurnFinished(1, REPORT), Notice("Gone."), 0.0))
    left = file.getvalue().rsplit("\x1b[2K", 1)[0]
    assert "412 ms" in left
    assert "Gone." in left


def lines_of(events: Iterable[Event]) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=40)
    show(PlainView(console, VirtualLane("screen")), (*events, 0.0))
    return file.getvalue().splitlines()


def test_plain_lines_tell_what_is_of_note_and_no_more() -> None:
    assert lines_of(
        (*EXCHANGE, Level(0.1, 0.9), TurnFinished(1, REPORT), Notice("Back."), Notice("Bad.", True))
    ) == [
        "you: Hello?",
        "assistant: Hi.",
        "gap 412 ms",
        "note: Back.",
        "error: Bad.",
    ]


def test_plain_lines_are_not_broken_nor_read_as_markup() -> None:
    text = "[red]one[/red] :smile: " + "word " * 30 + "\x1b[31m\nend"
    assert lines_of([Notice(text)]) == ["note: [red]one[/red] :smile: " + "word " * 30 + "[31m end"]


def test_a_plain_line_says_when_a_reply_was_cut_or_failed() -> None:
    report = TurnReport("Hello?", "Hi. I am here.", "Hi.", interrupted=True, error="The voice failed.")
    assert lines_of([TurnFinished(1, report)]) == ["assistant: Hi. (interrupted)", "error: The voice failed."]


def test_a_pipe_gets_plain_lines_even_where_colour_is_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    lane = VirtualLane("screen")
    assert isinstance(open_view(Console(file=io.StringIO()), Controls(), lane), PlainView)
    assert isinstance(open_view(terminal_console(Terminal()), Controls(), lane), LiveView)


def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(open_view(terminal_console(Terminal()), Controls(), VirtualLane("screen")), PlainView)


class StuckTerminal(Terminal):
    """A terminal that takes nothing until it is let go (Ctrl-S)."""

    def __init__(self) -> None:
        super().__init__()
        self.stuck = threading.Event()
        self.let_go = threading.Event()

    def write(self, text: str) -> int:
        self.stuck.set()
        assert self.let_go.wait(10)
        return super().write(text)


def test_a_terminal_that_takes_nothing_holds_up_neither_the_loop_nor_the_end() -> None:
    file = StuckTerminal()
    lane = ThreadLane("screen")
    view = LiveView(terminal_console(file), Controls(), lane)

    async def main() -> float:
        loop = asyncio.get_running_loop()
        showing = asyncio.create_task(view.run())
        await loop.run_in_executor(None, file.stuck.wait)
        began_s = loop.time()
        for _ in range(1000):
            view(Notice("more"))
        await asyncio.sleep(0.05)
        showing.cancel()
        await asyncio.wait((showing,))
        return loop.time() - began_s

    try:
        assert asyncio.run(main()) < 0.6
    finally:
        file.let_go.set()
        lane.close()


READER_GONE = """
import asyncio, sys
from rich.console import Console
from edge_audio.events import Notice
from edge_audio.terminal.keys import Controls
from edge_audio.terminal.live import open_view
from runtime.worker import ThreadLane

async def main():
    view = open_view(Console(), Controls(), ThreadLane("screen"))
    showing = asyncio.create_task(view.run())
    for n in range(2):
        view(Notice("line"))
        await asyncio.sleep(0.3)
    assert showing.done() and showing.exception() is None
    print("alive", file=sys.stderr)

asyncio.run(main())
"""


def test_the_conversation_goes_on_where_nobody_reads_the_lines_any_more() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", READER_GONE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == "alive\n"
    process.stderr.close()
    assert process.wait(10) == 0


def test_letters_that_a_locale_cannot_write_are_replaced() -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="latin-1")
    view = open_view(Console(file=file), Controls(), VirtualLane("screen"))
    assert isinstance(view, PlainView)
    show(view, (Notice("Tōkyō 東京 é"), 0.0))
    file.flush()
    assert raw.getvalue().decode("latin-1") == "note: T?ky? ?? é\n"
