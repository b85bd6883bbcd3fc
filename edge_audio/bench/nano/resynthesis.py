"""Speech to codes and back: how well it is still understood."""

from collections.abc import Sequence
from functools import partial
from typing import Protocol, Self

import numpy as np

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.audio.resample import resample
from edge_audio.bench.nano.corpus import Sentence
from edge_audio.bench.nano.hearing import Ear, Heard, hear_all
from edge_audio.bench.nano.part import Measured, Part, Track
from edge_audio.bench.nano.understanding import rows_of, word_error_figures
from edge_audio.step_audio.config import StepAudioConfig
from edge_audio.step_audio.features.recording import Recording
from edge_audio.step_audio.resynthesis import Resynthesizer
from edge_audio.step_audio.speaking import CodeVoice
from edge_audio.step_audio.voices import StoredVoice
from runtime.worker import CancelToken, Lane, ThreadLane


class Voices(Protocol):
    """Where voices are found: `VoiceRegistry`."""

    def load(self, name: str) -> StoredVoice:
        """Return the voice called `name`. Raises `UserError`."""
        ...


class Echo:
    """Says what it hears in one of its voices."""

    def __init__(self, resynthesizer: Resynthesizer, voices: Voices, lane: Lane, seed: int) -> None:
        """Compute on `lane`, which belongs to it."""
        self._resynthesizer = resynthesizer
        self._voices = voices
        self._lane = lane
        self._seed = seed
        self._loaded: dict[str, StoredVoice] = {}

    @classmethod
    def load(cls, code_voice: CodeVoice, step_audio: StepAudioConfig) -> Self:
        """Load the models. Blocks. Raises `UserError`."""
        models, place = step_audio.folder(), step_audio.placement()
        resynthesizer = Resynthesizer.load(models, place, steps=code_voice.steps)
        voices = code_voice.registry(models, place)
        return cls(resynthesizer, voices, ThreadLane("resynthesis"), code_voice.seed)

    async def __call__(self, pcm: Samples, voice: str) -> Samples:
        """Return `pcm` as said by `voice`, both at `INPUT_RATE_HZ`. Raises `UserError`."""
        return await self._lane.run(partial(self._again, pcm, voice))

    def close(self) -> None:
        """Free the models."""
        self._lane.close()

    def _again(self, pcm: Samples, name: str, token: CancelToken) -> Samples:
        if name not in self._loaded:
            self._loaded[name] = self._voices.load(name)
        made = []
        for piece in self._resynthesizer.whole(
            Recording(pcm, INPUT_RATE_HZ), self._loaded[name].prompt, self._seed
        ):
            token.raise_if_cancelled()
            made.append(piece.pcm)
        return resample(np.concatenate(made), self._resynthesizer.sample_rate_hz, INPUT_RATE_HZ)


async def measure_resynthesis(
    echo: Echo, original: Sequence[Heard], ears: Sequence[Ear], track: Track
) -> Measured:
    """Have each sentence said again in the voice that said it."""

    async def again(sentence: Sentence) -> Samples:
        return await echo(sentence.pcm, sentence.voice)

    sentences = [heard.sentence for heard in original]
    made = await hear_all(track("resynthesis", sentences), again, ears)
    return Measured(word_error_figures(Part.RESYNTHESIS, original, made), rows_of(original, made))


async def measure_recordings(
    echo: Echo, voice: str, recordings: Sequence[Sentence], ears: Sequence[Ear], track: Track
) -> Measured:
    """Have other people's speech said again in the voice called `voice`: to be told, not judged."""

    async def as_it_is(sentence: Sentence) -> Samples:
        return sentence.pcm

    async def again(sentence: Sentence) -> Samples:
        return await echo(sentence.pcm, voice)

    original = await hear_all(track("other recordings", recordings), as_it_is, ears)
    made = await hear_all(track("resynthesis of others", recordings), again, ears)
    figures = word_error_figures(Part.RESYNTHESIS, original, made, judged=False)
    return Measured(figures, rows_of(original, made))
