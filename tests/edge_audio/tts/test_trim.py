"""Clauses without their own silence, with a pause of the right length."""

import numpy as np
import pytest

from edge_audio.audio.frame import AUDIBLE, Samples
from edge_audio.tts.trim import trim

RATE_HZ = 24_000


def clip(*parts: tuple[float, float]) -> Samples:
    """Seconds and amplitude of each part of a 200-Hz tone."""
    tones = [np.sin(np.arange(round(s * RATE_HZ)) * 2 * np.pi * 200 / RATE_HZ) * a for s, a in parts]
    return np.concatenate(tones).astype(np.float32)


def audible(pcm: Samples) -> Samples:
    return np.flatnonzero(np.abs(pcm) >= AUDIBLE)


SPEECH = clip((0.3, 0.002), (0.5, 0.3), (0.4, 0.002))


@pytest.mark.parametrize("pause_ms", [0, 40, 90, 250, 1000])
def test_silence_before_goes_and_silence_behind_has_the_length_asked_for(pause_ms: int) -> None:
    trimmed = trim(SPEECH, RATE_HZ, pause_ms)
    heard = audible(trimmed)
    assert heard[0] <= RATE_HZ * 0.010
    assert len(trimmed) - 1 - heard[-1] == pytest.approx(
        RATE_HZ * max(pause_ms, 30) / 1000, abs=RATE_HZ * 0.001
    )
    assert trimmed.dtype == np.float32


def test_what_is_audible_is_left_as_it_is() -> None:
    before, after = audible(SPEECH), audible(trimmed := trim(SPEECH, RATE_HZ, 90))
    assert np.array_equal(trimmed[after[0] : after[-1] + 1], SPEECH[before[0] : before[-1] + 1])


@pytest.mark.parametrize(
    "pcm",
    [SPEECH, clip((0.5, 0.3)), clip((0.5012, 0.9)), clip((0.003, 0.9))],
    ids=["silence around it", "none", "torn at its peak", "very short"],
)  # fmt: skip
def test_it_begins_and_ends_at_zero_without_a_step(pcm: Samples) -> None:
    trimmed = trim(pcm, RATE_HZ, 0)
    assert trimmed[0] == 0.0
    assert abs(trimmed[-1]) < 0.01
    assert np.abs(np.diff(trimmed)).max() <= np.abs(np.diff(pcm)).max() * 1.1


@pytest.mark.parametrize("pcm", [clip((0.5, 0.003)), clip((0.0, 0.0))], ids=["noise", "empty"])
def test_a_clip_without_anything_audible_leaves_nothing(pcm: Samples) -> None:
    assert len(trim(pcm, RATE_HZ, 250)) == 0


def test_the_clip_itself_is_not_written_to() -> None:
    pcm = SPEECH.copy()
    trim(pcm, RATE_HZ, 90)
    assert np.array_equal(pcm, SPEECH)
