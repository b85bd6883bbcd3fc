import time

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_audio.audio.double_talk import DoubleTalkDetector
from edge_audio.audio.frame import FRAME_SAMPLES, INPUT_RATE_HZ, Samples
from tests.edge_audio.audio.babble import babble
from tests.edge_audio.audio.simulated_room import SimulatedRoom

RATE_HZ = 24_000


@pytest.fixture(scope="module")
def played() -> Samples:
    return babble(8.0, 110, seed=3, rate_hz=RATE_HZ)


def only_echo(
    heard: Samples, played: Samples, detector: DoubleTalkDetector | None = None
) -> NDArray[np.bool_]:
    """What is said of each frame."""
    detector = detector or DoubleTalkDetector(RATE_HZ)
    return np.array(
        [
            detector.only_echo(heard[number * FRAME_SAMPLES :][:FRAME_SAMPLES], played[number * 480 :][:480])
            for number in range(len(heard) // FRAME_SAMPLES)
        ]
    )


@pytest.mark.parametrize("echo_db", [-10.0, 0.0])
@pytest.mark.parametrize("reverberation_s", [0.2, 0.8])
def test_an_echo_is_taken_for_one_from_the_first_frame_on(
    played: Samples, echo_db: float, reverberation_s: float
) -> None:
    room = SimulatedRoom(reverberation_s, echo_db, drive=3.0)
    assert np.mean(only_echo(room.hears(played, RATE_HZ), played)) > 0.97


@pytest.mark.parametrize("over_db", [0.0, 10.0])
def test_a_voice_over_the_echo_is_noticed_at_once(played: Samples, over_db: float) -> None:
    heard = SimulatedRoom(echo_db=-over_db).hears(played, RATE_HZ)
    over = slice(5 * INPUT_RATE_HZ, 6 * INPUT_RATE_HZ)
    heard[over] += babble(1.0, 200, seed=8)
    said = only_echo(heard, played)
    begin = 5 * 50
    assert not said[begin : begin + 10].all()  # within 200 ms
    assert np.mean(~said[begin : begin + 50]) > 0.5
    assert np.mean(said[150:begin]) > 0.95


def test_where_nothing_is_played_nothing_is_an_echo() -> None:
    near = babble(2.0, 200, seed=8)
    assert not only_echo(near, np.zeros(2 * RATE_HZ, np.float32)).any()


def test_a_voice_after_the_echo_is_no_echo(played: Samples) -> None:
    played = played.copy()
    played[4 * RATE_HZ :] = 0.0
    heard = SimulatedRoom().hears(played, RATE_HZ)
    heard[round(4.3 * INPUT_RATE_HZ) : round(5.3 * INPUT_RATE_HZ)] += babble(1.0, 200, seed=8)
    said = only_echo(heard, played)
    assert not said[218:].any()  # 60 ms after it began


def test_through_headphones_every_voice_is_one(played: Samples) -> None:
    heard = 3e-4 * np.random.default_rng(1).standard_normal(len(played) * 2 // 3).astype(np.float32)
    over = slice(3 * INPUT_RATE_HZ, 4 * INPUT_RATE_HZ)
    heard[over] += 0.1 * babble(1.0, 200, seed=8)
    said = only_echo(heard, played)
    assert np.mean(~said[150:200]) > 0.7


def test_a_louder_speaker_is_learnt_again(played: Samples) -> None:
    heard = SimulatedRoom(echo_db=-20.0).hears(played, RATE_HZ)
    heard[3 * INPUT_RATE_HZ :] *= 4.0
    said = only_echo(heard, played)
    assert np.mean(said[300:]) > 0.9


def test_it_costs_less_than_a_fiftieth_of_a_frame(played: Samples) -> None:
    heard = SimulatedRoom().hears(played, RATE_HZ)
    began_s = time.process_time()
    only_echo(heard, played)
    assert time.process_time() - began_s < len(heard) / INPUT_RATE_HZ / 50
