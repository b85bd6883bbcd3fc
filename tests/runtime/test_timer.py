import asyncio

from runtime.clock import now, run_virtual
from runtime.timer import Timer


def test_a_timer_rings_once_at_its_time() -> None:
    async def main() -> list[float]:
        rung: list[float] = []
        timer = Timer(lambda: rung.append(now()))
        timer.start(2)
        assert timer.running
        await asyncio.sleep(10)
        assert not timer.running
        return rung

    assert run_virtual(main()) == [2]


def test_setting_it_anew_replaces_what_was_set_and_stopping_ends_it() -> None:
    async def main() -> list[float]:
        rung: list[float] = []
        timer = Timer(lambda: rung.append(now()))
        timer.start(1)
        timer.start(3)
        await asyncio.sleep(5)
        timer.start(1)
        timer.stop()
        timer.stop()
        await asyncio.sleep(5)
        return rung

    assert run_virtual(main()) == [3]
