"""Recognizers that tell how well speech is understood; none of them took part in its training."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_audio.asr.recognizer import Recognizer, RecognizerConfig
from edge_audio.audio.frame import Samples
from edge_audio.bench.nano.corpus import Sentence
from edge_audio.bench.nano.word_errors import word_error_rate
from edge_audio.models import WHISPER_BASE, WHISPER_TINY_EN
from edge_audio.settings import Shared
from edge_audio.tables import read_table
from runtime.store import Store


class Ear(Protocol):
    """Tells the words of speech."""

    name: str

    async def hear(self, pcm: Samples) -> str:
        """Return what is said in `pcm`, at `INPUT_RATE_HZ`."""
        ...

    async def close(self) -> None:
        """Free the model."""
        ...


class RecognizingEar:
    """An `Ear` that is a recognizer of conversations."""

    def __init__(self, recognizer: Recognizer) -> None:
        self.name = recognizer.name
        self._recognizer = recognizer

    async def hear(self, pcm: Samples) -> str:
        """See `Ear.hear`."""
        utterance = self._recognizer.open()
        utterance.feed(pcm)
        return (await utterance.transcribe()).text or ""

    async def close(self) -> None:
        """See `Ear.close`."""
        await self._recognizer.close()


def load_ears(store: Store) -> list[Ear]:
    """Load Whisper tiny.en, and base where it was fetched. Blocks. Raises `UserError` without tiny.en."""
    folders = [store.path(WHISPER_TINY_EN)]
    if base := store.find(WHISPER_BASE):
        folders.append(base)
    tables = [{"adapter": "whisper", "model": str(folder), "threads": 1} for folder in folders]
    # Each on a thread of its own: they hear side by side.
    return [RecognizingEar(read_table(RecognizerConfig, table).load(Shared())) for table in tables]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A sentence as it sounds after some work, and what was understood of it."""

    sentence: Sentence
    pcm: Samples
    """At `INPUT_RATE_HZ`."""
    texts: dict[str, str]
    """What was understood, by the name of the `Ear`."""


async def hear_all(
    sentences: Iterable[Sentence], sound: Callable[[Sentence], Awaitable[Samples]], ears: Sequence[Ear]
) -> list[Heard]:
    """Make each sentence sound, at `INPUT_RATE_HZ`, and hear it while the next one is made."""
    tasks: list[asyncio.Task[Heard]] = []
    try:
        for sentence in sentences:
            pcm = await sound(sentence)
            tasks.append(asyncio.create_task(_hear(sentence, pcm, ears)))
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def _hear(sentence: Sentence, pcm: Samples, ears: Sequence[Ear]) -> Heard:
    texts = await asyncio.gather(*(ear.hear(pcm) for ear in ears))
    return Heard(sentence, pcm, {ear.name: text for ear, text in zip(ears, texts, strict=True)})


def error_rate(heard: Iterable[Heard], ear: str) -> float | None:
    """Return the word error rate in per cent; see `word_error_rate`."""
    return word_error_rate((each.sentence.text, each.texts[ear]) for each in heard)
