"""Stopping the Step-Audio voice: wherever it is, it frees its lanes at once and leaves nothing behind."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path

import pytest

from edge_audio.text.clauses import Clause
from edge_audio.tts.step_audio import SpeechModels
from edge_audio.tts.voice import SpokenChunk, Style
from runtime.session import Array, OnnxSession
from runtime.worker import CancelToken, ThreadLane
from tests.support.footprint import assert_nothing_is_left, hundred
from tests.support.toy_voice import LONG, Voices, free, voice_of

Feeds = Mapping[str, Array]

STAGES: dict[str, Callable[[Feeds], bool]] = {
    "reading the prompt": lambda feeds: len(feeds.get("ids", ())) > 1,
    "writing": lambda feeds: len(feeds.get("ids", ())) == 1,
    "the flow's encoder": lambda feeds: "positions" in feeds,
    "the flow's estimator": lambda feeds: "t" in feeds,
    "the pitch": lambda feeds: set(feeds) == {"mel"},
    "the vocoder": lambda feeds: "source" in feeds,
}
"""What the voice computes, told by what the graph is fed."""

FREE_S = 0.05
"""Within which all workers are free. The best of some tries keeps it on a busy machine too."""

TRIES = 5

STUCK_S = 1.0
"""How long a stage lasts that cancelling doesn't end."""


class LongStage:
    """Makes one stage last: its graph is computed again and again, until that is cancelled."""

    def __init__(self, stage: Callable[[Feeds], bool]) -> None:
        self.armed = False
        self.reached = threading.Event()
        self._stage = stage

    @contextmanager
    def patched(self) -> Iterator[None]:
        compute = OnnxSession.run

        def run(session: OnnxSession, feeds: Feeds, token: CancelToken | None = None) -> list[Array]:
            outputs = compute(session, feeds, token)
            if self.armed and self._stage(feeds):
                self.reached.set()
                end_s = time.monotonic() + STUCK_S
                while time.monotonic() < end_s:
                    outputs = compute(session, feeds, token)
            return outputs

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(OnnxSession, "run", run)
            yield


async def take_all(chunks: AsyncGenerator[SpokenChunk, None]) -> None:
    async with aclosing(chunks):
        async for _ in chunks:
            pass


async def cancelled(taking: asyncio.Future[None], lanes: Sequence[ThreadLane]) -> float:
    """Cancel, and return the seconds until both lanes are free."""
    begin_s = time.perf_counter()
    taking.cancel()
    with suppress(asyncio.CancelledError):
        await taking
    await asyncio.wait_for(free(lanes), 10)
    return time.perf_counter() - begin_s


@pytest.mark.parametrize(
    ("stage", "chunks_before"),
    [*((stage, 0) for stage in STAGES), ("writing", 1), ("the flow's estimator", 1), ("the vocoder", 1)],
)
def test_cancelling_while_it_computes_frees_both_lanes(
    models: SpeechModels, stage: str, chunks_before: int
) -> None:
    async def main() -> list[float]:
        times_s = []
        for _ in range(TRIES):
            long = LongStage(STAGES[stage])
            with long.patched():
                async with voice_of(models) as (voice, lanes):
                    chunks = voice.speak(Clause(LONG, 0), Style())
                    for _ in range(chunks_before):
                        await anext(chunks)
                    long.armed = True
                    taking = asyncio.ensure_future(take_all(chunks))
                    assert await asyncio.to_thread(long.reached.wait, 10)
                    assert any(lane.busy for lane in lanes)
                    times_s.append(await cancelled(taking, lanes))
        return times_s

    assert min(asyncio.run(main())) < FREE_S


@pytest.mark.parametrize("turns", range(6))
def test_cancelling_before_anything_was_computed_frees_both_lanes(models: SpeechModels, turns: int) -> None:
    async def main() -> list[float]:
        times_s = []
        async with voice_of(models) as (voice, lanes):
            for _ in range(TRIES):
                taking = asyncio.ensure_future(take_all(voice.speak(Clause(LONG, 0), Style())))
                for _ in range(turns):
                    await asyncio.sleep(0)
                times_s.append(await cancelled(taking, lanes))
        return times_s

    assert min(asyncio.run(main())) < FREE_S


def test_stopping_while_nobody_takes_the_sound_frees_both_lanes(models: SpeechModels) -> None:
    async def main() -> list[float]:
        times_s = []
        async with voice_of(models) as (voice, lanes):
            for _ in range(TRIES):
                chunks = voice.speak(Clause(LONG, 0), Style())
                await anext(chunks)
                await asyncio.sleep(0.2)
                assert lanes[0].busy  # with a clause too long to be written before its sound is taken
                begin_s = time.perf_counter()
                await chunks.aclose()
                await asyncio.wait_for(free(lanes), 10)
                times_s.append(time.perf_counter() - begin_s)
        return times_s

    assert min(asyncio.run(main())) < FREE_S


@pytest.mark.parametrize("stage", ["writing", "the flow's estimator", "the vocoder"])
def test_closing_the_voice_while_it_computes_frees_both_lanes(models: SpeechModels, stage: str) -> None:
    async def main() -> list[float]:
        times_s = []
        for _ in range(TRIES):
            long = LongStage(STAGES[stage])
            with long.patched():
                async with voice_of(models) as (voice, lanes):
                    long.armed = True
                    taking = asyncio.ensure_future(take_all(voice.speak(Clause(LONG, 0), Style())))
                    assert await asyncio.to_thread(long.reached.wait, 10)
                    begin_s = time.perf_counter()
                    await voice.close()
                    await asyncio.wait_for(free(lanes), 10)
                    times_s.append(time.perf_counter() - begin_s)
                    await asyncio.gather(taking, return_exceptions=True)
        return times_s

    assert min(asyncio.run(main())) < FREE_S


def test_after_a_cancelled_clause_the_next_one_sounds_as_ever(models: SpeechModels) -> None:
    async def main() -> None:
        async with voice_of(models) as (voice, _):

            async def said() -> bytes:
                return b"".join([c.pcm.tobytes() async for c in voice.speak(Clause("Hi!", 0), Style())])

            ever = await said()
            for n in range(8):
                with suppress(TimeoutError):
                    async with asyncio.timeout(n * 0.005):
                        await take_all(voice.speak(Clause(LONG, 0), Style()))
                assert await said() == ever

    asyncio.run(main())


def test_a_hundred_starts_and_stops_leave_nothing_behind(toy_models: Path) -> None:
    async def cycle(number: int) -> None:
        models = SpeechModels.load(toy_models)
        style = Style(music="rap") if number % 10 == 5 else Style()
        async with voice_of(models, Voices()) as (voice, _):
            chunks = voice.speak(Clause(LONG, 0), style)
            with suppress(TimeoutError):
                async with asyncio.timeout(number % 10 * 0.005):
                    await anext(chunks)
            await chunks.aclose()

    assert_nothing_is_left(*asyncio.run(hundred(cycle)))
