import random
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_audio.audio.frame import Samples
from edge_audio.audio.playout import FADE_MS, HISTORY_S, Playout

RATE_HZ = 8_000
FADE = RATE_HZ * FADE_MS // 1_000
BLOCK = RATE_HZ // 100


def read(playout: Playout, count: int = BLOCK) -> Samples:
    block = np.full(count, np.nan, np.float32)  # whatever it does not fill shows
    playout.read_into(block)
    assert np.all(np.isfinite(block))
    return block


def ones(count: int) -> Samples:
    return np.ones(count, np.float32)


def test_samples_come_out_as_they_went_in_then_silence() -> None:
    playout = Playout(RATE_HZ)
    pcm = np.linspace(0.1, 0.9, BLOCK + 10, dtype=np.float32)
    assert playout.write(pcm) == len(pcm)
    np.testing.assert_array_equal(read(playout), pcm[:BLOCK])
    np.testing.assert_array_equal(read(playout), np.append(pcm[BLOCK:], np.zeros(BLOCK - 10)))
    assert playout.handed_out == 2 * BLOCK
    assert playout.last_sound_at == BLOCK + 9


def test_a_write_takes_what_there_is_room_for() -> None:
    playout = Playout(RATE_HZ, capacity_s=0.1)
    assert playout.write(ones(1_000)) == 800
    assert playout.write(ones(1)) == 0
    read(playout)
    assert playout.room() == BLOCK
    assert playout.write(ones(1_000)) == BLOCK


@pytest.mark.parametrize("queued", [BLOCK, 4_000])
@pytest.mark.parametrize("stop", ["pause", "clear"])
def test_it_is_silent_within_a_fade_of_the_stop_however_much_is_queued(stop: str, queued: int) -> None:
    playout = Playout(RATE_HZ)
    playout.write(ones(queued + BLOCK))
    read(playout)
    getattr(playout, stop)()
    block = read(playout)
    assert np.all(np.diff(block[:FADE]) < 0), "a ramp down, not a cut"
    assert block[0] < 1.0
    assert not block[FADE - 1 :].any()
    assert not read(playout).any()
    assert playout.last_sound_at == BLOCK + FADE - 2


def test_a_pause_keeps_what_is_queued_and_fades_back_in() -> None:
    playout = Playout(RATE_HZ)
    playout.write(ones(4 * BLOCK))
    read(playout)
    playout.pause()
    read(playout)
    read(playout)
    playout.resume()
    back = read(playout)
    assert back[0] == 0.0
    assert np.all(np.diff(back[:FADE]) > 0)
    assert np.all(back[FADE:] == 1.0)
    assert playout.played == 2 * BLOCK + FADE
    np.testing.assert_array_equal(read(playout), 1.0)


def test_a_pause_may_be_left_with_what_came_before_it_once_more() -> None:
    playout = Playout(RATE_HZ)
    playout._fade_out[:] = 1.0
    playout.begin()
    pcm = np.arange(1, 4 * BLOCK + 1, dtype=np.float32)
    playout.write(pcm)
    read(playout)
    playout.pause()
    read(playout)
    assert playout.played == BLOCK + FADE
    playout.resume(FADE + 30)
    np.testing.assert_array_equal(read(playout), pcm[BLOCK - 30 : 2 * BLOCK - 30])
    assert playout.played == 2 * BLOCK - 30
    np.testing.assert_array_equal(read(playout), pcm[2 * BLOCK - 30 : 3 * BLOCK - 30])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 400), st.integers(0, 10_000)), max_size=12))
def test_going_back_repeats_only_the_reply_s_own_last_samples(script: list[tuple[int, int, int]]) -> None:
    playout = Playout(RATE_HZ, capacity_s=0.03)
    playout._fade_out[:] = 1.0
    playout.write(np.full(50, -1.0, np.float32))  # of the reply before
    playout.begin()
    written = last = 0
    for more, count, back in script:
        written += playout.write(np.arange(written + 1, written + 1 + more, dtype=np.float32))
        before = read(playout, count)
        last = max([last, *before.astype(int)])
        playout.pause()
        faded = read(playout, FADE)
        last = max([last, *faded.astype(int)])
        played = playout.played
        playout.resume(back)
        written += playout.write(np.arange(written + 1, written + 1 + more, dtype=np.float32))
        after = read(playout, 1)[0]
        if after > 0:
            assert after == max(1, played + 1 - min(back, round(HISTORY_S * RATE_HZ)), 1)
            last = max(last, int(after))
        assert playout.played <= written
        assert last <= written


def test_a_pause_taken_back_before_the_next_block_is_not_heard() -> None:
    playout = Playout(RATE_HZ)
    playout.write(ones(3 * BLOCK))
    read(playout)
    playout.pause()
    playout.resume()
    np.testing.assert_array_equal(read(playout), 1.0)


@pytest.mark.parametrize("stop", ["pause", "clear"])
def test_a_stop_in_silence_plays_nothing_of_what_is_queued_since(stop: str) -> None:
    playout = Playout(RATE_HZ)
    playout.write(ones(BLOCK + 1))
    read(playout)
    read(playout)  # runs dry after one sample
    playout.write(ones(BLOCK))
    getattr(playout, stop)()
    assert not read(playout).any()


def test_what_follows_a_clear_starts_at_full_level_behind_the_fade() -> None:
    playout = Playout(RATE_HZ)
    playout.write(ones(4 * BLOCK))
    read(playout)
    playout.clear()
    playout.begin()
    playout.write(ones(BLOCK))
    block = read(playout)
    assert block[FADE - 1] == 0.0
    assert np.all(block[FADE:] == 1.0)
    assert playout.started_at == BLOCK + FADE
    assert playout.played == BLOCK - FADE


def test_the_fade_of_a_cleared_reply_takes_nothing_of_the_next_one() -> None:
    playout = Playout(RATE_HZ)
    playout.write(ones(BLOCK + 3))
    read(playout)
    playout.clear()
    playout.begin()
    playout.write(np.full(4 * BLOCK, 0.5, np.float32))
    block = read(playout)
    assert block[2] == 0.0
    np.testing.assert_array_equal(block[3:], 0.5)
    assert playout.started_at == BLOCK + 3
    assert playout.played == BLOCK - 3
    assert playout.queued == 3 * BLOCK + 3


def test_clear_ends_a_pause() -> None:
    playout = Playout(RATE_HZ)
    playout.write(ones(2 * BLOCK))
    read(playout)
    playout.pause()
    read(playout)
    playout.clear()
    assert not playout.paused
    assert playout.queued == 0
    playout.write(ones(BLOCK))
    np.testing.assert_array_equal(read(playout), 1.0)


def test_what_was_cleared_does_not_count_as_played() -> None:
    playout = Playout(RATE_HZ)
    playout.begin()
    playout.write(ones(10 * BLOCK))
    read(playout)
    playout.clear()
    for _ in range(3):
        read(playout)
    assert playout.played == BLOCK + FADE


def test_a_reply_is_timed_from_its_own_first_sample() -> None:
    playout = Playout(RATE_HZ)
    playout.write(ones(BLOCK + 10))
    playout.begin()
    assert playout.started_at is None
    playout.write(ones(100))
    read(playout)
    assert playout.started_at is None
    assert playout.played == 0
    read(playout)
    assert playout.started_at == BLOCK + 10
    assert playout.played == BLOCK - 10


def test_a_reply_is_timed_even_if_its_first_samples_are_a_fade() -> None:
    playout = Playout(RATE_HZ)
    playout.write(ones(BLOCK + 10))
    playout.begin()
    playout.write(ones(BLOCK))
    read(playout)
    playout.pause()
    read(playout)
    assert playout.started_at == BLOCK + 10
    assert playout.played == FADE - 10


Step = tuple[str, int]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 300)),
        st.tuples(st.just("read"), st.integers(1, 200)),
        st.tuples(st.sampled_from(["begin", "pause", "resume", "clear"]), st.just(0)),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(steps)
def test_every_sample_is_heard_once_in_order_and_counted_or_forgotten(script: list[Step]) -> None:
    playout = Playout(RATE_HZ, capacity_s=0.03)  # 240 samples: it wraps often
    playout._fade_out[:] = 1.0  # each sample keeps the value that tells it apart
    heard: list[int] = []  # by number of the sample written, 0 for silence
    written = forgotten = begun = 0
    stopped = False
    for action, count in [*script, ("resume", 0), ("read", 300), ("read", 300)]:
        if action == "write":
            taken = playout.write(np.arange(written + 1, written + 1 + count, dtype=np.float32))
            assert taken == min(count, taken + playout.room())
            written += taken
        elif action == "read":
            block = read(playout, count).astype(int).tolist()
            stale = [number for number in block[FADE:] if 0 < number <= forgotten]
            assert not stale, "forgotten samples beyond the fade"
            if stopped:
                assert not any(block[FADE:]), "sound in a pause beyond the fade"
            heard += block
        else:
            getattr(playout, action)()
            begun = written if action == "begin" else begun
            forgotten = written if action == "clear" else forgotten
            stopped = action == "pause" or (stopped and action == "begin")
        assert playout.handed_out == len(heard)
        sound = [place for place, number in enumerate(heard) if number]
        assert playout.last_sound_at == (sound[-1] if sound else -1)
        ours = [place for place in sound if heard[place] > begun]
        assert playout.started_at == (ours[0] if ours else None)
        assert playout.played == len(ours)
        assert 0 <= playout.queued <= 240 - playout.room()
    numbers = [number for number in heard if number]
    assert numbers == sorted(set(numbers)), "twice, or out of order"
    assert [n for n in range(1, written + 1) if n > forgotten] == [n for n in numbers if n > forgotten]
    assert playout.queued == 0


@settings(max_examples=200, deadline=None)
@given(steps)
def test_a_stop_or_a_return_never_clicks(script: list[Step]) -> None:
    playout = Playout(RATE_HZ, capacity_s=0.5)
    smallest_step = 1.0 / FADE + 1e-6
    previous = 0.0
    for action, count in script:
        if action == "write":
            playout.write(ones(count * 20))  # never runs dry, so that only stops end sound
        elif action == "read":
            before_queued = playout.queued
            block = read(playout, count + FADE)
            if before_queued >= 2 * len(block) and playout.handed_out > len(block):
                jumps = np.abs(np.diff(block, prepend=np.float32(previous)))
                starts = np.flatnonzero(jumps > smallest_step)
                # The only jump allowed is sound that begins: nothing precedes it.
                assert all(block[at] == 1.0 and (block[at - 1] if at else previous) == 0.0 for at in starts)
            previous = float(block[-1])
        else:
            getattr(playout, action)()


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_threads")
def test_a_callback_on_its_own_thread_never_hears_a_forgotten_reply() -> None:
    playout = Playout(RATE_HZ, capacity_s=0.1)
    playout._fade_out[:] = 1.0
    blocks: list[tuple[int, Samples]] = []
    cleared_to = 0
    over = False

    def callback() -> None:
        while not over:
            before = cleared_to
            blocks.append((before, read(playout)))

    speaker = threading.Thread(target=callback)
    speaker.start()
    chance = random.Random(4)
    written = replies = 0
    # On a busy machine the callback gets its turn less often.
    while replies < 5_000 or (len(blocks) <= 1_000 and speaker.is_alive()):
        replies += 1
        begin_at = written
        playout.begin()
        assert playout.played == 0
        assert playout.started_at is None
        for _ in range(chance.randrange(4)):
            count = chance.randrange(200)
            written += playout.write(np.arange(written + 1, written + 1 + count, dtype=np.float32))
            if chance.random() < 0.2:
                playout.pause()
            if chance.random() < 0.2:
                playout.resume()
            assert playout.played <= written - begin_at
            assert (playout.started_at is None) == (playout.played == 0) or playout.played == 0
        playout.clear()
        cleared_to = written
    over = True
    speaker.join()
    last = 0
    assert len(blocks) > 1_000
    for before, block in blocks:
        assert not np.any((block[FADE:] > 0) & (block[FADE:] <= before))
        for number in block[block > 0].tolist():
            assert number > last
            last = number
