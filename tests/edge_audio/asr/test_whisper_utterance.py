"""The utterance's bookkeeping, on a recognizer that hears numbers: no model, virtual time."""

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_audio.asr.recognizer import Transcript, Word
from edge_audio.asr.whisper_decoder import WINDOW_S, Hypothesis
from edge_audio.asr.whisper_utterance import WhisperUtterance
from edge_audio.audio.frame import FRAME_SAMPLES, INPUT_RATE_HZ, Samples
from edge_audio.testing import VirtualLane
from runtime.clock import run_virtual
from runtime.worker import CancelToken

WORD = round(0.3 * INPUT_RATE_HZ)
GAP = round(0.1 * INPUT_RATE_HZ)


def speech(count: int) -> Samples:
    """`count` words, each a tone of silence whose level is its number."""
    return np.concatenate(
        [
            np.concatenate((np.full(WORD, number, np.float32), np.zeros(GAP, np.float32)))
            for number in range(1, count + 1)
        ]
    )


class NumberDecoder:
    """Hears the words of `speech`; a word that it heard in part only is mistaken, as in life."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self.calls = 0

    def decode(
        self, pcm: Samples, token: CancelToken, *, language: str | None = None, prefix: str = ""
    ) -> Hypothesis:
        token.raise_if_cancelled()
        self.calls += 1
        self.longest_s = max(self.longest_s, len(pcm) / INPUT_RATE_HZ)
        self._words = tuple(self._hear(pcm))
        text = "".join(word.text for word in self._words)
        if prefix:
            assert text.startswith(prefix), f"the sound of the known words {prefix!r} was cut off: {text!r}"
        return Hypothesis(text, -0.1, 0.0, "en", (), None, 0)

    def words(self, heard: Hypothesis, token: CancelToken) -> tuple[Word, ...]:
        return self._words

    @staticmethod
    def _hear(pcm: Samples) -> list[Word]:
        words = []
        for number in dict.fromkeys(pcm[pcm > 0].tolist()):
            (places,) = np.nonzero(pcm == number)
            if len(places) >= WORD // 4:
                text = f" {number:.0f}" if len(places) == WORD else " eh"
                words.append(Word(text, places[0] / INPUT_RATE_HZ, (places[-1] + 1) / INPUT_RATE_HZ))
        return words


def utterance(decoder: NumberDecoder, *, word_times: bool = False) -> WhisperUtterance:
    return WhisperUtterance(decoder, VirtualLane("asr", cost_s=0.1), word_times=word_times)


def counting(count: int) -> str:
    return " ".join(str(number) for number in range(1, count + 1))


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(
    count=st.integers(1, 90),
    asks=st.lists(st.integers(0, 90 * (WORD + GAP) // FRAME_SAMPLES), max_size=30),
)
def test_no_word_is_lost_or_said_twice_however_it_is_asked(count: int, asks: list[int]) -> None:
    async def run() -> Transcript:
        heard = utterance(NumberDecoder(), word_times=True)
        pcm = speech(count)
        for index, start in enumerate(range(0, len(pcm), FRAME_SAMPLES)):
            heard.feed(pcm[start : start + FRAME_SAMPLES])
            if index in asks:
                await heard.transcribe()
        return await heard.transcribe()

    transcript = run_virtual(run())
    assert transcript.text == counting(count)
    assert [word.text for word in transcript.words] == counting(count).split()
    for number, word in enumerate(transcript.words):
        assert word.start_s == pytest.approx(number * 0.4, abs=1e-6)


def test_no_more_than_a_window_is_ever_recognized_at_once() -> None:
    decoder = NumberDecoder()

    async def run() -> str:
        heard = utterance(decoder)
        heard.feed(speech(150))
        return (await heard.transcribe()).text

    assert run_virtual(run()) == counting(150)
    assert decoder.longest_s == pytest.approx(WINDOW_S)


def test_asked_now_and_then_only_the_tail_is_left_at_the_end() -> None:
    decoder = NumberDecoder()

    async def run() -> None:
        heard = utterance(decoder)
        pcm = speech(150)
        for start in range(0, len(pcm), INPUT_RATE_HZ // 2):
            heard.feed(pcm[start : start + INPUT_RATE_HZ // 2])
            await heard.transcribe()
        decoder.calls, decoder.longest_s = 0, 0.0
        await heard.transcribe()

    run_virtual(run())
    assert decoder.calls == 1
    assert decoder.longest_s < 6.5


def test_a_cancelled_call_changes_nothing() -> None:
    async def run() -> str:
        heard = utterance(NumberDecoder())
        heard.feed(speech(60))
        task = asyncio.create_task(heard.transcribe())
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.sleep(0)
        return (await heard.transcribe()).text

    assert run_virtual(run()) == counting(60)


def test_what_is_fed_during_a_call_is_heard_by_the_next() -> None:
    async def run() -> tuple[str, str]:
        heard = utterance(NumberDecoder())
        pcm = speech(40)
        heard.feed(pcm[: 30 * (WORD + GAP)])
        task = asyncio.create_task(heard.transcribe())
        await asyncio.sleep(0.05)
        heard.feed(pcm[30 * (WORD + GAP) :])
        return (await task).text, (await heard.transcribe()).text

    assert run_virtual(run()) == (counting(30), counting(40))


def test_calls_at_the_same_time_go_one_after_the_other() -> None:
    async def run() -> list[str]:
        heard = utterance(NumberDecoder())
        heard.feed(speech(60))
        return [
            transcript.text for transcript in await asyncio.gather(*(heard.transcribe() for _ in range(3)))
        ]

    assert run_virtual(run()) == [counting(60)] * 3


def test_an_utterance_without_sound_has_no_text() -> None:
    async def run() -> Transcript:
        return await utterance(NumberDecoder()).transcribe()

    assert run_virtual(run()) == Transcript("", (), "en")


def test_word_times_are_left_out_unless_asked_for() -> None:
    async def run() -> Transcript:
        heard = utterance(NumberDecoder())
        heard.feed(speech(3))
        return await heard.transcribe()

    assert run_virtual(run()).words == ()
