"""A simulated room, through which the microphone hears the loudspeaker."""

import numpy as np

from edge_audio.audio.frame import FRAME_SAMPLES, INPUT_RATE_HZ, Samples
from edge_audio.audio.resample import StreamResampler

_DIRECT_S = 0.025
"""Delay of the direct sound: the buffers of a sound card, and half a metre of air."""

_REVERBERATION_S = 0.3
"""In this time the sound of the room dies away by 60 dB: a furnished living room."""

_DIRECT_SHARE = 0.5
"""Share of the energy at the microphone that comes straight from the loudspeaker, which stands near."""


class Room:
    """Turns what is played into what the microphone hears of it."""

    def __init__(self, rate_hz: int, echo_db: float = -10.0, seed: int = 0) -> None:
        """`rate_hz` is the speaker's rate; `echo_db` is the echo's level relative to what is played."""
        self.rate_hz = rate_hz
        self._resampler = StreamResampler(rate_hz, INPUT_RATE_HZ)
        self._response = room_response(seed) * np.float32(10.0 ** (echo_db / 20))
        self._arriving: Samples = np.zeros(len(self._response) - 1, np.float32)
        # The resampler returns more or less each time.
        self._waiting: Samples = np.zeros(FRAME_SAMPLES, np.float32)

    def echo(self, played: Samples) -> Samples:
        """Return the next `FRAME_SAMPLES` samples at `INPUT_RATE_HZ` while a frame's worth is `played`."""
        self._waiting = np.concatenate((self._waiting, self._resampler.push(played)))
        sound = np.zeros(FRAME_SAMPLES, np.float32)
        count = min(FRAME_SAMPLES, len(self._waiting))
        sound[:count], self._waiting = self._waiting[:count], self._waiting[count:]
        size = FRAME_SAMPLES + len(self._response) - 1
        spread = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(self._response, size), size)
        spread[: len(self._arriving)] += self._arriving
        self._arriving = spread[FRAME_SAMPLES:].astype(np.float32)
        return spread[:FRAME_SAMPLES].astype(np.float32)


def room_response(seed: int = 0) -> Samples:
    """Return how the room answers to a click, at `INPUT_RATE_HZ`; its energy is 1."""
    direct = round(_DIRECT_S * INPUT_RATE_HZ)
    tail_s = np.arange(round(_REVERBERATION_S * INPUT_RATE_HZ)) / INPUT_RATE_HZ
    tail = np.random.default_rng(seed).standard_normal(len(tail_s)) * 10.0 ** (
        -3.0 * tail_s / _REVERBERATION_S
    )
    tail *= np.sqrt((1.0 - _DIRECT_SHARE) / np.sum(tail**2))
    response = np.concatenate((np.zeros(direct), [np.sqrt(_DIRECT_SHARE)], tail))
    return response.astype(np.float32)
