"""A ring of samples between an audio callback and the event loop."""

import numpy as np

from edge_audio.audio.frame import Samples


class SampleRing:
    """A bounded ring of samples for one writer (the audio callback) and one reader (the loop).

    When it is full the oldest samples are overwritten, and the reader sees it as a gap in the index.
    No lock is needed: the writer announces what it will overwrite before it copies, so that the
    reader knows afterwards whether any of what it copied was overwritten.
    """

    def __init__(self, capacity: int) -> None:
        """Hold `capacity` samples, at least 1."""
        if capacity < 1:
            raise ValueError(f"a ring holds at least one sample, not {capacity}")
        self.dropped = 0
        """Samples that the reader has missed."""
        self._ring = np.zeros(capacity, np.float32)
        self._claimed = 0  # the writer's: all before this index is written or being written
        self._written = 0  # the writer's: all before this index is complete
        self._read = 0  # the reader's: index of the next sample to take

    @property
    def written(self) -> int:
        """Samples written since the start; also the index of the next one."""
        return self._written

    @property
    def waiting(self) -> int:
        """Samples that `read` would return now, unless the writer overtakes it."""
        return min(self._written - self._read, len(self._ring))

    def write(self, pcm: Samples) -> None:
        """Append samples, shape (n,), n up to the capacity. Never waits; the callback's side."""
        count = len(pcm)
        start = self._written % len(self._ring)
        first = min(count, len(self._ring) - start)
        self._claimed = self._written + count
        self._ring[start : start + first] = pcm[:first]
        self._ring[: count - first] = pcm[first:]
        self._written = self._claimed

    def read(self) -> tuple[int, Samples]:
        """Return a copy of all that waits: the index of its first sample, and the samples in order.

        An index beyond the end of the previous read means that the samples between were dropped.
        """
        end = self._written
        begin = max(self._read, end - len(self._ring))
        start = begin % len(self._ring)
        first = min(end - begin, len(self._ring) - start)
        pcm = np.concatenate((self._ring[start : start + first], self._ring[: end - begin - first]))
        whole_from = min(end, max(begin, self._claimed - len(self._ring)))
        self.dropped += whole_from - self._read
        self._read = end
        return whole_from, pcm[whole_from - begin :]
