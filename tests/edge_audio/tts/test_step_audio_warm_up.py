"""The first run of a session is slow: warming the voice up runs all that its first clause will."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from edge_audio.step_audio.decoder import flow, hift
from edge_audio.step_audio.language_model import model
from edge_audio.step_audio.voice_prompt import VoicePrompt
from edge_audio.step_audio.voices import StoredVoice
from edge_audio.tts.step_audio import SpeechModels, StepAudioVoice
from runtime.compute import ON_CPU, Compute
from runtime.session import Array, OnnxSession
from runtime.worker import CancelToken, ThreadLane


class OneVoice:
    def names(self) -> tuple[str, ...]:
        return ("anna",)

    def load(self, name: str) -> StoredVoice:
        prompt = VoicePrompt(np.zeros(20, np.int64), np.zeros((41, 80), np.float32), np.ones(192, np.float32))
        return StoredVoice(name, "An example.", prompt)


def test_every_session_of_the_voice_is_run_before_the_first_clause_but_those_for_music(
    toy_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    ran: set[str] = set()

    class Recording(OnnxSession):
        def __init__(self, path: Path, compute: Compute = ON_CPU) -> None:
            super().__init__(path, compute)
            self._graph = f"{path.parent.name}/{path.name}"
            opened.append(self._graph)

        def run(self, feeds: Mapping[str, Array], token: CancelToken | None = None) -> list[Array]:
            ran.add(self._graph)
            return super().run(feeds, token)

    for module in (flow, hift, model):
        monkeypatch.setattr(module, "OnnxSession", Recording)

    async def warm_up() -> None:
        voice = StepAudioVoice(
            SpeechModels.load(toy_models), OneVoice(), writing=ThreadLane("w"), sounding=ThreadLane("s")
        )
        await voice.warm_up()
        await voice.close()

    asyncio.run(warm_up())
    assert len(opened) == 6
    assert ran == set(opened)
