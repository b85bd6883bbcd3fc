import numpy as np
import pytest

from edge_audio.audio.delay import DelayEstimator
from edge_audio.audio.frame import FRAME_S, FRAME_SAMPLES, INPUT_RATE_HZ, Samples
from tests.edge_audio.audio.babble import babble
from tests.edge_audio.audio.simulated_room import SimulatedRoom

RATE_HZ = 24_000


@pytest.fixture(scope="module")
def played() -> Samples:
    return babble(6.0, 110, seed=3, rate_hz=RATE_HZ)


def found(heard: Samples, played: Samples, rate_hz: int = RATE_HZ) -> list[tuple[float, float]]:
    """When the delay was found or found to have changed, and what it was."""
    estimator, changes = DelayEstimator(rate_hz), []
    played_samples = rate_hz // 50
    for number in range(len(heard) // FRAME_SAMPLES):
        frame = heard[number * FRAME_SAMPLES :][:FRAME_SAMPLES]
        if estimator.push(frame, played[number * played_samples :][:played_samples]):
            assert estimator.delay_s is not None
            changes.append((number * FRAME_S, estimator.delay_s))
    return changes


@pytest.mark.parametrize("delay_s", [0.0, 0.01, 0.08, 0.2, 0.4])
@pytest.mark.parametrize("reverberation_s", [0.2, 0.8])
def test_a_delay_is_found_within_1_5_s_to_a_millisecond(
    played: Samples, delay_s: float, reverberation_s: float
) -> None:
    room = SimulatedRoom(reverberation_s, delay_s=delay_s, drive=4.0)
    ((at_s, found_s),) = found(room.hears(played, RATE_HZ), played)
    assert at_s < 1.5
    assert found_s == pytest.approx(delay_s, abs=0.001)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_any_rate_will_do(rate_hz: int) -> None:
    played = babble(3.0, 110, seed=3, rate_hz=rate_hz)
    ((_, found_s),) = found(SimulatedRoom().hears(played, rate_hz), played, rate_hz)
    assert found_s == pytest.approx(0.08, abs=0.001)


@pytest.mark.parametrize("becomes_s", [0.03, 0.06, 0.15, 0.35])
def test_a_jump_is_noticed_within_1_5_s(played: Samples, becomes_s: float) -> None:
    room = SimulatedRoom(jumps=((3.0, becomes_s),))
    (_, before_s), (at_s, after_s) = found(room.hears(played, RATE_HZ), played)
    assert before_s == pytest.approx(0.08, abs=0.001)
    assert 3.0 < at_s < 4.5
    assert after_s == pytest.approx(becomes_s, abs=0.001)


def test_it_is_found_under_a_voice_as_loud_as_the_echo(played: Samples) -> None:
    room = SimulatedRoom(echo_db=0.0)
    over = babble(6.0, 200, seed=8)
    changes = found(room.hears(played, RATE_HZ) + over, played)
    assert [found_s for _, found_s in changes] == pytest.approx([0.08], abs=0.001)


def test_without_an_echo_nothing_is_found(played: Samples) -> None:
    assert found(babble(6.0, 200, seed=8), played) == []
    noise = 0.01 * np.random.default_rng(0).standard_normal(6 * INPUT_RATE_HZ)
    assert found(noise.astype(np.float32), played) == []


def test_silence_tells_nothing(played: Samples) -> None:
    assert found(np.zeros(3 * INPUT_RATE_HZ, np.float32), played) == []
    assert found(SimulatedRoom().hears(played, RATE_HZ), np.zeros_like(played)) == []
