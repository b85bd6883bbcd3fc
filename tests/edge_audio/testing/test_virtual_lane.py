import asyncio

import pytest

from edge_audio.testing import VirtualLane
from runtime.clock import run_virtual
from runtime.urgency import Urgency


def test_the_more_urgent_goes_first_in_virtual_time_then_order_of_arrival() -> None:
    async def main() -> list[str]:
        it = VirtualLane("model", cost_s=0.01)
        log: list[str] = []

        async def call(name: str, level: int) -> None:
            Urgency(level).use()
            await it.run(lambda _: log.append(name))

        hold = asyncio.ensure_future(it.run(lambda _: None))
        await asyncio.sleep(0.005)
        await asyncio.gather(hold, call("low 1", 0), call("low 2", 0), call("high", 1))
        return log

    assert run_virtual(main()) == ["high", "low 1", "low 2"]


def test_a_virtual_lane_charges_each_call_to_the_clock_one_at_a_time() -> None:
    async def main() -> float:
        it = VirtualLane("model", cost_s=2.0)
        await asyncio.gather(*(it.run(lambda _: None) for _ in range(3)))
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(6.0)


def test_a_call_cancelled_on_a_virtual_lane_frees_it() -> None:
    async def main() -> float:
        it = VirtualLane("model", cost_s=10.0)
        first = asyncio.ensure_future(it.run(lambda _: None))
        second = asyncio.ensure_future(it.run(lambda _: None))
        await asyncio.sleep(1)
        first.cancel()
        await second
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(11.0)


def test_a_call_that_is_cancelled_as_its_turn_comes_frees_the_lane() -> None:
    async def main() -> float:
        it = VirtualLane("model", cost_s=1.0)
        first, second, third = (asyncio.ensure_future(it.run(lambda _: None)) for _ in range(3))
        await asyncio.sleep(0.5)
        asyncio.get_running_loop().call_later(0.5, second.cancel)
        await asyncio.gather(first, third)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(2.0)
