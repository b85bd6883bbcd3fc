"""Frames re-cut into the windows that a detector wants, on the input's time line."""

import numpy as np

from edge_audio.audio.frame import Frame, Samples


class Windows:
    """Cuts frames into windows that begin at whole multiples of their size since the input began.

    Missing frames become zeros. After a gap longer than `max_gap_samples`, or a step back, cutting
    restarts at the new place.
    """

    def __init__(self, size: int, max_gap_samples: int) -> None:
        """`size` is in samples."""
        self.size = size
        self._max_gap = max_gap_samples
        self._rest: Samples = np.zeros(0, np.float32)
        self._next: int | None = None

    def cut(self, frame: Frame) -> tuple[list[Samples], bool]:
        """Take the next frame; return the windows that it completed, and whether cutting restarted."""
        gap = 0 if self._next is None else frame.start - self._next
        restarted = self._next is None or not 0 <= gap <= self._max_gap
        if restarted:
            self._rest = np.zeros(frame.start % self.size, np.float32)
            gap = 0
        self._next = frame.end
        samples = np.concatenate((self._rest, np.zeros(gap, np.float32), frame.pcm))
        whole = len(samples) // self.size * self.size
        self._rest = samples[whole:]
        return list(samples[:whole].reshape(-1, self.size)), restarted
