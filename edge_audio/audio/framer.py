"""The framer: cuts the input's time line into frames, with or without a microphone."""

from collections.abc import Iterator

import numpy as np

from edge_audio.audio.frame import FRAME_SAMPLES, INPUT_RATE_HZ, Frame, Samples
from edge_audio.audio.resample import StreamResampler
from edge_audio.audio.sample_ring import SampleRing


class Framer:
    """Makes frames of what a microphone captures, and of silence while there is no microphone."""

    def __init__(self) -> None:
        self.next = 0
        """Index of the next frame's first sample; jumps where captured samples were lost."""
        self._ring = SampleRing(1)
        self._resampler = StreamResampler(INPUT_RATE_HZ, INPUT_RATE_HZ)
        self._pending: Samples = np.zeros(0, np.float32)  # captured, too few for a frame
        self._expected = 0  # the ring's index after what was read
        self._origin = (0, 0)  # an index of the ring, and the same moment's index on the time line

    def attach(self, ring: SampleRing, rate_hz: int) -> None:
        """Continue with what `ring` captures from now on at `rate_hz`; samples waiting in it are dropped."""
        ring.read()
        self._ring = ring
        self._resampler = StreamResampler(rate_hz, INPUT_RATE_HZ)
        self._pending = self._pending[:0]
        self._expected = ring.written
        self._origin = (ring.written, self.next)

    @property
    def heard(self) -> int:
        """Index after the last sample captured, even if it is in no frame yet."""
        return self._place(self._ring.written)

    def captured(self) -> Iterator[Frame]:
        """Yield the frames that the ring's new samples complete."""
        index, pcm = self._ring.read()
        if index > self._expected:
            self._skip_to(index)
        self._expected = index + len(pcm)
        pcm = np.concatenate((self._pending, self._resampler.push(pcm)))
        whole = len(pcm) - len(pcm) % FRAME_SAMPLES
        self._pending = pcm[whole:]
        for at in range(0, whole, FRAME_SAMPLES):
            yield self._frame(pcm[at : at + FRAME_SAMPLES])

    def silence(self, end: int) -> Iterator[Frame]:
        """Yield whole silent frames up to index `end`, exclusive."""
        while self.next + FRAME_SAMPLES <= end:
            yield self._frame(np.zeros(FRAME_SAMPLES, np.float32))

    def _frame(self, pcm: Samples) -> Frame:
        frame = Frame(pcm, self.next)
        self.next += FRAME_SAMPLES
        return frame

    def _skip_to(self, index: int) -> None:
        """Continue the time line where the ring's `index` belongs, after samples were lost."""
        self._resampler.flush()
        self._pending = self._pending[:0]
        self.next = self._place(index)

    def _place(self, index: int) -> int:
        from_index, from_next = self._origin
        return from_next + round((index - from_index) * INPUT_RATE_HZ / self._resampler.from_hz)
