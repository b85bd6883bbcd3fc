"""The player over a speaker that asks for 10 ms at a time, in virtual time."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import numpy as np
import pytest

from edge_audio.audio.playout import Playout
from edge_audio.dialogue.player import Player
from edge_audio.dialogue.reply import Reply, Speaking
from edge_audio.llm.chat_model import TextDelta
from edge_audio.testing import ToneVoice
from edge_audio.tts.voice import Style
from runtime import clock
from runtime.actor import Actor, ActorGroup
from runtime.epoch import Epoch

RATE_HZ = 1000
TEXT = "One two three four five."


class Stage:
    """A player, a reply that is ready, and what came of it."""

    def __init__(self, latency_s: float = 0.0) -> None:
        self.playout = Playout(RATE_HZ)
        self.epoch = Epoch()
        self.player = Player(self.playout, self.epoch, output_latency_s=latency_s)
        self.played: list[np.ndarray] = []
        self.started: list[tuple[float, float]] = []
        self.finished_s: list[float] = []
        speaking = Speaking(ToneVoice(rate_hz=RATE_HZ, character_s=0.1), Style(), RATE_HZ, held_ms=5000)
        self.reply = Reply(self.epoch.advance(), speaking, lambda: 0.0, self)

    def reply_text(self, reply: Reply) -> None:
        pass

    def reply_audio(self, reply: Reply) -> None:
        self.player.top_up()

    def reply_made(self, reply: Reply) -> None:
        pass

    def reply_started(self, reply: Reply, sample_s: float, audible_s: float) -> None:
        self.started.append((sample_s, audible_s))

    def reply_finished(self, reply: Reply) -> None:
        self.finished_s.append(clock.now())

    async def _speaker(self) -> None:
        number = 0
        while True:
            block = np.zeros(RATE_HZ // 100, np.float32)
            self.playout.read_into(block)
            self.played.append(block)
            number += 1
            await clock.sleep_until(number / 100)

    def run(self, act: Callable[["Stage"], Awaitable[None]]) -> np.ndarray:
        """Make the reply, do `act` beside the running player, return what was played."""

        async def text() -> AsyncGenerator[TextDelta, None]:
            yield TextDelta(TEXT)

        async def main() -> None:
            async with ActorGroup() as group:
                group.start(Actor("speaker", self._speaker))
                group.start(Actor("player", self.player.run))
                await self.reply.make(text())
                await act(self)

        clock.run_virtual(main())
        return np.concatenate(self.played)


def test_a_committed_reply_starts_within_a_block_and_is_told_when_it_has_ended() -> None:
    async def act(stage: Stage) -> None:
        await clock.sleep_until(1.003)
        stage.reply.commit()
        stage.player.start(stage.reply, stage)
        await asyncio.sleep(5)

    stage = Stage()
    played = stage.run(act)
    sound = np.flatnonzero(played)
    assert sound[0] == pytest.approx(1010, abs=1)
    assert sound[-1] == sound[0] + 100 * len(TEXT) - 1
    assert stage.started == [(1.01, 1.01)]
    assert stage.finished_s[0] == pytest.approx((sound[-1] + 1) / RATE_HZ, abs=0.05)


@pytest.mark.parametrize("stale", [False, True])
def test_what_is_not_committed_or_stale_is_not_played(stale: bool) -> None:
    async def act(stage: Stage) -> None:
        if stale:
            stage.reply.commit()
            stage.epoch.advance()
        stage.player.start(stage.reply, stage)
        await asyncio.sleep(5)

    stage = Stage()
    assert not stage.run(act).any()


def test_a_pause_is_silence_and_resuming_goes_on_with_the_word_that_it_cut() -> None:
    async def act(stage: Stage) -> None:
        stage.reply.commit()
        stage.player.start(stage.reply, stage)
        await clock.sleep_until(0.5)
        stage.player.pause()
        await clock.sleep_until(1.5)
        stage.player.resume()
        await asyncio.sleep(4)

    stage = Stage()
    played = stage.run(act)
    assert not played[520:1490].any()
    # Cut was "two", which began after 400 samples of 500: nothing else is said twice.
    assert np.count_nonzero(played) == pytest.approx(100 * len(TEXT) + 100, abs=20)


def test_pauses_in_quick_succession_do_not_keep_the_reply_at_one_word() -> None:
    async def act(stage: Stage) -> None:
        stage.reply.commit()
        stage.player.start(stage.reply, stage)
        for _ in range(100):
            await asyncio.sleep(0.1)
            stage.player.pause()
            await asyncio.sleep(0.3)
            stage.player.resume()

    stage = Stage()
    stage.run(act)
    assert stage.finished_s


def test_stopping_tells_what_was_heard_less_the_speakers_latency() -> None:
    heard = []

    async def act(stage: Stage) -> None:
        stage.reply.commit()
        stage.player.start(stage.reply, stage)
        await clock.sleep_until(0.8)
        heard.append(stage.player.stop())
        await asyncio.sleep(1)

    without = Stage()
    played = without.run(act)
    assert not played[820:].any()
    Stage(latency_s=0.2).run(act)
    assert heard == ["One two", "One"]
