import asyncio

from runtime.actor import Actor, ActorGroup
from runtime.clock import run_virtual
from runtime.newest import Newest


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
        newest = Newest()
        async with ActorGroup() as group:
            group.start(Actor("newest", newest.run))
            newest.ask(lambda: job("first"))
            await asyncio.sleep(0.5)
            newest.ask(lambda: job("second"))
            await asyncio.sleep(0.5)
            assert newest.busy
            await asyncio.sleep(1)
            assert not newest.busy
            newest.ask(lambda: job("third"))
            await asyncio.sleep(0.5)
            newest.drop()
            await asyncio.sleep(2)
            assert not newest.busy

    run_virtual(main())
    assert log == ["first cancelled", "second done", "third cancelled"]


def test_of_several_asked_at_once_only_the_last_runs() -> None:
    log = []

    async def job(number: int) -> None:
        log.append(number)

    async def main() -> None:
        newest = Newest()
        async with ActorGroup() as group:
            group.start(Actor("newest", newest.run))
            for number in range(3):
                newest.ask(lambda number=number: job(number))
            await asyncio.sleep(1)

    run_virtual(main())
    assert log == [2]
