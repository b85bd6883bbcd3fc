import io
import itertools
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from edge_audio.events import Notice, TurnReport
from edge_audio.terminal.screen import (
    BAR_FULL_MS,
    STAGE_STYLES,
    FinishedTurn,
    Screen,
    ShownNotice,
    bar,
    harmless,
    stage_style,
)

NASTY = "\x1b[2J\x1b]0;title\x07[bold]\r\x08\x7f\x9b31mred\n\u202eevil\u2028 \ud800 [/bold]"


def drawn(renderable: RenderableType, width: int = 80, height: int = 24, styled: bool = False) -> list[str]:
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        height=height,
        force_terminal=styled,
        color_system="standard" if styled else None,
        legacy_windows=False,
    )
    console.print(renderable)
    return file.getvalue().splitlines()


def test_what_a_terminal_obeys_is_taken_out_and_the_rest_is_kept() -> None:
    assert harmless(NASTY) == "[2J ]0;title [bold] 31mred evil [/bold]"
    assert harmless("Zürich, 日本, e\u0301, 👩\u200d🚀") == "Zürich, 日本, e\u0301, 👩\u200d🚀"
    assert harmless(" one\n\ttwo ") == "one two"


@pytest.mark.parametrize(
    "renderable",
    [
        Screen(user_text=NASTY, reply_text=NASTY, audible=True),
        Screen(partial=NASTY, line=NASTY, keys=True),
        FinishedTurn(TurnReport(NASTY, NASTY, NASTY[:9], stages_ms={NASTY: 10.0}, error=NASTY)),
        ShownNotice(Notice(NASTY)),
    ],
)
def test_nothing_from_outside_commands_the_terminal(renderable: RenderableType) -> None:
    text = "\n".join(drawn(renderable))
    assert text.isprintable() or set(filter(lambda c: not c.isprintable(), text)) == {"\n"}
    assert "[bold]" in text, "it is no markup either"


REPORT = TurnReport(
    "Tell me a story about a dog, please, if you know one.",
    "Once upon a time there was a dog. He lived by the sea. " * 4,
    "Once upon a time",
    response_gap_ms=600.0,
    stages_ms={"pause": 160, "asr": 200, "llm": 140, "tts": 80, "out": 20},
    interrupted=True,
    error="The voice failed.",
)
SCREEN = Screen(
    state="bot_speaking", rms=0.1, user_text=REPORT.user_text, reply_text=REPORT.reply_text * 9, keys=True
)


@pytest.mark.parametrize(
    ("width", "height"), list(itertools.product((1, 2, 5, 12, 40, 80, 200), (1, 5, 12, 24)))
)
def test_it_fits_into_any_terminal(width: int, height: int) -> None:
    shown = drawn(SCREEN, width, height)
    for line in (*shown, *drawn(FinishedTurn(REPORT), width, height)):
        assert cell_len(line) <= width
    if width >= 40 and height >= 12:
        assert len(shown) < height
        assert any("speaking" in line for line in shown)


def test_the_latest_lines_are_kept_where_not_all_find_room() -> None:
    shown = drawn(Screen(reply_text=" ".join(map(str, range(500))), keys=True), 40, 12)
    assert len(shown) < 12
    assert any("499" in line for line in shown)
    assert not any(" 1 2 3 " in line for line in shown)


def test_words_are_set_in_under_their_mark() -> None:
    lines = drawn(Screen(user_text="one two three four five six"), 16)
    assert lines[:2] == ["▸ one two three", "  four five six"]


def test_the_state_is_told_in_words() -> None:
    def status(**fields: Any) -> str:
        return drawn(Screen(**fields))[0]

    assert "● listening" in status()
    assert "● hearing you" in status(state="user_speaking")
    assert "● thinking" in status(state="user_paused")
    assert "● thinking ahead" in status(state="user_paused", speculating=True)
    assert "● speaking" in status(state="bot_speaking")
    assert "● holding" in status(state="bot_speaking", held=True)
    assert "● muted" in status(muted=True)
    assert "● talk now" in status(talking=True)


@pytest.mark.parametrize(
    ("rms", "lit"), [(0.0, 0), (1e-9, 0), (0.001, 0), (0.0316, 12), (1.0, 24), (3.0, 24)]
)
def test_the_meter_shows_decibels_down_to_minus_60(rms: float, lit: int) -> None:
    assert drawn(Screen(rms=rms))[0].count("━") == lit


def test_a_muted_microphone_shows_no_level() -> None:
    assert drawn(Screen(rms=0.5, muted=True))[0].count("━") == 0


def test_the_keys_are_shown_only_where_there_are_keys() -> None:
    assert drawn(Screen(keys=True))[-1] == "  m mute  space talk  s stop  t type  q quit"
    assert "m unmute  space done" in drawn(Screen(keys=True, muted=True, talking=True))[-1]
    assert len(drawn(Screen())) == 1


def test_the_line_being_typed_shows_its_end() -> None:
    lines = drawn(Screen(line="this is a long line that goes on 日本", keys=True), 28)
    assert lines[-2] == "▸ ng line that goes on 日本▏"
    assert lines[-1] == "  Enter say · Esc leave"


def test_a_bar_is_divided_as_the_times_are() -> None:
    line = bar({"pause": 200.0, "asr": 100.0, "llm": 100.0}, 40)
    assert line.plain == "━" * 40
    assert [(s.end - s.start, s.style) for s in line.spans] == [
        (20, "bright_black"),
        (10, "blue"),
        (10, "magenta"),
    ]


def test_a_bar_is_whole_whatever_the_fractions() -> None:
    for cells in range(1, 60):
        assert len(bar({str(i): 1.0 + i / 7 for i in range(9)}, cells)) == cells


def test_every_stage_has_a_colour_and_an_unknown_one_keeps_its_own() -> None:
    assert stage_style("frobnicate") == stage_style("frobnicate")
    assert stage_style("frobnicate") not in STAGE_STYLES.values()
    assert not {"red", "yellow"} & set(STAGE_STYLES.values()), "these are for errors and notices"


def bar_cells(gap_ms: float, width: int = 80) -> int:
    report = TurnReport("Hi", response_gap_ms=gap_ms, stages_ms={"asr": gap_ms})
    return "\n".join(drawn(FinishedTurn(report), width)).count("━")


def test_bars_of_several_turns_compare() -> None:
    assert bar_cells(BAR_FULL_MS / 4) * 2 == pytest.approx(bar_cells(BAR_FULL_MS / 2), abs=1)
    assert bar_cells(BAR_FULL_MS) == bar_cells(10 * BAR_FULL_MS) == 50
    assert bar_cells(BAR_FULL_MS, width=40) == 29


def test_a_finished_turn_names_its_gap_and_stages() -> None:
    lines = drawn(FinishedTurn(REPORT))
    assert lines[0] == f"▸ {REPORT.user_text}"
    assert lines[1].startswith("  Once upon a time there was")
    assert lines[1].endswith("…"), "of what was not heard, the beginning will do"
    assert lines[2].endswith("━ 600 ms")
    assert lines[3] == "  pause 160 · asr 200 · llm 140 · tts 80 · out 20 · interrupted"
    assert lines[4] == "! The voice failed."


def test_what_was_not_heard_is_dimmed() -> None:
    text = "\n".join(drawn(FinishedTurn(TurnReport("Hi", "One two. Three.", "One two.")), styled=True))
    assert "One two. \x1b[2mThree." in text


def test_a_typed_turn_without_speech_shows_the_time_of_its_stages() -> None:
    lines = drawn(FinishedTurn(TurnReport("Hi", "Ho", "Ho", stages_ms={"llm": 100.0, "tts": 50.0})))
    assert lines[2].endswith("━ 150 ms")


def test_a_turn_without_times_shows_none() -> None:
    assert drawn(FinishedTurn(TurnReport("Hi", "Ho", "Ho"))) == ["▸ Hi", "  Ho", ""]
    assert drawn(FinishedTurn(TurnReport("Hi", interrupted=True))) == ["▸ Hi", "  interrupted", ""]


def test_notices_are_yellow_and_errors_red() -> None:
    assert "\x1b[33mGone." in "\n".join(drawn(ShownNotice(Notice("Gone.")), styled=True))
    assert "\x1b[31mBad." in "\n".join(drawn(ShownNotice(Notice("Bad.", is_error=True)), styled=True))
