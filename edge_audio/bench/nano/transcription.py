"""Speech and what recognizers understand of it; none of them took part in its training."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from edge_audio.asr.recognizer import Recognizer, RecognizerConfig
from edge_audio.audio.frame import Samples
from edge_audio.bench.nano.corpus import Sentence
from edge_audio.bench.nano.duration import speech_s
from edge_audio.bench.nano.part import ALL_VOICES
from edge_audio.models import WHISPER_BASE, WHISPER_TINY_EN
from edge_audio.settings import Shared
from edge_audio.tables import read_table
from runtime.store import Store


class Transcriber(Protocol):
    """Turns speech into text."""

    name: str

    async def transcribe(self, pcm: Samples) -> str:
        """Return the text of `pcm`, at `INPUT_RATE_HZ`."""
        ...

    async def close(self) -> None:
        """Free the model."""
        ...


class RecognizerTranscriber:
    """A `Transcriber` that uses a recognizer of conversations."""

    def __init__(self, recognizer: Recognizer) -> None:
        self.name = recognizer.name
        self._recognizer = recognizer

    async def transcribe(self, pcm: Samples) -> str:
        """See `Transcriber.transcribe`."""
        utterance = self._recognizer.open()
        utterance.feed(pcm)
        return (await utterance.transcribe()).text or ""

    async def close(self) -> None:
        """See `Transcriber.close`."""
        await self._recognizer.close()


def load_transcribers(store: Store) -> list[Transcriber]:
    """Load Whisper tiny.en, and base if it was fetched. Blocks. Raises `UserError` without tiny.en."""
    folders = [store.path(WHISPER_TINY_EN)]
    if base := store.find(WHISPER_BASE):
        folders.append(base)
    tables = [{"adapter": "whisper", "model": str(folder), "threads": 1} for folder in folders]
    # One thread each: they work side by side.
    return [RecognizerTranscriber(read_table(RecognizerConfig, table).load(Shared())) for table in tables]


@dataclass(frozen=True, slots=True, eq=False)
class Transcribed:
    """A sentence, its sound as it was made, and the text that was understood."""

    sentence: Sentence
    pcm: Samples
    """At `INPUT_RATE_HZ`."""
    texts: dict[str, str]
    """What was understood, by the name of the `Transcriber`."""


async def transcribe_all(
    sentences: Iterable[Sentence],
    sound: Callable[[Sentence], Awaitable[Samples]],
    transcribers: Sequence[Transcriber],
) -> list[Transcribed]:
    """Make the `sound` of each sentence, at `INPUT_RATE_HZ`, and transcribe it while the next one is made."""
    tasks: list[asyncio.Task[Transcribed]] = []
    try:
        for sentence in sentences:
            pcm = await sound(sentence)
            tasks.append(asyncio.create_task(_transcribe(sentence, pcm, transcribers)))
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def _transcribe(sentence: Sentence, pcm: Samples, transcribers: Sequence[Transcriber]) -> Transcribed:
    texts = await asyncio.gather(*(each.transcribe(pcm) for each in transcribers))
    names = (each.name for each in transcribers)
    return Transcribed(sentence, pcm, dict(zip(names, texts, strict=True)))


def by_voice(
    original: Sequence[Transcribed], made: Sequence[Transcribed]
) -> Iterator[tuple[str, list[Transcribed], list[Transcribed]]]:
    """Yield the sentences of each voice, then all sentences if there are several voices."""

    def of(transcribed: Sequence[Transcribed], voice: str) -> list[Transcribed]:
        return [each for each in transcribed if each.sentence.voice == voice]

    voices = list(dict.fromkeys(each.sentence.voice for each in made))
    for voice in voices:
        yield voice, of(original, voice), of(made, voice)
    if len(voices) > 1:
        yield ALL_VOICES, list(original), list(made)


def rows_of(original: Sequence[Transcribed], made: Sequence[Transcribed]) -> list[dict[str, Any]]:
    """Return each sentence, what was understood of it and how long it lasts, for JSON."""
    return [
        {
            "voice": then.sentence.voice,
            "text": then.sentence.text,
            "heard": then.texts,
            "heard_original": first.texts,
            "speech_s": speech_s(then.pcm),
            "original_speech_s": speech_s(first.pcm),
        }
        for first, then in zip(original, made, strict=True)
    ]
