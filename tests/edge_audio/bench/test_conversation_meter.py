import asyncio

import pytest

from edge_audio.adapters import Models
from edge_audio.bench.conversation.meter import Meter
from edge_audio.events import ReplyStarted, SpeculationEnded, SpeculationStarted
from edge_audio.llm.chat_model import UserTurn
from edge_audio.testing import ScriptedChat, ToneVoice, models
from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import Style
from runtime.clock import run_virtual

DELTA_S, CLAUSE_S = 0.25, 0.5
"""What the models take for each piece."""


def two_words() -> Models:
    return models(chat=ScriptedChat("Yes. No.", delay_s=DELTA_S), voice=ToneVoice(delay_s=CLAUSE_S))


async def make(models: Models, idle_s: float = 0.0) -> None:
    """Make a reply as `edge_audio.dialogue.reply` does, held up for `idle_s` by whoever takes it."""
    async for _ in models.chat.reply((), UserTurn("Well?")):
        async for _ in models.voice.speak(Clause("Yes.", 0), Style()):
            await asyncio.sleep(idle_s)


def test_work_is_what_the_models_did_not_what_waited_for_the_speaker() -> None:
    meter = Meter()

    async def conversation() -> None:
        await asyncio.create_task(make(meter.metered(two_words()), idle_s=3.0))

    run_virtual(conversation())
    (work,) = meter.works
    assert work.seconds == pytest.approx(2 * (DELTA_S + CLAUSE_S), abs=1e-3)
    assert not work.speculation


def test_each_reply_has_its_own_work() -> None:
    meter = Meter()

    async def conversation() -> None:
        metered = meter.metered(two_words())
        meter.watch(SpeculationStarted(1, "Well?"))
        first = asyncio.create_task(make(metered))
        await asyncio.sleep(DELTA_S + CLAUSE_S / 2)
        first.cancel()
        meter.watch(SpeculationEnded(1, "cancelled"))
        meter.watch(SpeculationStarted(2, "Well?"))
        second = asyncio.create_task(make(metered))
        await second
        meter.watch(SpeculationEnded(2, "committed"))
        meter.watch(ReplyStarted(2, 1.0, 1.0))
        await asyncio.create_task(make(metered))

    run_virtual(conversation())
    cancelled, committed, afresh = meter.works
    assert cancelled.seconds == pytest.approx(DELTA_S + CLAUSE_S / 2, abs=1e-3)
    assert [work.speculation for work in meter.works] == [True, True, False]
    assert [work.of_use for work in meter.works] == [False, True, False]
    assert committed.seconds == afresh.seconds == pytest.approx(2 * (DELTA_S + CLAUSE_S), abs=1e-3)


def test_a_speculation_that_was_withdrawn_unheard_was_of_no_use() -> None:
    meter = Meter()

    async def conversation() -> None:
        metered = meter.metered(two_words())
        meter.watch(SpeculationStarted(1, "Well?"))
        await asyncio.create_task(make(metered))
        meter.watch(SpeculationEnded(1, "committed"))

    run_virtual(conversation())
    assert not meter.works[0].of_use
