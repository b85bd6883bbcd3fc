"""Whisper as a `Recognizer`, on faster-whisper (CTranslate2)."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge_audio.asr.recognizer import Recognizer, RecognizerConfig, Segment
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.models import find_model
from edge_audio.settings import Shared, Threads
from runtime.worker import CancelToken, Emit, Lane, ThreadLane

if TYPE_CHECKING:
    from edge_audio.asr.whisper_utterance import WhisperUtterance

_MOST_SEGMENTS = 100_000
"""More than any recording has: others wait for the lane, so it must not wait until segments are taken."""


class WhisperRecognizer(Recognizer):
    """A `Recognizer` for any of Whisper's models in CTranslate2's format."""

    def __init__(
        self, folder: Path, lane: Lane, *, language: str = "en", threads: int = 2, word_times: bool = False
    ) -> None:
        """Load the model in `folder` (blocks for half a second).

        `language` is an ISO 639-1 code, or `auto`. With `word_times` every transcript has the times of its
        words, for about 1 ms a word. Raises `UserError` if there is no model, or it doesn't know the
        language. The lane belongs to the recognizer and is closed with it.
        """
        from edge_audio.asr.whisper_decoder import WhisperDecoder

        self.name = folder.name
        self._decoder = WhisperDecoder(folder, threads=threads, language=language)
        self._lane = lane
        self._word_times = word_times

    @property
    def dropped_s(self) -> float:
        """Return the seconds computed in vain: a cancelled call ends after CTranslate2's current step."""
        return self._decoder.dropped_s

    @property
    def retries(self) -> int:
        """Return how often a transcript looped, or was unsure, and was made again with full padding."""
        return self._decoder.retries

    def open(self) -> "WhisperUtterance":
        """See `Recognizer.open`."""
        from edge_audio.asr.whisper_utterance import WhisperUtterance

        return WhisperUtterance(self._decoder, self._lane, word_times=self._word_times)

    async def warm_up(self) -> None:
        """See `Recognizer.warm_up`."""
        noise = np.random.default_rng(0).normal(0.0, 0.01, INPUT_RATE_HZ).astype(np.float32)
        await self._lane.run(lambda token: self._decoder.decode(noise, token))

    async def transcribe(self, pcm: Samples) -> AsyncGenerator[Segment, None]:
        """See `Recognizer.transcribe`. Slower and surer than utterances, see `WhisperDecoder.segments`."""

        def recognize(token: CancelToken, emit: Emit[Segment]) -> None:
            for segment in self._decoder.segments(pcm, token):
                emit(segment)

        async with aclosing(self._lane.stream(recognize, capacity=_MOST_SEGMENTS)) as segments:
            async for segment in segments:
                yield segment

    async def close(self) -> None:
        """See `Recognizer.close`."""
        self._lane.close()


class WhisperConfig(RecognizerConfig, frozen=True):
    """Whisper on CTranslate2."""

    packages = ("ctranslate2", "faster-whisper")

    model: str = "whisper-tiny.en"
    """Name in `edge-audio models`, or folder of a CTranslate2 Whisper model."""
    threads: Threads = 1
    """Threads of the model; with `whisper-tiny.en` a second one gains nothing (measured)."""

    def load(self, shared: Shared) -> WhisperRecognizer:
        """See `RecognizerConfig.load`."""
        folder = find_model(self.model)
        return WhisperRecognizer(folder, ThreadLane("asr"), language=self.language, threads=self.threads)

    def models(self) -> tuple[str, ...]:
        """See `AdapterConfig.models`."""
        return (self.model,)
