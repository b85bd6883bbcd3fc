"""Kaldi's filter bank, the input of the linguistic tokenizer and of the speaker model."""

from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.audio.log_mel import in_bands

Window = Literal["hamming", "povey"]
"""Shape of the analysis window; Povey's is the Hann window to the power of 0.85."""

BANDS = 80
"""Bands of a frame."""

WINDOW_SAMPLES = 400
"""Samples of a frame: 25 ms at 16 kHz."""

SHIFT_SAMPLES = 160
"""Samples from one frame to the next: 10 ms at 16 kHz."""

INT16_SCALE = 32768.0
"""The `scale` that turns samples in [-1, 1] into those of a 16-bit file, as Kaldi expects them."""

_FFT_SAMPLES = 512
_LOWEST_HZ = 20.0
_PRE_EMPHASIS = np.float32(0.97)
_POVEY_POWER = np.float32(0.85)
_FLOOR = np.finfo(np.float32).eps
"""Energy that counts as none."""


class Fbank:
    """Computes log mel energies as Kaldi's `compute-fbank-feats` does with its default settings, undithered.

    Dither is noise that the released tokenizer adds to its input, which makes its codes random; here the same
    samples must give the same codes.
    """

    def __init__(self, window: Window, scale: float) -> None:
        """Multiply samples by `scale`, then apply `window`.

        The linguistic tokenizer takes "hamming" and `INT16_SCALE`, the speaker model "povey" and 1.
        """
        self._filters = _kaldi_filters().astype(np.float32)
        self._window = _window(window)
        self._scale = np.float32(scale)

    def __call__(self, pcm: Samples) -> NDArray[np.float32]:
        """Return the natural logs of the band energies of `pcm` at 16 kHz, shape (frames, 80).

        Only complete windows become frames: 1 + (samples - 400) // 160 of them, none for fewer than 400
        samples. A frame's values depend on its own samples only, to the last bit.
        """
        if len(pcm) < WINDOW_SAMPLES:
            return np.empty((0, BANDS), np.float32)
        frames = sliding_window_view(pcm * self._scale, WINDOW_SAMPLES)[::SHIFT_SAMPLES]
        centred = frames - frames.mean(axis=1, keepdims=True)
        emphasised = np.empty_like(centred)
        emphasised[:, 1:] = centred[:, 1:] - _PRE_EMPHASIS * centred[:, :-1]
        # The sample before a frame counts as equal to the frame's first one.
        emphasised[:, 0] = centred[:, 0] - _PRE_EMPHASIS * centred[:, 0]
        spectrum = np.fft.rfft(emphasised * self._window, _FFT_SAMPLES)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        energies: NDArray[np.float32] = np.log(np.maximum(in_bands(power, self._filters), _FLOOR))
        return energies


def _window(kind: Window) -> NDArray[np.float32]:
    """Return the window, rounded to single precision where the reference rounds: quiet bands show it.

    Cosines and powers are rounded from double precision: those of single precision differ with the processor.
    """
    phase = np.arange(WINDOW_SAMPLES, dtype=np.float32) * np.float32(2 * np.pi / (WINDOW_SAMPLES - 1))
    mean = np.float32(0.54 if kind == "hamming" else 0.5)
    cosine = np.cos(phase, dtype=np.float64).astype(np.float32)
    raised_cosine: NDArray[np.float32] = mean - (np.float32(1) - mean) * cosine
    if kind == "hamming":
        return raised_cosine
    return np.power(raised_cosine, _POVEY_POWER, dtype=np.float64).astype(np.float32)


def _kaldi_filters() -> NDArray[np.float64]:
    """Triangles of height 1 with equal widths and straight sides on the mel scale, shape (bins, bands)."""
    edges = np.linspace(_mel(_LOWEST_HZ), _mel(INPUT_RATE_HZ / 2), BANDS + 2)
    bins = _mel(np.arange(_FFT_SAMPLES // 2 + 1) * INPUT_RATE_HZ / _FFT_SAMPLES)[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins - low) / (middle - low)
    falling = (high - bins) / (high - middle)
    filters: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    return filters


def _mel(hz: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `hz` on the mel scale that Kaldi uses (HTK's)."""
    return np.asarray(1127.0 * np.log1p(np.asarray(hz) / 700.0))
