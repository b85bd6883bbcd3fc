import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.audio.frame import Samples
from edge_audio.audio.sample_ring import SampleRing


def numbers(start: int, count: int) -> Samples:
    return np.arange(start, start + count, dtype=np.float32)


def test_what_is_written_is_read_with_its_index() -> None:
    ring = SampleRing(100)
    ring.write(numbers(0, 30))
    ring.write(numbers(30, 10))
    assert ring.waiting == 40
    index, pcm = ring.read()
    assert index == 0
    np.testing.assert_array_equal(pcm, numbers(0, 40))
    index, pcm = ring.read()
    assert index == 40
    assert len(pcm) == 0


def test_a_full_ring_drops_its_oldest_and_leaves_a_gap_in_the_index() -> None:
    ring = SampleRing(100)
    ring.write(numbers(0, 60))
    ring.read()
    ring.write(numbers(60, 90))
    ring.write(numbers(150, 50))
    assert ring.waiting == 100
    index, pcm = ring.read()
    assert index == 100
    np.testing.assert_array_equal(pcm, numbers(100, 100))
    assert ring.dropped == 40


def test_what_was_read_stays_when_the_ring_goes_on() -> None:
    ring = SampleRing(10)
    ring.write(numbers(0, 10))
    _, pcm = ring.read()
    ring.write(numbers(10, 10))
    np.testing.assert_array_equal(pcm, numbers(0, 10))


def test_a_ring_needs_room() -> None:
    with pytest.raises(ValueError, match="at least one"):
        SampleRing(0)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50)), max_size=60))
def test_index_and_samples_agree_and_nothing_is_lost_uncounted(script: list[tuple[bool, int]]) -> None:
    ring = SampleRing(50)
    written = read = 0
    for is_write, count in script:
        if is_write:
            ring.write(numbers(written, count))
            written += count
        else:
            index, pcm = ring.read()
            np.testing.assert_array_equal(pcm, numbers(index, len(pcm)))
            assert index + len(pcm) == written
            read += len(pcm)
            assert read + ring.dropped == written
    assert ring.written == written


def test_samples_overwritten_while_they_are_read_count_as_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = SampleRing(64)
    ring.write(numbers(0, 64))
    copy = np.concatenate

    def overtaken(parts: tuple[Samples, ...]) -> Samples:
        ring.write(numbers(64, 16))
        return copy(parts)

    with monkeypatch.context() as meddling:
        meddling.setattr("edge_audio.audio.sample_ring.np.concatenate", overtaken)
        index, pcm = ring.read()
    assert index == 16
    np.testing.assert_array_equal(pcm, numbers(16, 48))
    assert ring.dropped == 16
    assert ring.read()[0] == 64


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_threads")
def test_a_reader_that_is_overtaken_never_gets_torn_samples() -> None:
    ring = SampleRing(64)
    count = 10_000

    def callback() -> None:
        for block in range(count):
            ring.write(numbers(block * 16, 16))

    writer = threading.Thread(target=callback)
    writer.start()
    total = 0
    while True:
        alive = writer.is_alive()
        index, pcm = ring.read()
        np.testing.assert_array_equal(pcm, numbers(index, len(pcm)))
        total += len(pcm)
        if not alive:
            break
    writer.join()
    assert ring.dropped > 0
    assert total + ring.dropped == count * 16
