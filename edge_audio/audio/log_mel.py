"""Whisper's log-mel spectrogram: the input of its models and of those made from them."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples

Features = NDArray[np.float32]
"""Log-mel values, shape (bands, hops)."""

HOP_SAMPLES = 160
"""Samples from one column to the next: 10 ms at 16 kHz."""

_FFT_SAMPLES = 400
"""Samples of a column: 25 ms at 16 kHz."""

_FLOOR = 1e-10
"""Power that counts as none."""

_RANGE = 8.0
"""Values lie at most this far below the loudest one, in powers of ten: 80 dB."""

_BATCH = 16
"""Columns multiplied with the filters at a time. A larger product is spread over threads by OpenBLAS, which
made a spectrogram take 15 to 22 ms instead of 1 to 4 on two busy cores."""


class LogMel:
    """Computes spectrograms as OpenAI's Whisper does: Hann window, Slaney's mel filters, log10, 80 dB."""

    def __init__(self, bands: int = 80) -> None:
        """`bands` is 80, or 128 for Whisper large-v3 and what is made from it."""
        hop = np.arange(_FFT_SAMPLES)
        self._window = (0.5 - 0.5 * np.cos(2 * np.pi * hop / _FFT_SAMPLES)).astype(np.float32)
        filters = slaney_filters(INPUT_RATE_HZ, _FFT_SAMPLES, bands, INPUT_RATE_HZ / 2)
        self._filters = filters.astype(np.float32)

    def __call__(self, pcm: Samples) -> Features:
        """Return the spectrogram of `pcm` at 16 kHz, shape (bands, samples // 160); needs 2 samples."""
        padded = np.pad(pcm, _FFT_SAMPLES // 2, mode="reflect")
        columns = sliding_window_view(padded, _FFT_SAMPLES)[::HOP_SAMPLES][: len(pcm) // HOP_SAMPLES]
        spectrum = np.fft.rfft(columns * self._window)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        log_mel = np.log10(np.maximum(in_bands(power, self._filters), _FLOOR))
        log_mel = np.maximum(log_mel, log_mel.max(initial=-np.inf) - _RANGE)
        features: Features = ((log_mel + 4.0) / 4.0).T.astype(np.float32)
        return np.ascontiguousarray(features)


def in_bands(spectra: NDArray[np.float32], filters: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `spectra`, shape (columns, bins), summed by `filters`, shape (bins, bands): (columns, bands).

    A column gives the same values to the last bit whatever columns stand beside it.
    """
    columns, bins = spectra.shape
    batches = np.zeros((-(-columns // _BATCH), _BATCH, bins), np.float32)
    batches.reshape(-1, bins)[:columns] = spectra
    # The filters come first: OpenBLAS then takes the columns 4, 8 or 16 at once, each in the same order. As
    # rows of the result, its Haswell kernel takes 12 in one order and the last 4 of a batch in another.
    banded: NDArray[np.float32] = filters.T @ batches.transpose(0, 2, 1)
    return banded.transpose(0, 2, 1).reshape(-1, filters.shape[1])[:columns]


def slaney_filters(rate_hz: int, fft_samples: int, bands: int, top_hz: float) -> NDArray[np.float64]:
    """Return Slaney's triangular filters of equal area from 0 Hz to `top_hz`, shape (bins, bands).

    His mel scale is linear up to 1 kHz, which is mel 15, and then takes 27 mels for a factor of 6.4
    (M. Slaney, Auditory Toolbox, 1998). `top_hz` is at least 1 kHz.
    """
    top_mel = 15.0 + 27.0 * np.log(top_hz / 1000.0) / np.log(6.4)
    mels = np.linspace(0.0, top_mel, bands + 2)
    edges_hz = np.where(mels < 15.0, mels * 200.0 / 3.0, 1000.0 * 6.4 ** ((mels - 15.0) / 27.0))
    bins_hz = np.linspace(0.0, rate_hz / 2, fft_samples // 2 + 1)[:, None]
    low, middle, high = edges_hz[:-2], edges_hz[1:-1], edges_hz[2:]
    rising = (bins_hz - low) / (middle - low)
    falling = (high - bins_hz) / (high - middle)
    filters: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (high - low)
    return filters
