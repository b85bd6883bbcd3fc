import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.audio.frame import FRAME_SAMPLES, Frame
from edge_audio.turns.windows import Windows

SIZE = 512
MAX_GAP = 16_000


def frame_at(start: int) -> Frame:
    """A frame whose samples say where they are."""
    return Frame(np.arange(start + 1, start + FRAME_SAMPLES + 1, dtype=np.float32), start)


@given(first=st.integers(0, 5000), missing=st.sets(st.integers(1, 59)))
def test_windows_follow_the_time_line_and_gaps_become_zeros(first: int, missing: set[int]) -> None:
    windows = Windows(SIZE, MAX_GAP)
    got = [
        window
        for index in range(60)
        if index not in missing
        for window in windows.cut(frame_at(first + index * FRAME_SAMPLES))[0]
    ]
    expected = np.arange(1, first + 60 * FRAME_SAMPLES + 1, dtype=np.float32)
    expected[:first] = 0.0
    for index in missing:
        expected[first + index * FRAME_SAMPLES :][:FRAME_SAMPLES] = 0.0
    begin = first // SIZE * SIZE
    np.testing.assert_array_equal(np.concatenate(got), expected[begin:][: len(got) * SIZE])
    if 59 not in missing:
        assert len(got) == (first + 60 * FRAME_SAMPLES) // SIZE - first // SIZE


def test_after_a_gap_too_long_to_bridge_it_starts_afresh_on_the_same_grid() -> None:
    windows = Windows(SIZE, MAX_GAP)
    assert windows.cut(frame_at(0)) == ([], True)
    far = FRAME_SAMPLES + MAX_GAP + 1
    cut, afresh = windows.cut(frame_at(far))
    assert afresh
    cut += windows.cut(frame_at(far + FRAME_SAMPLES))[0]
    begin = far // SIZE * SIZE
    assert cut[0][far - begin] == far + 1
    assert not cut[0][: far - begin].any()


def test_the_longest_gap_is_bridged() -> None:
    windows = Windows(SIZE, MAX_GAP)
    windows.cut(frame_at(0))
    cut, afresh = windows.cut(frame_at(FRAME_SAMPLES + MAX_GAP))
    assert not afresh
    assert len(cut) == (2 * FRAME_SAMPLES + MAX_GAP) // SIZE


def test_a_step_back_starts_afresh() -> None:
    windows = Windows(SIZE, MAX_GAP)
    windows.cut(frame_at(6400))
    assert windows.cut(frame_at(3200))[1]
