"""One level for all recordings: each is scaled so that its loudest sample is close to 1."""

import numpy as np

from edge_audio.audio.frame import Samples

LEVEL = np.float32(0.999)
"""Magnitude of the loudest sample after scaling."""

QUIETEST_PEAK = 0.01
"""The lowest peak that is assumed, -40 dBFS, so that silence isn't amplified."""


def energy_norm(pcm: Samples) -> Samples:
    """Scale a whole recording, shape (n,), so that its loudest sample has the magnitude 0.999.

    A recording that stays below 0.01 is scaled by 99.9. As in the release, one sample that is NaN makes all
    of them NaN; the readers of recordings reject it. Raises `ValueError` for an empty recording.
    """
    if not len(pcm):
        raise ValueError("an empty recording has no level")
    levelled: Samples = pcm / np.maximum(np.abs(pcm).max(), np.float32(QUIETEST_PEAK)) * LEVEL
    return levelled


class RunningPeak:
    """`energy_norm` for a stream, of which only the past is known: scales by the loudest sample so far.

    From the loudest sample of a stream on, the result equals that of `energy_norm`; before it, it is louder.
    The gain changes only at a sample that is louder than all before, and to the value that puts that sample
    at 0.999. So the result never exceeds 0.999, and no step between neighbouring samples is larger than with
    the previous gain: there are no new clicks. The gain of a sample depends on it and the samples before it,
    without delay, so it makes no difference where the stream is cut.
    """

    def __init__(self, peak: float = QUIETEST_PEAK) -> None:
        """Begin with the gain of `peak`, at least 0.01.

        The peak of the speaker's last turn keeps noise before the first word from being amplified to the
        level of speech.
        """
        self._peak = np.float32(max(peak, QUIETEST_PEAK))

    @property
    def peak(self) -> float:
        """The largest magnitude so far, or the initial one."""
        return float(self._peak)

    def push(self, pcm: Samples) -> Samples:
        """Return the next samples of the stream scaled, shape (n,), n >= 0; all must be finite numbers."""
        if not len(pcm):
            return pcm
        peaks: Samples = np.maximum(np.maximum.accumulate(np.abs(pcm)), self._peak)
        self._peak = peaks[-1]
        levelled: Samples = pcm / peaks * LEVEL
        return levelled
