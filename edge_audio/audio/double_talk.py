"""Double-talk detection: whether the microphone hears more than the echo of what is played."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from edge_audio.audio.delay import LONGEST_S, DelayEstimator
from edge_audio.audio.frame import FRAME_S, INPUT_RATE_HZ, Samples

_Levels = NDArray[np.float64]
"""Levels of the bands in dB, shape (`_BANDS`,)."""

_BANDS = 16
_LOW_HZ, _HIGH_HZ = 150, 7000
"""The bands, equally wide on the mel scale."""

_WINDOW_S = 0.032

_NOTHING_DB = -100.0

_AUDIBLE_DB = -75.0
"""Level of a band of what was played, with its reverberation, below which no echo is expected."""

_DECAY_DB = 1.2
"""Assumed decay of the echo in dB per frame: that of a room with 1 s of reverberation."""

_LEARNT_FROM = 250
"""The latest frames with an echo (5 s), from which the path from speaker to microphone is learnt."""

_FEWEST = 25
"""Frames with an echo (0.5 s) that are needed before anything is known of that path."""

_LEARN_EVERY = 10

_QUANTILE = 0.8
"""Quantile of the levels heard, against what is played, that is taken for the echo's loudest: what is louder
may be somebody who speaks."""

_CAUTIOUS = 500
"""With few frames known the quantile is higher: 1 minus their number divided by this."""

_UNKNOWN_DB = 20.0
"""Gain assumed for a speaker and microphone that nothing is known of: no echo is louder."""

_NOISE_RISE_DB = 0.02
"""How fast the noise floor may rise, in dB per frame."""

_NOISE_SPREAD_DB = 6.0
"""How far noise may rise above its floor."""

_TOLERANCE_DB = 3.0
"""How much louder than expected an echo may be."""

_EXCESS_DB = 0.5
"""Mean level over the bands, beyond that tolerance, from which somebody is taken to speak."""

_REMEMBERED = 3
"""Frames for which somebody who spoke counts as still speaking: as long as two windows of the VAD."""


class DoubleTalkDetector:
    """Compares what is heard, band by band, with the echo to expect of what was played.

    The echo's level is predicted from what was played `delay` before: it dies away slowly, and each band has
    the gain learnt from the last 5 s with an echo. Until the delay is known, the echo may be as loud as the
    loudest of the last half second; until the gain is known, everything is taken for echo. It needs no
    canceller, so it works before a canceller has learnt the room, and where one can't: with distortion and
    late reverberation.

    Measured: 0.2 ms a frame while something is played, else nothing.
    """

    def __init__(self, played_rate_hz: int) -> None:
        """`played_rate_hz` is the rate of what is played, a multiple of 50 Hz."""
        self._delay = DelayEstimator(played_rate_hz)
        self._heard_bands = _Bands(INPUT_RATE_HZ)
        self._played_bands = _Bands(played_rate_hz)
        nothing = np.full(_BANDS, _NOTHING_DB)
        lags = round(LONGEST_S / FRAME_S) + 1
        self._played = deque([nothing] * (_LEARNT_FROM + lags), _LEARNT_FROM + lags)
        self._heard: deque[_Levels] = deque(maxlen=_LEARNT_FROM)
        self._lags = range(lags)
        self._expected = nothing  # level of the echo, but for the gain
        self._gains: deque[_Levels] = deque(maxlen=_LEARNT_FROM)
        self._gain = np.full(_BANDS, _UNKNOWN_DB)
        self._noise: _Levels | None = None
        self._excesses: deque[float] = deque(maxlen=_REMEMBERED)
        self._frames = 0

    @property
    def delay_s(self) -> float | None:
        """Time from when a sound is played until its echo is heard; None until it is known."""
        return self._delay.delay_s

    def only_echo(self, heard: Samples, played: Samples) -> bool:
        """Take the next 20 ms; return True if they may hold an echo and nobody speaks over it.

        `heard` is what the microphone hears, at 16 kHz, with the echo in it; `played` is at its own rate.
        """
        if not played.any() and np.max(self._expected) < _AUDIBLE_DB:
            return False
        if self._delay.push(heard, played):
            self._learn_again()
        level = self._heard_bands.push(heard)
        self._played.append(self._played_bands.push(played))
        self._heard.append(level)
        self._expect(0)
        self._learn(level)
        self._excesses.append(self._excess_db(level))
        return max(self._excesses) < _EXCESS_DB

    def _expect(self, ago: int) -> None:
        """Predict the echo of the frame that is `ago` frames back; call it frame by frame."""
        newest = len(self._played) - 1 - ago
        arriving = np.max([self._played[newest - lag] for lag in self._lags], axis=0)
        self._expected = np.maximum(self._expected - _DECAY_DB, arriving)

    def _learn(self, level: _Levels) -> None:
        known = self._expected > _AUDIBLE_DB
        self._gains.append(np.where(known, level - self._expected, self._gain))
        self._frames += 1
        if len(self._gains) >= _FEWEST and self._frames % _LEARN_EVERY == 0:
            part = max(_QUANTILE, 1.0 - len(self._gains) / _CAUTIOUS)
            self._gain = np.quantile(np.array(self._gains), part, axis=0)

    def _learn_again(self) -> None:
        """Learn again from the same frames, with the delay that was found."""
        assert self._delay.delay_s is not None
        first = int(self._delay.delay_s / FRAME_S)
        self._lags = range(first, first + 2)
        self._gains.clear()
        for ago in reversed(range(len(self._heard))):
            self._expect(ago)
            self._learn(self._heard[len(self._heard) - 1 - ago])

    def _excess_db(self, level: _Levels) -> float:
        if self._noise is None:
            self._noise = level
        self._noise = np.minimum(self._noise + _NOISE_RISE_DB, level)
        explained = np.logaddexp(
            (self._expected + self._gain) / _NEPER, (self._noise + _NOISE_SPREAD_DB) / _NEPER
        )
        return float(np.mean(np.maximum(0.0, level - _NEPER * explained - _TOLERANCE_DB)))


_NEPER = 10 / np.log(10)
"""dB of a power that is e times larger."""


class _Bands:
    """Levels of a stream in bands, a window ending with each frame."""

    def __init__(self, rate_hz: int) -> None:
        self._pcm: Samples = np.zeros(round(_WINDOW_S * rate_hz), np.float32)
        count = len(self._pcm)
        self._window = np.hanning(count)
        edges_hz = 700 * np.expm1(np.linspace(_mel(_LOW_HZ), _mel(_HIGH_HZ), _BANDS + 1))
        hz = np.fft.rfftfreq(count, 1 / rate_hz)
        inside = (hz[:, None] >= edges_hz[:-1]) & (hz[:, None] < edges_hz[1:])
        self._sum = inside / (count * np.sum(self._window**2))

    def push(self, frame: Samples) -> _Levels:
        self._pcm = np.concatenate((self._pcm[len(frame) :], frame))
        power = np.abs(np.fft.rfft(self._pcm * self._window)) ** 2
        levels: _Levels = 10 * np.log10(power @ self._sum + 10 ** (_NOTHING_DB / 10))
        return levels


def _mel(hz: float) -> float:
    """Return `hz` on the mel scale, up to a constant factor."""
    return float(np.log1p(hz / 700))
