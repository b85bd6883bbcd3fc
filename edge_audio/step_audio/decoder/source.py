"""The excitation that a vocoder filters into speech: harmonics of the pitch, and noise."""

from typing import Annotated, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_audio.audio.frame import Samples
from edge_audio.step_audio.component import RateHz
from edge_audio.step_audio.noise import PlacedNoise

_Level = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Weight = Annotated[float, msgspec.Meta(ge=-1000, le=1000)]


class SourceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of a harmonic source."""

    sample_rate_hz: RateHz
    samples_per_frame: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    """Samples for each value of the pitch."""
    amplitude: _Level
    """Amplitude of each harmonic where speech is voiced; the noise elsewhere has a third of it."""
    noise: _Level
    """Standard deviation of the noise where speech is voiced."""
    voiced_above_hz: Annotated[float, msgspec.Meta(ge=0, le=10_000)]
    """Speech is voiced above this pitch."""
    weights: Annotated[tuple[_Weight, ...], msgspec.Meta(min_length=1, max_length=100)]
    """Weight of each harmonic in the mix, the fundamental first."""
    bias: _Weight
    """Added to the mix."""


class SourceNoise(Protocol):
    """The random part of the excitation."""

    @property
    def phase(self) -> NDArray[np.float32]:
        """Initial phase of each harmonic in radians, shape (harmonics,)."""
        ...

    def between(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return standard normal noise for the samples `start` to `stop`, shape (harmonics, stop - start)."""
        ...


class SeededSourceNoise:
    """Noise from a seed: the same however the stream is cut, and none of it is stored."""

    def __init__(self, seed: int, harmonics: int) -> None:
        generator = np.random.default_rng(seed)
        self.phase = generator.uniform(-np.pi, np.pi, harmonics).astype(np.float32)
        self.phase[0] = 0.0  # the fundamental starts at zero, as in training
        # A seed of its own, so that other users of `seed` draw other numbers.
        self._noise = PlacedNoise(int(generator.integers(1 << 62)), harmonics)

    def between(self, start: int, stop: int) -> NDArray[np.float32]:
        """See `SourceNoise.between`."""
        return self._noise.between(start, stop)


class HarmonicSource:
    """The source of a neural source-filter model (X. Wang et al., 2019), continued from call to call."""

    def __init__(self, settings: SourceSettings, noise: SourceNoise) -> None:
        self._settings = settings
        self._noise = noise
        self._orders = np.arange(1, len(settings.weights) + 1, dtype=np.float64)[:, None]
        self._weights = np.array(settings.weights, np.float32)
        # Samples of a frame, counted from 1: the first one has already advanced by a step.
        self._steps = np.arange(1, settings.samples_per_frame + 1, dtype=np.float64)
        self._cycles = 0.0  # phase of the fundamental in cycles, below 1
        self._position = 0  # samples made

    def samples(self, f0: NDArray[np.float32]) -> Samples:
        """Return the next `samples_per_frame` samples for each pitch in Hz of `f0`, shape (frames,)."""
        settings = self._settings
        voiced = np.repeat(f0 > settings.voiced_above_hz, settings.samples_per_frame)
        harmonics = settings.amplitude * np.sin(self._angles(f0)) * voiced
        start, self._position = self._position, self._position + len(voiced)
        deviation = np.where(voiced, settings.noise, settings.amplitude / 3).astype(np.float32)
        harmonics += deviation * self._noise.between(start, self._position)
        mix: Samples = np.tanh(self._weights @ harmonics + np.float32(settings.bias))
        return mix

    def _angles(self, f0: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the angle of every harmonic at every sample in radians, shape (harmonics, samples).

        The phase of a long stream needs float64, and is wrapped at every frame. A whole number of cycles of
        the fundamental is a whole number for each harmonic too, so one number carries the phase of all.
        """
        step = f0.astype(np.float64) / self._settings.sample_rate_hz
        ends = (self._cycles + np.cumsum(step * self._settings.samples_per_frame)) % 1.0
        starts = np.concatenate([[self._cycles], ends])
        self._cycles = float(starts[-1])
        cycles = (starts[:-1, None] + step[:, None] * self._steps).reshape(-1)
        angles: NDArray[np.float32] = (2 * np.pi * (self._orders * cycles % 1.0)).astype(np.float32)
        return angles + self._noise.phase[:, None]
