"""Whole conversations, begun and ended again and again."""

import asyncio
from pathlib import Path

import pytest

from edge_audio.assistant import Assistant
from edge_audio.config import Config
from edge_audio.events import Event, ReplyStarted
from edge_audio.testing import ScriptedChat, ScriptedDevice, models
from edge_audio.tts.step_audio import SpeechModels
from tests.support.footprint import assert_nothing_is_left, hundred
from tests.support.toy_voice import free, voice_of


@pytest.fixture(scope="module")
def speech_models(toy_models: Path) -> SpeechModels:
    return SpeechModels.load(toy_models)


def test_a_hundred_conversations_leave_nothing_behind(speech_models: SpeechModels) -> None:
    heard = 0

    async def cycle(number: int) -> None:
        nonlocal heard
        began = asyncio.Event()

        def watch(event: Event) -> None:
            if isinstance(event, ReplyStarted):
                began.set()

        async with voice_of(speech_models) as (voice, lanes):
            scripted = models(
                chat=ScriptedChat(["And then there is this to be said about it. "] * 20), voice=voice
            )
            async with Assistant.open(Config(), models=scripted, device=ScriptedDevice()) as assistant:
                assistant.watch(watch)
                assistant.user_typed("Talk.")
                # It ends while the reply is begun, made, or heard.
                if number % 3 == 2:
                    await began.wait()
                else:
                    await asyncio.sleep(number % 3 * 0.02)
                ending_s = asyncio.get_running_loop().time()
            assert asyncio.get_running_loop().time() - ending_s < 1
            await asyncio.wait_for(free(lanes), 1)
            await scripted.close()
        heard += began.is_set()

    assert_nothing_is_left(*asyncio.run(hundred(cycle)))
    assert heard >= 33
