"""The log-mel spectrogram of a voice prompt, an input of the speech decoder."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edge_audio.audio.frame import Samples
from edge_audio.audio.log_mel import in_bands, slaney_filters

_LEAST_POWER = np.float32(1e-9)
"""Added to the power of every bin before the square root."""

_LEAST_BAND = np.float32(1e-5)
"""Magnitude of a band that counts as none."""


class PromptMel:
    """Computes magnitudes in Slaney's mel bands as HiFi-GAN does, which the speech decoder was trained on."""

    def __init__(self, rate_hz: int, fft_samples: int, hop_samples: int, bands: int, top_hz: float) -> None:
        """Take samples at `rate_hz`; a column is `fft_samples` under a Hann window, every `hop_samples`.

        The released decoder has 22,050 Hz, 1024, 256, and 80 bands up to 8 kHz (its `cosyvoice.yaml`).
        """
        self.rate_hz = rate_hz
        self._fft_samples = fft_samples
        self._hop_samples = hop_samples
        sample = np.arange(fft_samples)
        self._window = (0.5 - 0.5 * np.cos(2 * np.pi * sample / fft_samples)).astype(np.float32)
        self._filters = slaney_filters(rate_hz, fft_samples, bands, top_hz).astype(np.float32)

    @property
    def least_samples(self) -> int:
        """Fewest samples of a recording: its ends are mirrored by (fft - hop) / 2 samples."""
        return (self._fft_samples - self._hop_samples) // 2 + 1

    def __call__(self, pcm: Samples) -> NDArray[np.float32]:
        """Return the natural logs of the band magnitudes of `pcm`, shape (samples // hop, bands)."""
        if len(pcm) < self.least_samples:
            raise ValueError(f"{len(pcm)} samples are fewer than {self.least_samples}")
        padded = np.pad(pcm, (self._fft_samples - self._hop_samples) // 2, mode="reflect")
        columns = sliding_window_view(padded, self._fft_samples)[:: self._hop_samples]
        spectrum = np.fft.rfft(columns * self._window)
        magnitude = np.sqrt(np.square(spectrum.real) + np.square(spectrum.imag) + _LEAST_POWER)
        mel: NDArray[np.float32] = np.log(np.maximum(in_bands(magnitude, self._filters), _LEAST_BAND))
        return mel
