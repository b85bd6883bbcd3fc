"""Whose turn it is where several calls wait."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.urgency import Urgency, UrgentQueue, current_urgency


class Owner:
    """A conversation."""


def taken(queue: UrgentQueue[str]) -> list[str]:
    return [queue.take() for _ in range(len(queue))]


def test_owners_take_turns_whoever_asks_most() -> None:
    greedy, modest = Owner(), Owner()
    queue: UrgentQueue[str] = UrgentQueue()
    for number in range(4):
        queue.put(f"greedy {number}", Urgency(1, greedy))
    for number in range(2):
        queue.put(f"modest {number}", Urgency(1, modest))
    assert taken(queue) == ["greedy 0", "modest 0", "greedy 1", "modest 1", "greedy 2", "greedy 3"]


def test_an_urgent_call_goes_before_those_of_owners_who_waited_longer() -> None:
    first, second = Owner(), Owner()
    queue: UrgentQueue[str] = UrgentQueue()
    queue.put("served", Urgency(0, second))
    assert queue.take() == "served"
    queue.put("prefill", Urgency(0, first))
    queue.put("reply", Urgency(5, second))
    assert taken(queue) == ["reply", "prefill"]


def test_what_waits_no_longer_is_not_taken() -> None:
    queue: UrgentQueue[str] = UrgentQueue()
    for name in ("one", "two", "three"):
        queue.put(name, Urgency())
    queue.remove("two")
    queue.remove("four")
    assert list(queue) == ["one", "three"]
    assert taken(queue) == ["one", "three"]
    with pytest.raises(IndexError):
        queue.take()


def test_a_task_has_the_urgency_that_it_set_and_so_have_those_it_starts() -> None:
    async def child() -> int:
        return current_urgency().level

    async def task(level: int) -> tuple[int, int]:
        Urgency(level).use()
        return await child(), await asyncio.create_task(child())

    async def main() -> None:
        assert await asyncio.gather(task(1), task(2)) == [(1, 1), (2, 2)]
        assert current_urgency().level == 0

    asyncio.run(main())


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=30))
def test_nobody_is_passed_over_twice_in_a_row_at_the_same_level(calls: list[tuple[int, int]]) -> None:
    owners = [Owner() for _ in range(4)]
    queue: UrgentQueue[tuple[int, int]] = UrgentQueue()
    for level, owner in calls:
        queue.put((level, owner), Urgency(level, owners[owner]))
    waiting = list(calls)
    for call in iter(lambda: queue.take() if len(queue) else None, None):
        level, owner = call
        assert level == max(level for level, _ in waiting)
        waiting.remove(call)
        others = {other for at, other in waiting if at == level and other != owner}
        if others and len(queue):
            following = queue.take()
            waiting.remove(following)
            assert following[0] != level or following[1] != owner
