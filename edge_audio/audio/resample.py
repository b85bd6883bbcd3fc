"""Sampling rate conversion (soxr): of a stream as it flows, or of a whole clip at once."""

import numpy as np
import soxr

from edge_audio.audio.frame import Samples

_NOTHING: Samples = np.zeros(0, np.float32)


class StreamResampler:
    """Converts one stream block by block; where the blocks are cut makes no difference to the result.

    It runs soxr in its variable-rate mode with a constant rate: the fixed-rate mode works in bursts of
    DFT blocks, which would delay a microphone at 48 kHz by up to 37 ms (measured); here the delay is
    a steady 12.5 ms. What this costs is 0.1 ms of constant shift and 20 µs per 10 ms of sound.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        """Both rates in Hz, at least 1. Equal rates pass samples through unchanged."""
        if from_hz < 1 or to_hz < 1:
            raise ValueError(f"rates must be positive, not {from_hz} and {to_hz} Hz")
        self.from_hz = from_hz
        self.to_hz = to_hz
        self._soxr = self._fresh()

    def push(self, pcm: Samples) -> Samples:
        """Take the next samples, shape (n,); return those at `to_hz` that are ready, shape (m,), m >= 0.

        At equal rates it returns the same array.
        """
        if self._soxr is None or not len(pcm):
            return pcm
        out: Samples = self._soxr.resample_chunk(pcm)
        return out

    def flush(self) -> Samples:
        """End the stream: return what is left, and be ready for a new one.

        All that was returned since the start adds up to the input's length times the ratio,
        rounded.
        """
        if self._soxr is None:
            return _NOTHING
        rest: Samples = self._soxr.resample_chunk(_NOTHING, last=True)
        self._soxr = self._fresh()
        return rest

    def _fresh(self) -> soxr.ResampleStream | None:
        if self.from_hz == self.to_hz:
            return None
        return soxr.ResampleStream(self.from_hz, self.to_hz, 1, dtype="float32", vr=True)


def resample(pcm: Samples, from_hz: int, to_hz: int) -> Samples:
    """Convert a whole clip, shape (n,), without delay; at equal rates return it unchanged."""
    if from_hz == to_hz:
        return pcm
    converted: Samples = soxr.resample(pcm, from_hz, to_hz)
    return converted
