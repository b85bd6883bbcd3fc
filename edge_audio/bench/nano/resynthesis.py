"""Resynthesis: speech to codes and back, and its word error rate."""

from collections.abc import Sequence
from functools import partial
from typing import Protocol, Self

import numpy as np

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.audio.resample import resample
from edge_audio.bench.nano.corpus import Sentence
from edge_audio.bench.nano.part import Measured, Part, Track
from edge_audio.bench.nano.transcription import Transcribed, Transcriber, rows_of, transcribe_all
from edge_audio.bench.nano.word_error import word_error_metrics
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


class VoiceConverter:
    """Repeats speech in one of its voices."""

    def __init__(self, resynthesizer: Resynthesizer, voices: Voices, lane: Lane, seed: int) -> None:
        """`lane`, on which it computes, belongs to it."""
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
        """Return `pcm` in the voice called `voice`, both at `INPUT_RATE_HZ`. Raises `UserError`."""
        return await self._lane.run(partial(self._convert, pcm, voice))

    def close(self) -> None:
        """Free the models."""
        self._lane.close()

    def _convert(self, pcm: Samples, name: str, token: CancelToken) -> Samples:
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
    converter: VoiceConverter,
    original: Sequence[Transcribed],
    transcribers: Sequence[Transcriber],
    track: Track,
) -> Measured:
    """Resynthesise each sentence in the voice of its speaker."""

    async def convert(sentence: Sentence) -> Samples:
        return await converter(sentence.pcm, sentence.voice)

    sentences = [each.sentence for each in original]
    made = await transcribe_all(track("resynthesis", sentences), convert, transcribers)
    return Measured(word_error_metrics(Part.RESYNTHESIS, original, made), rows_of(original, made))


async def measure_recordings(
    converter: VoiceConverter,
    voice: str,
    recordings: Sequence[Sentence],
    transcribers: Sequence[Transcriber],
    track: Track,
) -> Measured:
    """Resynthesise other people's speech in the voice called `voice`: reported, not judged."""

    async def unchanged(sentence: Sentence) -> Samples:
        return sentence.pcm

    async def convert(sentence: Sentence) -> Samples:
        return await converter(sentence.pcm, voice)

    original = await transcribe_all(track("other recordings", recordings), unchanged, transcribers)
    made = await transcribe_all(track("resynthesis of others", recordings), convert, transcribers)
    metrics = word_error_metrics(Part.RESYNTHESIS, original, made, judged=False)
    return Measured(metrics, rows_of(original, made))
