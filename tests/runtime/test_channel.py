import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.channel import Channel, Closed
from runtime.clock import Stalled, run_virtual


def test_items_come_out_in_the_order_they_went_in() -> None:
    async def main() -> list[int]:
        channel: Channel[int] = Channel(10)
        for item in range(10):
            await channel.put(item)
        return [await channel.get() for _ in range(10)]

    assert run_virtual(main()) == list(range(10))


def test_a_full_channel_makes_its_sender_wait_until_there_is_room() -> None:
    async def main() -> list[str]:
        channel: Channel[int] = Channel(1)
        log = []

        async def send() -> None:
            for item in range(3):
                await channel.put(item)
                log.append(f"put {item}")

        async with asyncio.TaskGroup() as group:
            group.create_task(send())
            await asyncio.sleep(1)
            assert log == ["put 0"]
            for item in range(3):
                assert await channel.get() == item
                await asyncio.sleep(1)
        return log

    assert run_virtual(main()) == ["put 0", "put 1", "put 2"]


def test_a_full_drop_oldest_channel_drops_its_oldest_item_and_counts_it() -> None:
    async def main() -> None:
        channel: Channel[int] = Channel(2, "drop-oldest")
        for item in range(5):
            await channel.put(item)
        assert channel.dropped == 3
        assert [channel.get_nowait(), channel.get_nowait()] == [3, 4]

    run_virtual(main())


def test_put_nowait_refuses_when_full_under_wait() -> None:
    async def main() -> None:
        channel: Channel[int] = Channel(1)
        channel.put_nowait(0)
        with pytest.raises(asyncio.QueueFull):
            channel.put_nowait(1)

    run_virtual(main())


def test_closing_lets_queued_items_be_taken_and_then_ends() -> None:
    async def main() -> list[int]:
        channel: Channel[int] = Channel(3)
        channel.put_nowait(1)
        channel.put_nowait(2)
        channel.close()
        taken = [item async for item in channel]
        with pytest.raises(Closed):
            await channel.get()
        with pytest.raises(Closed):
            await channel.put(3)
        return taken

    assert run_virtual(main()) == [1, 2]


def test_closing_wakes_those_who_wait() -> None:
    async def main() -> None:
        empty: Channel[int] = Channel(1)
        full: Channel[int] = Channel(1)
        full.put_nowait(0)
        waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(empty.get()) for _ in range(2)]
        waiting += [asyncio.ensure_future(full.put(1)) for _ in range(2)]
        await asyncio.sleep(1)
        empty.close()
        full.close()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(result, Closed) for result in results)

    run_virtual(main())


def test_a_receiver_cancelled_as_it_is_woken_passes_the_item_on() -> None:
    async def main() -> int:
        channel: Channel[int] = Channel(1)
        first = asyncio.ensure_future(channel.get())
        second = asyncio.ensure_future(channel.get())
        await asyncio.sleep(0)
        channel.put_nowait(7)  # wakes the first ...
        first.cancel()  # ... which is cancelled before it runs
        return await asyncio.wait_for(second, 1)

    assert run_virtual(main()) == 7


@pytest.mark.parametrize("happening", ["put", "close"])
def test_a_receiver_that_is_woken_when_it_was_just_cancelled_is_cancelled(happening: str) -> None:
    async def main() -> list[int]:
        channel: Channel[int] = Channel(2)
        receiver = asyncio.create_task(channel.get())
        await asyncio.sleep(0)
        receiver.cancel()
        if happening == "put":
            channel.put_nowait(7)
        else:
            channel.close()
        with pytest.raises(asyncio.CancelledError):
            await receiver
        return list(channel.drain())

    assert run_virtual(main()) == ([7] if happening == "put" else [])


def test_waiting_for_an_item_that_never_comes_is_told_as_a_stall() -> None:
    async def main() -> None:
        await Channel[int](1).get()

    with pytest.raises(Stalled):
        run_virtual(main())


def test_a_channel_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Channel(0)


@given(
    capacity=st.integers(1, 4),
    senders=st.lists(st.lists(st.floats(0, 3), max_size=6), min_size=1, max_size=4),
    receivers=st.integers(1, 3),
    pace=st.floats(0, 2),
)
def test_nothing_is_lost_doubled_or_over_the_bound(
    capacity: int, senders: list[list[float]], receivers: int, pace: float
) -> None:
    async def main() -> tuple[list[tuple[int, int]], int]:
        channel: Channel[tuple[int, int]] = Channel(capacity)
        taken = []

        async def send(number: int, delays: list[float]) -> None:
            for index, delay in enumerate(delays):
                await asyncio.sleep(delay)
                await channel.put((number, index))

        async def receive() -> None:
            async for item in channel:
                taken.append(item)
                await asyncio.sleep(pace)

        async with asyncio.TaskGroup() as group:
            for _ in range(receivers):
                group.create_task(receive())
            async with asyncio.TaskGroup() as sending:
                for number, delays in enumerate(senders):
                    sending.create_task(send(number, delays))
            channel.close()
        return taken, channel.high_water

    taken, high_water = run_virtual(main())
    expected = [(number, index) for number, delays in enumerate(senders) for index in range(len(delays))]
    assert sorted(taken) == expected
    assert high_water <= capacity
    for number in range(len(senders)):
        of_one = [index for sender, index in taken if sender == number]
        assert of_one == sorted(of_one)
