"""A Step-Audio voice of a tiny random release, and recordings of noise for it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from edge_audio.step_audio.voice_prompt import VoicePrompt
from edge_audio.step_audio.voices import StoredVoice
from edge_audio.tts.step_audio import SpeechModels, StepAudioVoice
from runtime.errors import UserError
from runtime.worker import ThreadLane

SHORT = "Hi!"
LONG = "A clause that takes longer to say than may wait for the speaker."


class Voices:
    """Two recordings of noise, and one that raps."""

    def __init__(self, names: tuple[str, ...] = ("anna", "Tingting", "TingtingRAP")) -> None:
        self.loaded: list[str] = []
        self._names = names

    def names(self) -> tuple[str, ...]:
        return self._names

    def load(self, name: str) -> StoredVoice:
        if name not in self._names:
            raise UserError(f"There is no voice {name}.", "Add it.")
        self.loaded.append(name)
        generator = np.random.default_rng(len(name))
        prompt = VoicePrompt(
            generator.integers(0, 5120, 20),
            generator.standard_normal((41, 80)).astype(np.float32),
            generator.standard_normal(192).astype(np.float32),
        )
        return StoredVoice(name, "An example.", prompt)


@asynccontextmanager
async def voice_of(
    models: SpeechModels, voices: Voices | None = None, **options: Any
) -> AsyncGenerator[tuple[StepAudioVoice, tuple[ThreadLane, ThreadLane]]]:
    lanes = ThreadLane("writing"), ThreadLane("sounding")
    voice = StepAudioVoice(models, voices or Voices(), writing=lanes[0], sounding=lanes[1], **options)
    try:
        yield voice, lanes
    finally:
        await voice.close()


async def free(lanes: Sequence[ThreadLane]) -> None:
    while any(lane.busy for lane in lanes):  # noqa: ASYNC110  a lane tells nobody
        await asyncio.sleep(0.0005)
