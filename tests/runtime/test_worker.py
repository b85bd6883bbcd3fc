import asyncio
import contextlib
import functools
import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Iterator

import numpy as np
import pytest

from runtime.urgency import Urgency
from runtime.worker import Cancelled, CancelToken, Emit, ThreadLane


@contextlib.asynccontextmanager
async def lane() -> AsyncGenerator[ThreadLane, None]:
    it = ThreadLane("test")
    try:
        yield it
    finally:
        it.close()


def wait_for(token: CancelToken) -> None:
    """Compute until cancelled."""
    while not token.cancelled:
        time.sleep(0.001)
    raise Cancelled


async def until(condition: Callable[[], bool], patience_s: float = 2.0) -> float:
    """Wait for the condition; return the seconds it took."""
    began_s = time.perf_counter()
    while not condition():
        assert time.perf_counter() - began_s < patience_s
        await asyncio.sleep(0.001)
    return time.perf_counter() - began_s


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Without garbage collection, only what nobody refers to is freed: no cycle is."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Arrays:
    """Makes arrays, and tells whether any of them is still there."""

    def __init__(self) -> None:
        self.made: list[weakref.ref[object]] = []

    def make(self) -> object:
        array = np.zeros(1000)
        self.made.append(weakref.ref(array))
        return array

    @property
    def freed(self) -> bool:
        return not any(made() is not None for made in self.made)


def test_a_call_runs_off_the_loop_on_the_lanes_own_thread() -> None:
    async def main() -> None:
        async with lane() as it:
            names = [await it.run(lambda _: threading.current_thread().name) for _ in range(2)]
            assert names == ["lane-test", "lane-test"]

    asyncio.run(main())


def test_a_failure_reaches_whoever_waits() -> None:
    def fail(token: CancelToken) -> None:
        raise ValueError("no")

    async def main() -> None:
        async with lane() as it:
            with pytest.raises(ValueError, match="no"):
                await it.run(fail)
            assert await it.run(lambda _: "still there") == "still there"

    asyncio.run(main())


def test_cancelling_the_wait_returns_at_once_and_cancels_the_token() -> None:
    async def main() -> None:
        async with lane() as it:
            stopped = threading.Event()

            def stubborn(token: CancelToken) -> None:
                while not token.cancelled:
                    time.sleep(0.001)
                time.sleep(0.1)  # takes its time to notice
                stopped.set()

            task = asyncio.ensure_future(it.run(stubborn))
            await asyncio.sleep(0.05)
            began_s = time.perf_counter()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert time.perf_counter() - began_s < 0.05
            await until(lambda: not it.busy)
            assert stopped.is_set()

    asyncio.run(main())


def test_a_call_cancelled_while_it_waits_never_runs() -> None:
    async def main() -> None:
        async with lane() as it:
            ran = []
            first = asyncio.ensure_future(it.run(wait_for))
            second = asyncio.ensure_future(it.run(lambda _: ran.append(True)))
            await asyncio.sleep(0.02)
            second.cancel()
            first.cancel()
            await asyncio.gather(first, second, return_exceptions=True)
            await until(lambda: not it.busy)
            assert ran == []

    asyncio.run(main())


def test_the_more_urgent_goes_first_and_urgency_may_rise_while_a_call_waits() -> None:
    async def main() -> list[str]:
        log: list[str] = []
        urgencies = {name: Urgency(level) for name, level in (("1", 0), ("2", 0), ("3", 1), ("4", 0))}

        async def call(name: str) -> None:
            urgencies[name].use()
            await it.run(lambda _: log.append(name))

        async with lane() as it:
            hold = asyncio.ensure_future(it.run(lambda _: time.sleep(0.05)))
            await asyncio.sleep(0.005)
            calls = [asyncio.ensure_future(call(name)) for name in urgencies]
            await asyncio.sleep(0.005)
            urgencies["4"].level = 2
            await asyncio.gather(hold, *calls)
        return log

    assert asyncio.run(main()) == ["4", "3", "1", "2"]


def test_a_stream_hands_over_every_item_in_order() -> None:
    def count(token: CancelToken, emit: Emit[int]) -> None:
        for number in range(100):
            emit(number)

    async def main() -> list[int]:
        async with lane() as it:
            return [number async for number in it.stream(count, capacity=3)]

    assert asyncio.run(main()) == list(range(100))


def test_a_stream_runs_no_further_ahead_than_its_capacity() -> None:
    produced = []

    def count(token: CancelToken, emit: Emit[int]) -> None:
        for number in range(10):
            emit(number)
            produced.append(number)

    async def main() -> None:
        async with lane() as it:
            stream = it.stream(count, capacity=2)
            assert await anext(stream) == 0
            await asyncio.sleep(0.05)
            assert len(produced) == 3
            await stream.aclose()

    asyncio.run(main())


def test_closing_a_stream_stops_a_call_that_waits_for_room() -> None:
    def endless(token: CancelToken, emit: Emit[int]) -> None:
        while True:
            emit(0)

    async def main() -> None:
        async with lane() as it:
            async with contextlib.aclosing(it.stream(endless, capacity=1)) as stream:
                await anext(stream)
            assert await until(lambda: not it.busy) < 0.05

    asyncio.run(main())


def test_a_failure_in_a_stream_comes_after_its_items() -> None:
    def break_off(token: CancelToken, emit: Emit[int]) -> None:
        emit(1)
        emit(2)
        raise ValueError("broken off")

    async def main() -> list[int]:
        taken = []
        async with lane() as it:
            with pytest.raises(ValueError, match="broken off"):
                async for number in it.stream(break_off, capacity=8):
                    taken.append(number)
        return taken

    assert asyncio.run(main()) == [1, 2]


def test_closing_a_lane_cancels_what_runs_and_refuses_what_comes() -> None:
    async def main() -> None:
        it = ThreadLane("test")
        running = asyncio.ensure_future(it.run(wait_for))
        await asyncio.sleep(0.02)
        it.close()
        with pytest.raises(Cancelled):
            await asyncio.wait_for(running, 1)
        with pytest.raises(RuntimeError, match="closed"):
            await it.run(lambda _: None)

    asyncio.run(main())


@pytest.mark.parametrize("how", ["cancelled", "lane closed", "failed", "returned"])
@pytest.mark.usefixtures("no_collection")
def test_what_a_call_computed_with_is_freed_when_it_ends(how: str) -> None:
    arrays = Arrays()

    def call(given: object, token: CancelToken) -> None:
        made = arrays.make()
        if how == "failed":
            raise ValueError(type(made))
        if how != "returned":
            wait_for(token)

    async def main() -> None:
        async with lane() as it:
            waiting = asyncio.ensure_future(it.run(functools.partial(call, arrays.make())))
            await until(lambda: len(arrays.made) == 2)
            if how == "cancelled":
                waiting.cancel()
            if how == "lane closed":
                it.close()
            with contextlib.suppress(asyncio.CancelledError, Cancelled, ValueError):
                await waiting
            del waiting
            await until(lambda: arrays.freed)

    asyncio.run(main())


@pytest.mark.parametrize("how", ["cancelled", "failed", "returned"])
@pytest.mark.usefixtures("no_collection")
def test_what_a_stream_computed_with_is_freed_when_it_ends(how: str) -> None:
    arrays = Arrays()

    def call(given: object, token: CancelToken, emit: Emit[object]) -> None:
        made = arrays.make()
        emit(made)
        emit(arrays.make())
        if how == "failed":
            raise ValueError(type(made))
        while how == "cancelled":
            emit(arrays.make())

    async def main() -> None:
        async with lane() as it:
            async with contextlib.aclosing(
                it.stream(functools.partial(call, arrays.make()), capacity=1)
            ) as items:
                with contextlib.suppress(ValueError):
                    async for _ in items:
                        if how == "cancelled":
                            break
            del _, items
            await until(lambda: arrays.freed)

    asyncio.run(main())


@pytest.mark.usefixtures("no_collection")
def test_a_result_that_nobody_keeps_is_freed_though_the_lane_has_nothing_else_to_do() -> None:
    arrays = Arrays()

    async def main() -> None:
        async with lane() as it:
            await it.run(lambda _: arrays.make())
            await until(lambda: arrays.freed)

    asyncio.run(main())


def test_the_interpreters_exit_cancels_a_lanes_call_and_lets_it_come_to_its_end() -> None:
    program = """
import asyncio, threading, time
from runtime.worker import ThreadLane

begun = threading.Event()

def call(token):
    begun.set()
    while not token.cancelled:
        time.sleep(0.001)
    print("stopped")

async def main():
    running = asyncio.ensure_future(lane.run(call))
    while not begun.is_set():
        await asyncio.sleep(0.001)

lane = ThreadLane("test")
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "stopped\n")


def test_a_token_calls_back_once_also_when_asked_too_late() -> None:
    token, log = CancelToken(), []
    token.on_cancel(lambda: log.append("early"))
    forget = token.on_cancel(lambda: log.append("forgotten"))
    forget()
    token.cancel()
    token.cancel()
    token.on_cancel(lambda: log.append("late"))
    assert log == ["early", "late"]
    with pytest.raises(Cancelled):
        token.raise_if_cancelled()
