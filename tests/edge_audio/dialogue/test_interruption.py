"""Interruptions by themselves, over a reply that only notes what is done with it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from edge_audio.dialogue.interruption import Interruptions
from edge_audio.llm.chat_model import UserTurn
from runtime import clock

HOLD_S = 1.5
WORDLESS_S = 0.7
CODES = UserTurn(None, (1, 2))


class SpokenReply:
    """A reply that says "once upon a time"."""

    def __init__(self) -> None:
        self.held = False
        self.went_on_s: list[float] = []

    def hold(self) -> None:
        self.held = True

    def release(self) -> None:
        if self.held:
            self.went_on_s.append(clock.now())
        self.held = False

    def is_own_voice(self, text: str, *, partial: bool = False) -> bool:
        return text in "once upon a time"


class Heard:
    """What is heard over the reply, from second 0 on, and what comes of it."""

    def __init__(self, *, wordless: bool) -> None:
        self.reply = SpokenReply()
        self.lasted_s: list[float] = []
        self._interruptions = Interruptions(
            self.reply,
            hold_ms=round(HOLD_S * 1000),
            wordless_ms=round(WORDLESS_S * 1000) if wordless else None,
            time_s=clock.now,
        )
        self._interruptions.on_lasting_sound = lambda: self.lasted_s.append(clock.now())

    @property
    def undecided(self) -> bool:
        return self._interruptions.possible

    def starts(self) -> None:
        self._interruptions.speech_started(clock.now())

    def pauses(self) -> None:
        self._interruptions.speech_paused(clock.now())

    async def sound(self, length_s: float) -> None:
        self.starts()
        await asyncio.sleep(length_s)
        self.pauses()

    def partly(self, text: str) -> bool:
        return self._interruptions.heard_partial(text, "en")

    def wholly(self, heard: UserTurn) -> bool:
        return self._interruptions.heard_all(heard)

    def over(self) -> None:
        self._interruptions.end()


def over_a_reply(script: Callable[[Heard], Awaitable[None]], *, wordless: bool = False) -> Heard:
    """Play `script`, and wait until all timers have rung."""
    heard = Heard(wordless=wordless)

    async def play() -> None:
        await script(heard)
        await asyncio.sleep(10.0)

    clock.run_virtual(play())
    return heard


def test_at_the_onset_the_reply_falls_silent() -> None:
    async def script(heard: Heard) -> None:
        heard.starts()
        assert heard.reply.held
        assert heard.undecided

    over_a_reply(script)


def test_it_goes_on_after_twice_the_time_if_nobody_tells_what_it_is() -> None:
    async def script(heard: Heard) -> None:
        heard.starts()

    heard = over_a_reply(script)
    assert heard.reply.went_on_s == pytest.approx([2 * HOLD_S])
    assert heard.undecided, "words may still come"


def test_it_goes_on_sooner_if_a_recognizer_hears_no_word() -> None:
    async def script(heard: Heard) -> None:
        heard.starts()
        assert not heard.partly("")

    assert over_a_reply(script).reply.went_on_s == pytest.approx([HOLD_S])


def test_a_short_sound_without_words_lets_it_go_on_soon_and_words_may_still_end_it() -> None:
    async def script(heard: Heard) -> None:
        await heard.sound(0.3)
        await asyncio.sleep(0.5)
        assert heard.reply.went_on_s == pytest.approx([0.3 + 0.15])
        assert heard.wholly(UserTurn("Stop it.", language="en"))

    over_a_reply(script)


def test_words_end_it_once_they_are_sure() -> None:
    async def script(heard: Heard) -> None:
        heard.starts()
        await asyncio.sleep(0.3)
        assert not heard.partly("Stop it")
        assert heard.partly("stop it.")
        assert not heard.undecided

    assert not over_a_reply(script).reply.went_on_s


def test_words_of_longer_speech_end_it_at_once() -> None:
    async def script(heard: Heard) -> None:
        heard.starts()
        await asyncio.sleep(0.9)
        assert heard.partly("Tell me another one")

    over_a_reply(script)


@pytest.mark.parametrize("text", ["", "Mm-hm.", "once upon"])
def test_what_wants_nothing_lets_it_go_on(text: str) -> None:
    async def script(heard: Heard) -> None:
        await heard.sound(0.9)
        assert not heard.partly(text)
        assert not heard.wholly(UserTurn(text, language="en"))
        assert not heard.reply.held
        assert not heard.undecided

    assert len(over_a_reply(script).reply.went_on_s) == 1


def test_sound_that_lasts_ends_it_where_nobody_tells_words() -> None:
    async def script(heard: Heard) -> None:
        heard.starts()

    assert over_a_reply(script, wordless=True).lasted_s == pytest.approx([WORDLESS_S])


@pytest.mark.parametrize("length_s", [0.1, 0.3, 0.69])
def test_a_cough_does_not_where_nobody_tells_words(length_s: float) -> None:
    async def script(heard: Heard) -> None:
        await heard.sound(length_s)
        assert not heard.wholly(CODES)

    assert not over_a_reply(script, wordless=True).lasted_s


def test_two_coughs_are_no_longer_than_both_where_nobody_tells_words() -> None:
    async def script(heard: Heard) -> None:
        await heard.sound(0.3)
        await asyncio.sleep(0.5)
        await heard.sound(0.3)
        assert not heard.wholly(CODES)
        assert not heard.reply.held

    assert not over_a_reply(script, wordless=True).lasted_s


def test_speech_in_bits_is_as_long_as_all_of_them_where_nobody_tells_words() -> None:
    async def script(heard: Heard) -> None:
        await heard.sound(0.4)
        await asyncio.sleep(0.2)
        heard.starts()

    assert over_a_reply(script, wordless=True).lasted_s == pytest.approx([0.4 + 0.2 + 0.3])


def test_what_was_heard_over_a_reply_that_is_over_decides_nothing() -> None:
    async def script(heard: Heard) -> None:
        heard.starts()
        heard.over()
        heard.pauses()
        assert not heard.partly("Stop")
        assert not heard.wholly(UserTurn("Stop it.", language="en"))

    heard = over_a_reply(script, wordless=True)
    assert not heard.lasted_s
    assert not heard.reply.went_on_s
