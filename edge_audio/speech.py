"""Speech without a conversation: a text becomes sound, a recording becomes a transcript."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_audio.adapters import load_recognizer, load_voice
from edge_audio.asr.recognizer import Recognizer, Segment, Transcript
from edge_audio.audio.files import WavWriter, read_audio
from edge_audio.audio.frame import FILE_RATE_HZ, Samples
from edge_audio.audio.resample import StreamResampler
from edge_audio.config import Config, load_config
from edge_audio.text.clauses import ClauseSplitter
from edge_audio.text.words import joined
from edge_audio.tts.ahead import Line, speak_ahead
from edge_audio.tts.voice import SpokenChunk, Style, Voice


@dataclass(frozen=True, slots=True)
class Speech:
    """A text on its way to be spoken; nothing is computed before it is taken.

    Iterate over it for chunks as they come, or take it whole with `samples` or `save`. Each time it is spoken
    anew. A text in which nothing can be said makes no sound. Raises `UserError` if the voice can't be loaded,
    `VoiceError` if it can't speak.
    """

    text: str
    config: Config
    voice: Voice | None
    style: Style

    rate_hz: int = FILE_RATE_HZ
    """Rate of the sound."""

    def __aiter__(self) -> AsyncGenerator[SpokenChunk, None]:
        """Yield the sound chunk by chunk, each with the part of the text that it says."""
        return self._chunks()

    async def samples(self) -> Samples:
        """Return the whole sound at `rate_hz`, shape (n,)."""
        chunks = [chunk.pcm async for chunk in self]
        return np.concatenate(chunks) if chunks else np.zeros(0, np.float32)

    async def save(self, path: Path | str) -> float:
        """Write it into a WAV file at `path`, which is there whole or not at all; return its seconds."""
        samples = 0
        with WavWriter(path) as writer:
            async for chunk in self:
                await asyncio.to_thread(writer.write, chunk.pcm)
                samples += len(chunk.pcm)
        return samples / self.rate_hz

    async def _chunks(self) -> AsyncGenerator[SpokenChunk, None]:
        async with (
            _voice(self.config, self.voice) as voice,
            aclosing(spoken(voice, self._lines(voice), self.rate_hz)) as chunks,
        ):
            async for chunk in chunks:
                yield chunk

    async def _lines(self, voice: Voice) -> AsyncGenerator[Line, None]:
        splitter = ClauseSplitter(self.config.language, voice.language)
        for clause in (*splitter.push(self.text), *splitter.flush()):
            yield clause, self.style


def speak(
    text: str,
    *,
    config: Config | Path | str | None = None,
    voice: Voice | None = None,
    style: Style | None = None,
) -> Speech:
    """Return `text` as speech: of `voice` if it is given, else of the voice that `config` names.

    A voice that is loaded here is loaded each time that the speech is taken, and freed after it; to
    speak often, load one and give it. `style` says how to speak.
    """
    settings = as_config(config)
    return Speech(text, settings, voice, style or Style(speed=settings.tts.speed))


async def spoken(
    voice: Voice, lines: AsyncGenerator[Line, None], rate_hz: int
) -> AsyncGenerator[SpokenChunk, None]:
    """Yield what `voice` makes of `lines` at `rate_hz`; none of the chunks is empty.

    Closing the iterator stops the voice and closes `lines`. Raises `VoiceError`.
    """
    resampler = StreamResampler(voice.sample_rate_hz, rate_hz)
    start: int | None = None  # of the text whose sound is still in the resampler
    end = 0
    async with aclosing(lines), aclosing(speak_ahead(voice, lines)) as chunks:
        async for chunk in chunks:
            start, end = chunk.text_start if start is None else start, chunk.text_end
            if len(pcm := resampler.push(chunk.pcm)):
                yield SpokenChunk(pcm, start, end)
                start = None
    if len(pcm := resampler.flush()):
        yield SpokenChunk(pcm, end if start is None else start, end)


async def transcribe(
    audio: Samples | Path | str,
    *,
    config: Config | Path | str | None = None,
    recognizer: Recognizer | None = None,
) -> Transcript:
    """Return what is said in `audio`, with the times of the words where the recognizer knows them.

    `audio` is the path of a file, or samples at 16 kHz, shape (n,), in [-1, 1]. Recognized by `recognizer` if
    it is given, else by the one that `config` names. Raises `UserError` for a file that can't be read or a
    recognizer that can't be loaded, `ValueError` for samples of another shape or type, or that are NaN.
    """
    if isinstance(audio, np.ndarray):
        pcm = _checked(audio)
    else:
        pcm = await asyncio.to_thread(read_audio, audio)
    async with (
        _recognizer(as_config(config), recognizer) as model,
        aclosing(model.transcribe(pcm)) as found,
    ):
        segments: list[Segment] = [segment async for segment in found]
    text = reduce(joined, (segment.text for segment in segments), "")
    words = tuple(word for segment in segments for word in segment.words)
    return Transcript(text, words, segments[0].language if segments else None)


def _checked(samples: NDArray[Any]) -> Samples:
    """Return `samples` as float32. Raises `ValueError` if they are not finite floats of shape (n,)."""
    if samples.ndim != 1 or not np.issubdtype(samples.dtype, np.floating):
        raise ValueError(f"samples are floats of shape (n,), not {samples.dtype} of shape {samples.shape}")
    if not np.isfinite(samples).all():
        raise ValueError("samples are numbers, neither NaN nor infinity")
    return samples.astype(np.float32, copy=False)


def as_config(config: Config | Path | str | None) -> Config:
    """Return a config that was read already, or read it; the built-in one if it is None."""
    return config if isinstance(config, Config) else load_config(Path(config) if config else None)


@asynccontextmanager
async def _voice(config: Config, given: Voice | None) -> AsyncGenerator[Voice, None]:
    if given is not None:
        yield given
        return
    voice = await asyncio.to_thread(load_voice, config)
    try:
        yield voice
    finally:
        await voice.close()


@asynccontextmanager
async def _recognizer(config: Config, given: Recognizer | None) -> AsyncGenerator[Recognizer, None]:
    if given is not None:
        yield given
        return
    recognizer = await asyncio.to_thread(load_recognizer, config)
    try:
        yield recognizer
    finally:
        await recognizer.close()
