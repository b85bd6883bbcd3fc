"""Rate conversion with the filter of the release, for recordings of which codes are made."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edge_audio.audio.frame import Samples

_ZERO_CROSSINGS = 6
"""How far the filter reaches to each side, in zero crossings of its sinc."""

_ROLLOFF = 0.99
"""Where the filter cuts off, as a part of the lower rate's half."""


_GROUP = 16
"""Samples of the result that one product makes side by side, from the samples that any of them needs.

Products sum in the order of the samples, as in the release: a sum for each sample alone would round to
other values, which shows in quiet bands.
"""

_ROWS = 256
"""Rows multiplied at a time. OpenBLAS spreads a larger product over threads, which wait for busy cores."""


class SincResampler:
    """Converts whole recordings with a sinc under a Hann window, to the release's own numbers.

    Audio codes depend on the filter: `edge_audio.audio.resample` filters more sharply, which is better for
    the ear, but changes some of the codes that the models were trained on. These are torchaudio's defaults,
    with which the release converts.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        """Both rates in Hz, at least 1. Equal rates pass samples through unchanged."""
        if from_hz < 1 or to_hz < 1:
            raise ValueError(f"rates must be positive, not {from_hz} and {to_hz} Hz")
        common = math.gcd(from_hz, to_hz)
        self._step, self._phases = from_hz // common, to_hz // common
        cutoff = min(self._step, self._phases) * _ROLLOFF
        self._reach = math.ceil(_ZERO_CROSSINGS * self._step / cutoff)
        self._span = (_GROUP - 1) * self._step // self._phases + 2 * self._reach + 3
        # A row of products starts at least a span after the last, so that none has to be copied.
        self._repeats = math.ceil(self._span / self._step)
        self._filters = self._group_filters(cutoff)

    def __call__(self, pcm: Samples) -> Samples:
        """Return `pcm`, shape (n,), at the new rate, shape (n * to / from, rounded up).

        Raises `ValueError` for an empty recording, as there is none to convert.
        """
        if not len(pcm):
            raise ValueError("an empty recording can't be converted")
        if self._step == self._phases:
            return pcm
        row = self._repeats * self._step
        rows = len(pcm) // row + 1
        windows = sliding_window_view(np.pad(pcm, (self._reach, row + 2 * self._span)), self._span)
        converted = np.empty((rows, len(self._filters), _GROUP), np.float32)
        for group, filters in enumerate(self._filters):
            heard = windows[self._first(group) :: row]
            for start in range(0, rows, _ROWS):
                stop = min(start + _ROWS, rows)
                np.matmul(heard[start:stop], filters, out=converted[start:stop, group])
        made = converted.reshape(rows, -1)[:, : self._repeats * self._phases]
        # The release rounds up in single precision, so that a tiny remainder makes no further sample.
        length = math.ceil(np.float32(self._phases * len(pcm) / self._step))
        return made.reshape(-1)[:length]

    def _first(self, group: int) -> int:
        """Return the first sample that `group` needs of a row, counted in the padded recording."""
        return group * _GROUP * self._step // self._phases

    def _group_filters(self, cutoff: float) -> NDArray[np.float32]:
        """Return the filters of all samples made from a row of input, shape (groups, span, group)."""
        groups = math.ceil(self._repeats * self._phases / _GROUP)
        made = np.arange(groups * _GROUP).reshape(groups, 1, _GROUP)
        first = np.array([self._first(group) for group in range(groups)]).reshape(groups, 1, 1)
        period, phase = np.divmod(made, self._phases)
        sample = first - self._reach + np.arange(self._span).reshape(1, -1, 1) - period * self._step
        # The release has the places of the phases in single precision, which moves samples by up to 8e-6.
        place = (phase.astype(np.float32) / np.float32(self._phases)).astype(np.float64)
        time = (sample / self._step - place) * cutoff
        window = np.cos(np.clip(time / _ZERO_CROSSINGS, -1.0, 1.0) * np.pi / 2) ** 2
        filters: NDArray[np.float32] = (np.sinc(time) * window * cutoff / self._step).astype(np.float32)
        return filters
