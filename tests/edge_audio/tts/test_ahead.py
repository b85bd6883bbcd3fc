import asyncio
import gc
import time
import weakref
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from edge_audio.step_audio.decoder.speech import Chunking
from edge_audio.text.clauses import Clause
from edge_audio.tts.ahead import Line, speak_ahead
from edge_audio.tts.step_audio import SpeechModels, StepAudioVoice
from edge_audio.tts.voice import SpokenChunk, Style, VoiceError
from runtime.clock import run_virtual
from tests.support.toy_voice import SHORT, free, voice_of

WRITING_S, SOUNDING_S, CHUNKS = 1.0, 0.4, 3


class TwoModels:
    """Writes a clause with one model, then makes it sound with the other, each for one clause at a time."""

    name = "two models"
    sample_rate_hz = 1000
    speakers = ("one",)
    abilities: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.speaking: set[str] = set()
        self.begun: list[str] = []
        self.buffers: list[weakref.ref[object]] = []
        """What it computes with."""
        self._writing, self._sounding = asyncio.Lock(), asyncio.Lock()

    async def speak(self, clause: Clause, style: Style) -> AsyncGenerator[SpokenChunk, None]:
        buffer = np.zeros(1)
        self.buffers.append(weakref.ref(buffer))
        self.begun.append(clause.text)
        self.speaking.add(clause.text)
        try:
            async with self._writing:
                await asyncio.sleep(WRITING_S)
            for number in range(CHUNKS if clause.text != "..." else 0):
                async with self._sounding:
                    await asyncio.sleep(SOUNDING_S)
                if clause.text == "broken" and number:
                    raise VoiceError("The voice broke.")
                yield SpokenChunk(np.full(1, number, np.float32), clause.text_start, clause.text_start)
        finally:
            self.speaking.remove(clause.text)

    async def warm_up(self) -> None:
        pass

    async def close(self) -> None:
        pass


class Lines:
    """Lines that are read one by one."""

    def __init__(self, *texts: str, failure: Exception | None = None) -> None:
        self.read: list[str] = []
        self.closed = False
        self._texts = texts
        self._failure = failure

    async def each(self) -> AsyncGenerator[Line, None]:
        try:
            for number, text in enumerate(self._texts):
                self.read.append(text)
                yield Clause(text, number), Style()
            if self._failure:
                raise self._failure
            if "never" in self._texts:
                await asyncio.Event().wait()
        finally:
            self.closed = True


async def heard(voice: TwoModels, lines: Lines) -> list[tuple[int, int]]:
    """Return the line and the number of each chunk."""
    chunks: list[tuple[int, int]] = []
    async with aclosing(lines.each()) as each, aclosing(speak_ahead(voice, each)) as spoken:
        async for chunk in spoken:
            chunks.append((chunk.text_start, int(chunk.pcm[0])))
    return chunks


def test_all_lines_are_heard_in_their_order() -> None:
    chunks = run_virtual(heard(TwoModels(), Lines("a", "...", "b", "c", "...")))
    assert chunks == [(line, number) for line in (0, 2, 3) for number in range(CHUNKS)]
    assert run_virtual(heard(TwoModels(), Lines())) == []


def test_one_line_is_written_while_the_one_before_sounds() -> None:
    async def main() -> float:
        await heard(TwoModels(), Lines("a", "b", "c"))
        return asyncio.get_running_loop().time()

    # One after the other they would take 3 * (1 + 3 * 0.4) seconds.
    assert run_virtual(main()) == pytest.approx(WRITING_S + 3 * CHUNKS * SOUNDING_S)


def test_while_a_line_is_not_taken_only_the_next_one_is_begun() -> None:
    async def main() -> None:
        voice, lines = TwoModels(), Lines("a", "b", "c", "d")
        async with aclosing(lines.each()) as each, aclosing(speak_ahead(voice, each)) as spoken:
            await anext(spoken)
            await asyncio.sleep(100)
            assert voice.begun == lines.read == ["a", "b"]
            for _ in range(CHUNKS):
                await anext(spoken)
            await asyncio.sleep(100)
            assert voice.begun == lines.read == ["a", "b", "c"]

    run_virtual(main())


@pytest.mark.parametrize("chunks", range(2 * CHUNKS))
def test_closing_stops_all_that_was_begun(chunks: int) -> None:
    async def main() -> None:
        voice, lines = TwoModels(), Lines("a", "b", "never")
        async with aclosing(lines.each()) as each:
            spoken = speak_ahead(voice, each)
            for _ in range(chunks):
                await anext(spoken)
            waiting = asyncio.ensure_future(anext(spoken))
            await asyncio.sleep(0.1)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            await spoken.aclose()
            del spoken, waiting
            assert not voice.speaking
            assert len(asyncio.all_tasks()) == 1
            await asyncio.sleep(0.1)
            assert not [buffer for buffer in voice.buffers if buffer() is not None]
        assert lines.closed

    gc.collect()
    gc.disable()  # only what nobody refers to is freed
    try:
        run_virtual(main())
    finally:
        gc.enable()


def test_what_fails_is_told_after_what_was_said_before() -> None:
    async def main(lines: Lines, failure: type[Exception]) -> list[tuple[int, int]]:
        voice, chunks = TwoModels(), []
        async with aclosing(lines.each()) as each:
            with pytest.raises(failure):
                async for chunk in speak_ahead(voice, each):
                    chunks.append((chunk.text_start, int(chunk.pcm[0])))
        assert not voice.speaking
        return chunks

    before = [(0, number) for number in range(CHUNKS)]
    assert run_virtual(main(Lines("a", "broken", "c"), VoiceError)) == [*before, (1, 0)]
    assert run_virtual(main(Lines("a", failure=ValueError("no more")), ValueError)) == before


@pytest.mark.parametrize("chunking", [Chunking(), Chunking(10, 10, 50, 100)], ids=["released", "many pieces"])
def test_the_step_audio_voice_says_the_same_ahead_as_one_after_the_other(
    toy_models: Path, chunking: Chunking
) -> None:
    """With many pieces, a clause that is ahead makes more of them in the end than may wait to be taken."""

    async def main() -> tuple[bytes, bytes]:
        lines = [(Clause(text, 0), Style()) for text in ("Oh no, not this!", SHORT)]

        async def each() -> AsyncGenerator[Line, None]:
            for line in lines:
                yield line

        async with voice_of(SpeechModels.load(toy_models, chunking=chunking)) as (voice, lanes):
            ahead = b""
            async for chunk in speak_ahead(voice, each()):
                ahead += chunk.pcm.tobytes()
                await asyncio.sleep(0.02)  # time for the next clause to get as far as it may
            await free(lanes)
            in_turn = b"".join([c.pcm.tobytes() for line in lines async for c in voice.speak(*line)])
        return ahead, in_turn

    ahead, in_turn = asyncio.run(asyncio.wait_for(main(), 20))
    assert ahead == in_turn


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.1, 0.3])
def test_cancelling_frees_the_lanes_of_both_clauses(models: SpeechModels, after_s: float) -> None:
    async def main() -> list[float]:
        times_s = []

        async def each() -> AsyncGenerator[Line, None]:
            while True:
                yield Clause("Oh no!", 0), Style()

        async def take(voice: StepAudioVoice) -> None:
            async with aclosing(each()) as lines, aclosing(speak_ahead(voice, lines)) as spoken:
                async for _ in spoken:
                    pass

        async with voice_of(models) as (voice, lanes):
            for _ in range(5):
                taking = asyncio.ensure_future(take(voice))
                await asyncio.sleep(after_s)
                begin_s = time.perf_counter()
                taking.cancel()
                await asyncio.gather(taking, return_exceptions=True)
                await asyncio.wait_for(free(lanes), 10)
                times_s.append(time.perf_counter() - begin_s)
        return times_s

    assert min(asyncio.run(main())) < 0.05
