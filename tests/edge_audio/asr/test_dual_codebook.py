"""Speech as audio tokens, with the real tokenizer's form in miniature."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_audio.asr.dual_codebook import DualCodebookRecognizer
from edge_audio.asr.recognizer import Transcript
from edge_audio.step_audio.tokenizer.dual import DualTokenizer
from runtime.worker import ThreadLane

PCM = np.random.default_rng(5).standard_normal(40_000).astype(np.float32) * np.float32(0.1)
FRAMES = np.split(PCM, range(320, len(PCM), 320))


@pytest.fixture(scope="module")
def tokenizer(tokenizer_models: Path) -> DualTokenizer:
    return DualTokenizer.load(tokenizer_models)


@pytest.fixture
def lane() -> Iterator[ThreadLane]:
    lane = ThreadLane("tokenizer")
    yield lane
    lane.close()


def live(tokenizer: DualTokenizer, pcm: np.ndarray, peak: float = 0.0) -> tuple[int, ...]:
    session = tokenizer.session(peak=peak) if peak else tokenizer.session()
    return (*map(int, session.feed(pcm)), *map(int, session.finish()))


class Words:
    """A recognizer that counts what it was fed."""

    name = "counter"

    def __init__(self) -> None:
        self.fed = 0
        self.warm = self.closed = False

    def open(self) -> "Words":
        return self

    def feed(self, pcm: np.ndarray) -> None:
        self.fed += len(pcm)

    async def transcribe(self, *, partial: bool = False) -> Transcript:
        return Transcript(f"{self.fed} samples{' so far' if partial else ''}", language="eo")

    async def warm_up(self) -> None:
        self.warm = True

    async def close(self) -> None:
        self.closed = True


def test_a_pause_gives_the_tokens_of_all_that_was_said_and_the_utterance_may_go_on(
    tokenizer: DualTokenizer, lane: ThreadLane
) -> None:
    async def main() -> list[Transcript]:
        utterance = DualCodebookRecognizer(tokenizer, lane).open()
        heard = []
        for number, frame in enumerate(FRAMES):
            utterance.feed(frame)
            if number in (30, 60):
                heard.append(await utterance.transcribe(partial=True))
            if number in (80, len(FRAMES) - 1):
                heard.append(await utterance.transcribe())
        return heard

    first, second, paused, ended = asyncio.run(main())
    assert first == second == Transcript(None)
    assert paused.audio_ids == live(tokenizer, PCM[: 81 * 320])
    assert ended.audio_ids == live(tokenizer, PCM)
    assert ended.text is None


def test_words_come_beside_the_tokens_where_a_recognizer_tells_them(
    tokenizer: DualTokenizer, lane: ThreadLane
) -> None:
    words = Words()

    async def main() -> tuple[Transcript, Transcript]:
        recognizer = DualCodebookRecognizer(tokenizer, lane, words)
        await recognizer.warm_up()
        utterance = recognizer.open()
        utterance.feed(PCM)
        partly, whole = await utterance.transcribe(partial=True), await utterance.transcribe()
        await recognizer.close()
        return partly, whole

    partly, whole = asyncio.run(main())
    assert partly == Transcript("40000 samples so far", language="eo")
    assert whole == Transcript("40000 samples", language="eo", audio_ids=live(tokenizer, PCM))
    assert words.warm
    assert words.closed


def test_the_next_utterance_begins_with_the_level_of_the_one_before(
    tokenizer: DualTokenizer, lane: ThreadLane
) -> None:
    async def main() -> tuple[Transcript, Transcript]:
        recognizer = DualCodebookRecognizer(tokenizer, lane)
        heard = []
        for pcm in (PCM, PCM[:20_000]):
            utterance = recognizer.open()
            utterance.feed(pcm)
            heard.append(await utterance.transcribe())
        return heard[0], heard[1]

    _, second = asyncio.run(main())
    assert second.audio_ids == live(tokenizer, PCM[:20_000], float(np.abs(PCM).max()))


def test_each_conversation_has_a_level_of_its_own(tokenizer: DualTokenizer, lane: ThreadLane) -> None:
    async def main() -> Transcript:
        recognizer = DualCodebookRecognizer(tokenizer, lane)
        loud, quiet = recognizer.session(), recognizer.session()
        utterance = loud.open()
        utterance.feed(PCM)
        await utterance.transcribe()
        utterance = quiet.open()
        utterance.feed(PCM[:20_000])
        return await utterance.transcribe()

    assert asyncio.run(main()).audio_ids == live(tokenizer, PCM[:20_000])


@pytest.mark.parametrize("given_up_s", [0.0, 0.002, 0.01])
def test_a_transcript_that_is_given_up_loses_no_token(
    tokenizer: DualTokenizer, lane: ThreadLane, given_up_s: float
) -> None:
    async def main() -> Transcript:
        utterance = DualCodebookRecognizer(tokenizer, lane).open()
        for start in range(0, len(PCM), 8000):
            utterance.feed(PCM[start : start + 8000])
            giving_up = asyncio.ensure_future(utterance.transcribe())
            await asyncio.sleep(given_up_s)
            giving_up.cancel()
            await asyncio.wait((giving_up,))
        return await utterance.transcribe()

    assert asyncio.run(main()).audio_ids == live(tokenizer, PCM)
