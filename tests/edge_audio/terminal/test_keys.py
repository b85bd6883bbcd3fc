import asyncio
import os
import signal
from pathlib import Path

import pytest

from edge_audio.terminal.keys import LINE_LIMIT, Controls, Keyboard


class Told:
    """Commands that are only noted."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    def mute(self, on: bool) -> None:
        self.calls.append(("mute", on))

    def push_to_talk(self, talking: bool) -> None:
        self.calls.append(("talk", talking))

    def interrupt(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("quit")

    def user_typed(self, text: str) -> None:
        self.calls.append(("say", text))


def typed(*chunks: bytes) -> tuple[list[object], Controls]:
    told, controls = Told(), Controls()
    keyboard = Keyboard(told, controls)
    for chunk in chunks:
        keyboard.feed(chunk)
    return told.calls, controls


def test_each_key_is_its_command() -> None:
    assert typed(b"s", b"q", b"S")[0] == ["stop", "quit", "stop"]


def test_other_keys_do_nothing() -> None:
    calls, controls = typed(b"xyz", b"\x1b", b"\x7f", b"\x04", b"\x00", "ü".encode())
    assert calls == []
    assert controls == Controls()


def test_m_mutes_and_hears_again() -> None:
    calls, controls = typed(b"m")
    assert (calls, controls.muted) == ([("mute", True)], True)
    calls, controls = typed(b"mm")
    assert (calls, controls.muted) == ([("mute", True), ("mute", False)], False)


def test_space_begins_to_talk_and_then_has_finished_with_the_microphone_off() -> None:
    calls, controls = typed(b" ")
    assert (calls, controls.talking, controls.muted) == ([("talk", True)], True, False)
    calls, controls = typed(b"  ")
    assert (calls, controls.talking, controls.muted) == ([("talk", True), ("talk", False)], False, True)


def test_m_hears_again_after_push_to_talk() -> None:
    calls, controls = typed(b"  m")
    assert calls[-1] == ("mute", False)
    assert not controls.muted


@pytest.mark.parametrize("begin", [b"t", b"\r", b"\n"])
@pytest.mark.parametrize("enter", [b"\r", b"\n"])
def test_a_typed_line_becomes_a_turn(begin: bytes, enter: bytes) -> None:
    calls, controls = typed(begin, b" sqm quit? ", enter)
    assert calls == [("say", "sqm quit?")]
    assert controls.line is None


def test_the_line_is_shown_while_it_grows() -> None:
    assert typed(b"t")[1].line == ""
    assert typed(b"thow ")[1].line == "how "


@pytest.mark.parametrize("line", [b"", b"   "])
def test_an_empty_line_is_no_turn(line: bytes) -> None:
    assert typed(b"t" + line + b"\r")[0] == []


def test_escape_leaves_the_line_unsaid() -> None:
    calls, controls = typed(b"thello", b"\x1b", b"s")
    assert calls == ["stop"]
    assert controls.line is None


def test_utf8_may_arrive_in_parts() -> None:
    letters = "日é👋".encode()
    assert typed(b"t", *(letters[i : i + 1] for i in range(len(letters))))[1].line == "日é👋"


def test_bytes_that_are_no_utf8_are_left_out() -> None:
    assert typed(b"ta\xff\xfeb")[1].line == "ab"


@pytest.mark.parametrize("key", [b"\x7f", b"\x08"])
def test_backspace_takes_a_letter_with_its_accents(key: bytes) -> None:
    assert typed(b"tab" + key)[1].line == "a"
    assert typed("tae\u0301\u0323".encode() + key)[1].line == "a"
    assert typed("t日本".encode() + key)[1].line == "日"
    assert typed(b"t" + key)[1].line == ""


def test_ctrl_u_clears_the_line() -> None:
    assert typed(b"thello\x15you")[1].line == "you"


@pytest.mark.parametrize("sequence", [b"\x1b[A", b"\x1bOP", b"\x1b[3~", b"\x1b[1;5C", b"\x1bs"])
def test_arrows_and_function_keys_are_ignored(sequence: bytes) -> None:
    assert typed(sequence + b"s")[0] == ["stop"]
    assert typed(b"ta" + sequence + b"b")[1].line == "ab"


def test_other_control_characters_stay_out_of_the_line() -> None:
    assert typed(b"ta\t\x00\x02\x1cb")[1].line == "ab"


def test_a_line_is_bounded() -> None:
    line = typed(b"t" + b"x" * (LINE_LIMIT + 50))[1].line
    assert line == "x" * LINE_LIMIT


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_quits_even_where_standard_input_is_a_file(number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "input").write_text("q")
    told, controls = Told(), Controls()

    async def main() -> None:
        with (tmp_path / "input").open() as file:
            serving = asyncio.create_task(Keyboard(told, controls, file).run())
            await asyncio.sleep(0)
            assert not controls.active
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.01)
            assert file.read() == "q", "a file is nobody's keyboard"
            serving.cancel()

    before = signal.getsignal(number)
    asyncio.run(main())
    assert told.calls == ["quit"]
    assert signal.getsignal(number) == before


def test_a_second_ctrl_c_does_not_wait_for_the_end() -> None:
    told = Told()

    async def main() -> None:
        serving = asyncio.create_task(Keyboard(told, Controls()).run())
        for _ in range(2):
            await asyncio.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)
        await serving

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
    assert told.calls == ["quit"]
