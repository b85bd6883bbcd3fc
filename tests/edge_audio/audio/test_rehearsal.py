import numpy as np
import pytest

from edge_audio.audio.frame import FRAME_SAMPLES
from edge_audio.audio.rehearsal import rehearsal


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 44_100, 48_000])
def test_what_is_heard_is_a_soft_echo_of_what_is_played(rate_hz: int) -> None:
    frames = list(rehearsal(rate_hz))
    assert {(len(played), len(heard)) for played, heard in frames} == {(rate_hz // 50, FRAME_SAMPLES)}
    played, heard = (np.concatenate(side).astype(np.float64) for side in zip(*frames, strict=True))
    assert 10 * np.log10(np.mean(heard**2) / np.mean(played**2)) == pytest.approx(-15, abs=2)
    assert np.max(np.abs(played)) < 1


def test_it_ends_in_silence_and_is_always_the_same() -> None:
    once, again = list(rehearsal(24_000)), list(rehearsal(24_000))
    assert not any(played.any() for played, _ in once[-39:])
    for (played, heard), (same_played, same_heard) in zip(once, again, strict=True):
        np.testing.assert_array_equal(played, same_played)
        np.testing.assert_array_equal(heard, same_heard)
