import numpy as np
import pytest

from edge_audio.step_audio.features.excerpt import EXCERPT_S, excerpt
from edge_audio.step_audio.features.recording import Recording
from runtime.errors import UserError

RATE_HZ = 22_050


def noise(seconds: float, level: float = 0.1) -> np.ndarray:
    generator = np.random.default_rng(1)
    return (level * generator.standard_normal(round(seconds * RATE_HZ))).astype(np.float32)


def test_it_is_where_most_sound_is() -> None:
    pcm = np.concatenate((noise(7.0, 0.001), noise(4.5), noise(3.0, 0.001)))
    found = excerpt(Recording(pcm, RATE_HZ))
    assert found.rate_hz == RATE_HZ
    assert len(found.pcm) / RATE_HZ == pytest.approx(EXCERPT_S, abs=0.01)
    assert np.abs(found.pcm).reshape(-1, 220).max(axis=1).min() > 0.05


def test_a_short_recording_is_taken_whole() -> None:
    pcm = noise(1.5)
    found = excerpt(Recording(pcm, RATE_HZ))
    assert len(pcm) - RATE_HZ // 100 < len(found.pcm) <= len(pcm)
    np.testing.assert_array_equal(found.pcm, pcm[: len(found.pcm)])


@pytest.mark.parametrize(
    ("pcm", "told"),
    [(noise(0.99), r"0\.99 s long; a voice needs 1 s"), (noise(3.0, 0.0005), "silent")],
)
def test_a_recording_that_tells_no_voice_is_refused(pcm: np.ndarray, told: str) -> None:
    with pytest.raises(UserError, match=told):
        excerpt(Recording(pcm, RATE_HZ))
