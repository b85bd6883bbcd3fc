import asyncio
from pathlib import Path

import pytest

from edge_audio.asr.recognizer import Transcript
from edge_audio.audio.frame import Samples
from edge_audio.bench.nano.corpus import Sentence
from edge_audio.bench.nano.transcription import (
    RecognizerTranscriber,
    load_transcribers,
    transcribe_all,
)
from runtime.errors import UserError
from runtime.store import Store
from tests.edge_audio.bench.nano.humming import TEXTS, HumTranscriber, as_said

SENTENCES = [as_said(text) for text in TEXTS]


async def unchanged(sentence: Sentence) -> Samples:
    return sentence.pcm


class Counting:
    """A `Recognizer` that tells how many samples it was fed."""

    name = "counting"

    def __init__(self) -> None:
        self.closed = False
        self._fed = 0

    def open(self) -> "Counting":
        self._fed = 0
        return self

    def feed(self, pcm: Samples) -> None:
        self._fed += len(pcm)

    async def transcribe(self, *, partial: bool = False) -> Transcript:
        return Transcript(f"{self._fed}")

    async def warm_up(self) -> None:
        pass

    async def close(self) -> None:
        self.closed = True


def test_each_sentence_is_transcribed_by_each_transcriber_in_order() -> None:
    other = HumTranscriber(TEXTS[0])
    other.name = "other"
    heard = asyncio.run(transcribe_all(SENTENCES, unchanged, [HumTranscriber(*TEXTS), other]))
    assert [each.texts for each in heard] == [
        {"stub": text, "other": text if text == TEXTS[0] else ""} for text in TEXTS
    ]


def test_what_stops_the_making_is_raised_unchanged() -> None:
    async def fail(sentence: Sentence) -> Samples:
        if sentence is SENTENCES[2]:
            raise UserError("There is no such voice.", "Add it.")
        return sentence.pcm

    with pytest.raises(UserError, match="no such voice"):
        asyncio.run(transcribe_all(SENTENCES, fail, [HumTranscriber(*TEXTS)]))


def test_a_recognizer_hears_a_sentence_as_one_utterance() -> None:
    recognizer = Counting()

    async def run() -> list[str]:
        transcriber = RecognizerTranscriber(recognizer)
        heard = [await transcriber.transcribe(sentence.pcm) for sentence in SENTENCES]
        await transcriber.close()
        return heard

    assert asyncio.run(run()) == [str(len(sentence.pcm)) for sentence in SENTENCES]
    assert recognizer.closed


def test_without_recognizers_it_is_told_how_to_fetch_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"models fetch whisper-tiny\.en"):
        load_transcribers(Store(tmp_path))
