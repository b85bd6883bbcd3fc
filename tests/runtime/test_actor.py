import asyncio

import pytest

from runtime.actor import RESTART_WINDOW_S, Actor, ActorFailed, ActorGroup
from runtime.clock import run_virtual


async def forever() -> None:
    await asyncio.sleep(10_000)


def failing(times: int, log: list[str]) -> Actor:
    """An actor that fails `times` times and then runs."""

    async def body() -> None:
        log.append("start")
        if len(log) <= times:
            raise OSError("unplugged")
        await forever()

    return Actor("microphone", body, restarts=2)


def test_leaving_the_block_ends_all_actors() -> None:
    ended = []

    async def body() -> None:
        try:
            await forever()
        finally:
            ended.append(True)

    async def main() -> float:
        async with ActorGroup() as group:
            group.start(Actor("a", body))
            group.start(Actor("b", body))
            await asyncio.sleep(1)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(1)
    assert ended == [True, True]


def test_a_failure_for_good_ends_the_others_and_is_told_with_its_cause() -> None:
    async def broken() -> None:
        await asyncio.sleep(1)
        raise OSError("no such device")

    async def main() -> None:
        async with ActorGroup() as group:
            group.start(Actor("speaker", broken))
            group.start(Actor("other", forever))
            await forever()

    with pytest.raises(ActorFailed, match="speaker: no such device") as failure:
        run_virtual(main())
    assert isinstance(failure.value.__cause__, OSError)


def test_a_failure_within_the_allowance_is_answered_by_a_restart() -> None:
    log: list[str] = []
    heard = []

    async def main() -> None:
        async with ActorGroup(lambda name, cause: heard.append((name, str(cause)))) as group:
            group.start(failing(2, log))
            await asyncio.sleep(5)

    run_virtual(main())
    assert log == ["start"] * 3
    assert heard == [("microphone", "unplugged")] * 2


def test_one_failure_too_many_ends_the_session() -> None:
    async def main() -> None:
        async with ActorGroup() as group:
            group.start(failing(3, []))
            await forever()

    with pytest.raises(ActorFailed):
        run_virtual(main())


def test_failures_long_ago_are_forgiven() -> None:
    starts = []

    async def body() -> None:
        starts.append(True)
        await asyncio.sleep(RESTART_WINDOW_S)
        raise OSError("again")

    async def main() -> None:
        async with ActorGroup() as group:
            group.start(Actor("a", body, restarts=1))
            await asyncio.sleep(10 * RESTART_WINDOW_S)

    run_virtual(main())
    assert len(starts) >= 9


def test_the_bodys_own_error_is_what_leaves() -> None:
    async def main() -> None:
        async with ActorGroup() as group:
            group.start(Actor("a", forever))
            raise KeyError("the body's")

    with pytest.raises(KeyError, match="the body's"):
        run_virtual(main())


def test_cancelling_the_group_cancels_its_actors() -> None:
    ended = []

    async def body() -> None:
        try:
            await forever()
        finally:
            ended.append(True)

    async def session() -> None:
        async with ActorGroup() as group:
            group.start(Actor("a", body))
            await forever()

    async def main() -> None:
        task = asyncio.ensure_future(session())
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtual(main())
    assert ended == [True]


def test_actors_that_ended_leave_nothing_behind() -> None:
    async def brief() -> None:
        pass

    async def main() -> int:
        async with ActorGroup() as group:
            for number in range(1000):
                group.start(Actor(f"{number}", brief))
                await asyncio.sleep(0)
            await asyncio.sleep(1)
            return len(group._tasks)

    assert run_virtual(main()) == 0
