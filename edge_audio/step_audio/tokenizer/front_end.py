"""The linguistic encoder's input as a stream: filter bank, stacked frames, normalised."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_audio.audio.frame import Samples
from edge_audio.step_audio.features.kaldi import INT16_SCALE, SHIFT_SAMPLES, WINDOW_SAMPLES, Fbank

Features = NDArray[np.float32]
"""Frames of the encoder's input, shape (frames, values)."""

_NO_SAMPLES: Samples = np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True)
class Stacking:
    """How frames of the filter bank are stacked to the encoder's frames, which are fewer and wider."""

    frames: int
    """Frames of the filter bank in a frame of the encoder (7 in the Step-Audio release)."""
    stride: int
    """Frames of the filter bank from a frame of the encoder to the next (6 in the Step-Audio release)."""
    chunk: int
    """Frames of the encoder in one of its steps (4 in the Step-Audio release)."""

    @property
    def lead(self) -> int:
        """How often the first frame is repeated before the sound."""
        return (self.frames - 1) // 2

    @property
    def chunk_samples(self) -> int:
        """Samples of a step: 3,840, which are 240 ms, in the Step-Audio release."""
        return self.chunk * self.stride * SHIFT_SAMPLES


class FrontEnd:
    """The part that all streams of features share."""

    def __init__(self, stacking: Stacking, shift: NDArray[np.float32], scale: NDArray[np.float32]) -> None:
        """`shift` is added to each stacked frame; the sum is multiplied by `scale`."""
        self.stacking = stacking
        self.fbank = Fbank("hamming", INT16_SCALE)
        self._shift = shift
        self._scale = scale

    def stream(self) -> "FeatureStream":
        """Return a stream at its beginning."""
        return FeatureStream(self)

    def stack(self, frames: NDArray[np.float32], count: int) -> Features:
        """Return the first `count` stacked frames, normalised; the last of `frames` is repeated as needed."""
        first = np.arange(count)[:, None] * self.stacking.stride
        picked = np.minimum(first + np.arange(self.stacking.frames), len(frames) - 1)
        features: Features = (frames[picked].reshape(count, -1) + self._shift) * self._scale
        return features


class FeatureStream:
    """Turns sound into the features of one encoder step after another.

    It makes no difference where the sound is cut: a step is always computed from the same samples in the same
    way.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        self._pcm = _NO_SAMPLES
        self._overlap = 0
        self._frames: NDArray[np.float32] | None = None

    def push(self, pcm: Samples) -> None:
        """Take samples at 16 kHz in [-1, 1]."""
        self._pcm = np.concatenate((self._pcm, pcm))

    def next_step(self) -> Features | None:
        """Return the features of the next step, shape (chunk, values), or None until there is more sound."""
        stacking = self._front_end.stacking
        end = self._overlap + stacking.chunk_samples
        if len(self._pcm) < end:
            return None
        frames = self._stackable(self._pcm[:end])
        new_frames = 1 + (end - WINDOW_SAMPLES) // SHIFT_SAMPLES
        self._pcm = self._pcm[new_frames * SHIFT_SAMPLES :]
        self._overlap = end - new_frames * SHIFT_SAMPLES
        self._frames = frames[stacking.chunk * stacking.stride :]
        return self._front_end.stack(frames, stacking.chunk)

    def last_step(self) -> Features | None:
        """Return the features after the last complete step, 1 to chunk frames; None if there are too few.

        Less than one stacked frame is too few: fewer than 880 samples in the Step-Audio release.
        """
        stacking = self._front_end.stacking
        frames = self._stackable(self._pcm)
        if len(frames) < stacking.frames:
            return None
        return self._front_end.stack(frames, -(-(len(frames) - stacking.lead) // stacking.stride))

    def fork(self) -> "FeatureStream":
        """Return an independent stream that continues from here."""
        copy = FeatureStream(self._front_end)
        copy._pcm, copy._overlap, copy._frames = self._pcm, self._overlap, self._frames
        return copy

    def _stackable(self, pcm: Samples) -> NDArray[np.float32]:
        """Return the frames of `pcm`, after those that the last step left for this one."""
        frames = self._front_end.fbank(pcm)
        if self._frames is None:
            before = frames[:1].repeat(self._front_end.stacking.lead, axis=0)
        else:
            before = self._frames
        return np.concatenate((before, frames))
