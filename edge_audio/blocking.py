"""`speak` and `transcribe` for programs without an event loop: each call blocks until its result is there."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_audio import speech
from edge_audio.asr.recognizer import Recognizer, Transcript
from edge_audio.audio.frame import Samples
from edge_audio.config import Config
from edge_audio.tts.voice import SpokenChunk, Style, Voice


@dataclass(frozen=True, slots=True)
class Speech:
    """As `edge_audio.speech.Speech`, without an event loop."""

    speech: speech.Speech

    @property
    def text(self) -> str:
        """What is spoken."""
        return self.speech.text

    @property
    def rate_hz(self) -> int:
        """Rate of the sound."""
        return self.speech.rate_hz

    def __iter__(self) -> Iterator[SpokenChunk]:
        """Yield the sound chunk by chunk, each with the part of the text that it says."""
        chunks = aiter(self.speech)

        async def take() -> SpokenChunk | None:
            return await anext(chunks, None)

        _refuse_inside_a_loop()
        with asyncio.Runner() as runner:
            try:
                while (chunk := runner.run(take())) is not None:
                    yield chunk
            finally:
                runner.run(chunks.aclose())

    def samples(self) -> Samples:
        """Return the whole sound at `rate_hz`, shape (n,)."""
        _refuse_inside_a_loop()
        return asyncio.run(self.speech.samples())

    def save(self, path: Path | str) -> float:
        """Write it into a WAV file at `path`; return its seconds."""
        _refuse_inside_a_loop()
        return asyncio.run(self.speech.save(path))


def speak(
    text: str,
    *,
    config: Config | Path | str | None = None,
    voice: Voice | None = None,
    style: Style | None = None,
) -> Speech:
    """Return `text` as speech; see `edge_audio.speak`."""
    return Speech(speech.speak(text, config=config, voice=voice, style=style))


def transcribe(
    audio: Samples | Path | str,
    *,
    config: Config | Path | str | None = None,
    recognizer: Recognizer | None = None,
) -> Transcript:
    """Return what is said in `audio`; see `edge_audio.transcribe`."""
    _refuse_inside_a_loop()
    return asyncio.run(speech.transcribe(audio, config=config, recognizer=recognizer))


def _refuse_inside_a_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        "edge_audio.blocking would stop the running event loop; await edge_audio's own instead"
    )
