import numpy as np
import pytest

from edge_audio.audio.frame import FRAME_SAMPLES, INPUT_RATE_HZ, Samples
from edge_audio.audio.room import Room, room_response

FRAMES = 200


def heard_of(played: Samples, room: Room) -> Samples:
    frames = played.reshape(-1, FRAME_SAMPLES * room.rate_hz // INPUT_RATE_HZ)
    return np.concatenate([room.echo(frame) for frame in frames])


def noise(count: int) -> Samples:
    return np.random.default_rng(1).normal(0, 0.1, count).astype(np.float32)


def test_the_echo_is_as_loud_as_asked_for() -> None:
    played = noise(FRAMES * FRAME_SAMPLES)
    heard = heard_of(played, Room(INPUT_RATE_HZ, echo_db=-10.0))
    settled = heard[INPUT_RATE_HZ:]
    assert 20 * np.log10(settled.std() / played.std()) == pytest.approx(-10.0, abs=0.5)


def test_frame_by_frame_it_is_the_convolution_with_the_room() -> None:
    played = noise(FRAMES * FRAME_SAMPLES)
    heard = heard_of(played, Room(INPUT_RATE_HZ, echo_db=0.0))
    whole = np.convolve(played, room_response())[: len(heard)]
    np.testing.assert_allclose(heard[FRAME_SAMPLES:], whole[:-FRAME_SAMPLES], atol=1e-5)


def test_a_click_arrives_late_and_dies_away() -> None:
    response = room_response()
    assert np.sum(response**2) == pytest.approx(1.0, abs=1e-4)
    assert not response[: round(0.02 * INPUT_RATE_HZ)].any()
    assert np.abs(response[-160:]).max() < 1e-2 * np.abs(response).max()


def test_another_rate_loses_no_samples() -> None:
    room = Room(24_000)
    heard = heard_of(noise(FRAMES * 480), room)
    assert len(heard) == FRAMES * FRAME_SAMPLES
    assert np.abs(heard[INPUT_RATE_HZ:].reshape(-1, FRAME_SAMPLES)).max(axis=1).min() > 0.01


def test_silence_has_no_echo() -> None:
    assert not heard_of(np.zeros(10 * FRAME_SAMPLES, np.float32), Room(INPUT_RATE_HZ)).any()
