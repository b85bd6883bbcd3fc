"""One level for all voices: what is heard is scaled so that its loudest sample comes close to 1."""

import numpy as np

from edge_audio.audio.frame import Samples

LEVEL = np.float32(0.999)
"""Where the loudest sample goes."""

QUIETEST_PEAK = 0.01
"""The peak that is assumed at least, so that silence isn't blown up: -40 dBFS."""


def energy_norm(pcm: Samples) -> Samples:
    """Scale a whole recording, shape (n,), so that its loudest sample has the magnitude 0.999.

    One that stays below 0.01 is scaled by 99.9. As in the release, a sample that is no number (NaN) makes
    all of them so; whoever reads recordings keeps such out. Raises `ValueError` for an empty one.
    """
    if not len(pcm):
        raise ValueError("an empty recording has no level")
    levelled: Samples = pcm / np.maximum(np.abs(pcm).max(), np.float32(QUIETEST_PEAK)) * LEVEL
    return levelled


class RunningPeak:
    """`energy_norm` for a stream, of which only the past is known: scales by the loudest sample so far.

    From the loudest sample of a stream on, the result is the very one of `energy_norm`; before it, it is
    louder. The gain changes only at a sample that is louder than all before, and to what puts that sample at
    0.999. So the result never exceeds that, and no step from a sample to the next is higher than it would be
    had the gain stayed what it was: nothing clicks that didn't before. Each sample is scaled by itself and
    what went before, without delay, so where the stream is cut makes no difference.
    """

    def __init__(self, peak: float = QUIETEST_PEAK) -> None:
        """Begin with the gain of `peak`, at least 0.01.

        The peak of the speaker's last turn keeps the noise before the first word from being raised to speech.
        """
        self._peak = np.float32(max(peak, QUIETEST_PEAK))

    @property
    def peak(self) -> float:
        """The largest magnitude so far, or what the stream began with."""
        return float(self._peak)

    def push(self, pcm: Samples) -> Samples:
        """Return the next samples of the stream scaled, shape (n,), n >= 0; all must be finite numbers."""
        if not len(pcm):
            return pcm
        peaks: Samples = np.maximum(np.maximum.accumulate(np.abs(pcm)), self._peak)
        self._peak = peaks[-1]
        levelled: Samples = pcm / peaks * LEVEL
        return levelled
