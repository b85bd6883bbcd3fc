import asyncio

import pytest

from runtime.actor import Actor, ActorFailed, ActorGroup
from runtime.clock import run_virtual
from runtime.latest import LatestTask


def test_asking_anew_cancels_the_job_before() -> None:
    log = []

    async def job(name: str) -> None:
        try:
            await asyncio.sleep(1)
            log.append(f"{name} done")
        except asyncio.CancelledError:
            log.append(f"{name} cancelled")
            raise

    async def main() -> None:
        latest = LatestTask()
        async with ActorGroup() as group:
            group.start(Actor("latest", latest.run))
            latest.ask(lambda: job("first"))
            await asyncio.sleep(0.5)
            latest.ask(lambda: job("second"))
            await asyncio.sleep(0.5)
            assert latest.busy
            await asyncio.sleep(1)
            assert not latest.busy
            latest.ask(lambda: job("third"))
            await asyncio.sleep(0.5)
            latest.drop()
            await asyncio.sleep(2)
            assert not latest.busy

    run_virtual(main())
    assert log == ["first cancelled", "second done", "third cancelled"]


def test_of_several_asked_at_once_only_the_last_runs() -> None:
    log = []

    async def job(number: int) -> None:
        log.append(number)

    async def main() -> None:
        latest = LatestTask()
        async with ActorGroup() as group:
            group.start(Actor("latest", latest.run))
            for number in range(3):
                latest.ask(lambda number=number: job(number))
            await asyncio.sleep(1)

    run_virtual(main())
    assert log == [2]


def test_a_job_that_fails_fails_the_actor_with_what_it_raised() -> None:
    async def fail() -> None:
        raise LookupError("mine")

    async def main() -> None:
        latest = LatestTask()
        async with ActorGroup() as group:
            group.start(Actor("latest", latest.run))
            latest.ask(fail)
            await asyncio.sleep(1)

    with pytest.raises(ActorFailed, match="latest: mine") as failed:
        run_virtual(main())
    assert isinstance(failed.value.__cause__, LookupError)
