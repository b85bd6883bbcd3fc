import numpy as np

from edge_audio.audio.frame import Samples
from edge_audio.audio.reference import Reference

BLOCK = 10
IN_HAND = Reference.IN_HAND
NOTHING = np.zeros(0, np.float32)


def block(number: int) -> Samples:
    """Block `number` of what is handed out, from 1 on."""
    return np.full(BLOCK, number, np.float32)


def take(reference: Reference) -> int:
    """Take the next block and return its number, 0 for silence."""
    taken = reference.next()
    assert len(taken) == BLOCK
    assert np.all(taken == taken[0])
    return int(taken[0])


def run(reference: Reference, blocks: range) -> list[int]:
    """Hand out and take one block at a time."""
    taken = []
    for number in blocks:
        reference.push(block(number))
        taken.append(take(reference))
    return taken


def test_blocks_come_in_order_behind_those_in_hand() -> None:
    assert run(Reference(BLOCK), range(1, 8)) == [0] * IN_HAND + list(range(1, 8 - IN_HAND))


def test_before_anything_is_handed_out_there_is_silence_and_nothing_is_owed() -> None:
    reference = Reference(BLOCK)
    assert [take(reference) for _ in range(100)] == [0] * 100
    assert run(reference, range(1, 5)) == [0, 0, 1, 2]


def test_bursts_no_longer_than_what_is_in_hand_leave_no_trace() -> None:
    reference = Reference(BLOCK)
    taken = []
    for number in range(1, 41, 2):
        reference.push(np.concatenate((block(number), block(number + 1))))
        taken += [take(reference), take(reference)]
    assert taken == [0, 0, *range(1, 39)]


def test_a_block_that_comes_too_late_is_skipped_so_that_the_next_is_in_its_place() -> None:
    reference = Reference(BLOCK)
    assert run(reference, range(1, 5)) == [0, 0, 1, 2]
    assert [take(reference) for _ in range(4)] == [3, 4, 0, 0]  # 5 and 6 are late
    for number in (5, 6, 7, 8, 9):
        reference.push(block(number))
    assert take(reference) == 7
    assert take(reference) == 8


def test_a_speaker_that_stopped_begins_anew() -> None:
    reference = Reference(BLOCK)
    run(reference, range(1, 5))
    for _ in range(Reference.MOST_OWED + IN_HAND + 1):
        reference.push(NOTHING)
        take(reference)
    assert run(reference, range(50, 55)) == [0, 0, 50, 51, 52]


def test_a_speaker_that_is_late_again_and_again_gets_more_time() -> None:
    reference = Reference(BLOCK)
    taken = run(reference, range(1, 11))
    for _ in range(IN_HAND + 1):  # the microphone's clock is ahead by more than what is in hand
        taken.append(take(reference))
    late = run(reference, range(11, 11 + Reference.WINDOW))
    assert late.count(0) > Reference.WINDOW // 2
    after = run(reference, range(1_000, 1_020))
    assert after[-10:] == list(range(1_008, 1_018)), "in step, with blocks in hand"


def test_what_always_waits_is_dropped_but_for_what_is_kept_in_hand() -> None:
    reference = Reference(BLOCK)
    for number in range(1, 11):  # more than is heard: frames of the microphone were lost
        reference.push(block(number))
    taken = run(reference, range(11, 11 + Reference.WINDOW))
    assert taken[-1] == Reference.WINDOW - IN_HAND
    following = range(11 + Reference.WINDOW, 21 + Reference.WINDOW)
    assert run(reference, following) == [number - IN_HAND for number in following]


def test_what_waits_only_now_and_then_is_kept() -> None:
    reference = Reference(BLOCK)
    taken = []
    for first in range(1, 3 * Reference.WINDOW, 8):
        for number in range(first, first + 8):
            reference.push(block(number))
        taken += [take(reference) for _ in range(8)]
    assert taken == [0, 0, *range(1, len(taken) - 1)]


def test_it_never_holds_more_than_came() -> None:
    reference = Reference(BLOCK)
    chance = np.random.default_rng(0)
    numbers = iter(range(1, 100_000))
    taken = []
    for _ in range(5_000):
        for _ in range(chance.integers(0, 3)):
            reference.push(block(next(numbers)))
        taken.append(take(reference))
    heard = [number for number in taken if number]
    assert heard == sorted(set(heard))
    assert len(heard) > 4_000
