import asyncio
import threading
import time

import pytest

from runtime import clock


def test_ten_virtual_minutes_take_no_time() -> None:
    async def main() -> float:
        await asyncio.sleep(600)
        return clock.now()

    began_s = time.perf_counter()
    assert clock.run_virtual(main()) == pytest.approx(600)
    assert time.perf_counter() - began_s < 1


def test_timers_fire_in_order_of_their_time_however_they_were_set() -> None:
    async def main() -> list[int]:
        log = []

        async def note(delay_s: int) -> None:
            await asyncio.sleep(delay_s)
            log.append(delay_s)

        await asyncio.gather(*(note(delay_s) for delay_s in (3, 1, 2)))
        return log

    assert clock.run_virtual(main()) == [1, 2, 3]


def test_sleep_until_a_past_moment_returns_at_once() -> None:
    async def main() -> float:
        await asyncio.sleep(5)
        await clock.sleep_until(3)
        return clock.now()

    assert clock.run_virtual(main()) == pytest.approx(5)


def test_a_deadlock_is_told_instead_of_hanging() -> None:
    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(clock.Stalled):
        clock.run_virtual(main())


def test_a_thread_cannot_call_into_virtual_time() -> None:
    refused = []

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def call() -> None:
            try:
                loop.call_soon_threadsafe(lambda: None)
            except RuntimeError as error:
                refused.append(str(error))

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()

    clock.run_virtual(main())
    assert refused == ["a thread called into virtual time"]


def test_time_outs_run_on_virtual_time() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(1000), 10)
        return clock.now()

    assert clock.run_virtual(main()) == pytest.approx(10)
