"""Rate conversion with the filter of the release, for recordings that become codes."""

import math

import numpy as np
from numpy.typing import NDArray

from edge_audio.audio.frame import Samples

_ZERO_CROSSINGS = 6
"""How far the filter reaches to each side, in zero crossings of its sinc."""

_ROLLOFF = 0.99
"""The filter's cutoff, as a share of half the lower rate."""

_BATCH = 1 << 14
"""Samples that are computed at a time, so that their inputs stay in the processor's cache."""


class SincResampler:
    """Converts whole recordings with a sinc under a Hann window, to the release's own numbers.

    Audio codes depend on the filter: `edge_audio.audio.resample` has a sharper one, which sounds better but
    changes some codes from those that the models were trained on. This filter has torchaudio's defaults, as
    in the release.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        """Both rates in Hz, at least 1. Equal rates pass samples through unchanged."""
        if from_hz < 1 or to_hz < 1:
            raise ValueError(f"rates must be positive, not {from_hz} and {to_hz} Hz")
        common = math.gcd(from_hz, to_hz)
        self._step, self._phases = from_hz // common, to_hz // common
        cutoff = min(self._step, self._phases) * _ROLLOFF
        self._reach = math.ceil(_ZERO_CROSSINGS * self._step / cutoff)
        self._first = np.arange(self._phases) * self._step // self._phases
        self._filters = self._filters_of_phases(cutoff)

    def __call__(self, pcm: Samples) -> Samples:
        """Return `pcm`, shape (n,), at the new rate, shape (n * to / from, rounded up).

        Raises `ValueError` for an empty recording.
        """
        if not len(pcm):
            raise ValueError("an empty recording can't be converted")
        if self._step == self._phases:
            return pcm
        periods = len(pcm) // self._step + 1
        padded = np.pad(pcm.astype(np.float64), (self._reach, self._step + len(self._filters)))
        converted = np.empty((periods, self._phases), np.float32)
        batch = max(1, _BATCH // self._phases)
        for period in range(0, periods, batch):
            made = converted[period : period + batch]
            first = np.arange(period, period + len(made))[:, None] * self._step + self._first
            _filter(padded, first, self._filters, made)
        # The release rounds up in single precision, so a tiny remainder gives no further sample.
        length = math.ceil(np.float32(self._phases * len(pcm) / self._step))
        return converted.reshape(-1)[:length]

    def _filters_of_phases(self, cutoff: float) -> NDArray[np.float64]:
        """Return the filters of all output samples of a period of input, shape (taps, phases).

        The taps of a phase begin `reach` samples before `first` of it.
        """
        sample = self._first - self._reach + np.arange(2 * self._reach + 2)[:, None]
        # The release has the places of the phases in single precision, which moves samples by up to 8e-6.
        place = (np.arange(self._phases, dtype=np.float32) / np.float32(self._phases)).astype(np.float64)
        time = (sample / self._step - place) * cutoff
        window = np.cos(np.clip(time / _ZERO_CROSSINGS, -1.0, 1.0) * np.pi / 2) ** 2
        filters: NDArray[np.float32] = (np.sinc(time) * window * cutoff / self._step).astype(np.float32)
        return filters.astype(np.float64)


def _filter(
    pcm: NDArray[np.float64], first: NDArray[np.int64], filters: NDArray[np.float64], made: Samples
) -> None:
    """Write into `made` what `filters`, shape (taps, phases), give for `pcm` from `first`, shaped as `made`.

    Adds one sample after the other in single precision, while each product is exact, as the release does. Any
    other order, also that of a matrix product, rounds to other values. That shows in quiet bands: up to
    0.0012 in the log of an energy, more than the tolerance of the codes.
    """
    made[:] = 0
    for offset, weights in enumerate(filters):
        product = pcm[offset:][first]
        product *= weights
        np.add(made, product, out=made, casting="same_kind")
