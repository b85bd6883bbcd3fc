import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.step_audio.decoder.window import Context, Windows


def blurred(values, context):
    """Each value plus those in its context, zeros beyond the edges: a network that sees just that far."""
    padded = np.pad(values, (context.left, context.right))
    return sum(padded[shift : shift + len(values)] for shift in range(context.left + context.right + 1))


contexts = st.builds(Context, st.integers(0, 5), st.integers(0, 5))


@given(contexts, st.lists(st.integers(0, 9), min_size=1, max_size=12))
def test_windows_add_up_to_what_the_network_makes_of_the_whole(context, sizes):
    whole = np.random.default_rng(0).integers(-99, 99, sum(sizes))
    windows, made = Windows(context), []
    for place, size in enumerate(sizes):
        start = sum(sizes[:place])
        window = windows.push((whole[start : start + size],), last=place == len(sizes) - 1)
        if window is not None:
            assert len(window.arrays[0]) <= context.left + size + context.right + context.right
            made.append(window.cut(blurred(window.arrays[0], context), 1))
    np.testing.assert_array_equal(np.concatenate(made) if made else [], blurred(whole, context))


def test_streams_of_other_widths_are_cut_at_the_same_frames():
    windows = Windows(Context(1, 1), (1, 3))
    frames, samples = np.arange(8), np.arange(24)
    windows.push((frames[:5], samples[:15]), last=False)
    window = windows.push((frames[5:], samples[15:]), last=True)
    assert window is not None
    assert window.arrays[0].tolist() == [3, 4, 5, 6, 7]
    assert window.arrays[1].tolist() == list(range(9, 24))
    assert window.cut(window.arrays[0], 1).tolist() == [4, 5, 6, 7]
    assert window.cut(window.arrays[1], 3).tolist() == list(range(12, 24))


def test_what_was_given_may_be_changed_afterwards():
    windows, frames = Windows(Context(2, 2)), np.ones(2)
    windows.push((frames,), last=False)
    frames[:] = 0.0
    window = windows.push((frames,), last=True)
    assert window is not None
    assert window.arrays[0].tolist() == [1.0, 1.0, 0.0, 0.0]


def test_an_end_without_a_frame_has_no_window():
    assert Windows(Context(1, 1)).push(None, last=True) is None
