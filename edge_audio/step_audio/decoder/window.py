"""Cuts a stream of frames into windows with the context that a network needs on both sides."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from edge_audio.step_audio.component import Extent
from runtime.session import Array


class Context(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A network's receptive field: frames beyond it have no influence at all."""

    left: Extent
    """Frames before a frame that its output depends on."""
    right: Extent
    """Frames after it that its output depends on."""


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a stream: the wanted frames and their context."""

    arrays: tuple[Array, ...]
    """The streams, from the first frame of context to the last one."""
    start: int
    """Frames of context before the wanted ones."""
    wanted: int
    """Number of wanted frames."""

    def cut(self, array: Array, width: int) -> Array:
        """Return the wanted part of `array`, which has `width` values a frame on its last axis."""
        return array[..., self.start * width : (self.start + self.wanted) * width]


class Windows:
    """Cuts parallel streams into windows, so that each frame is wanted in exactly one of them.

    A network's output for the wanted frames is the same as in the whole stream: there is padding at the true
    ends only. No more is kept than the context needs.
    """

    def __init__(self, context: Context, widths: Sequence[int] = (1,)) -> None:
        """`widths` are the values of a frame on the last axis, for each stream."""
        self._context = context
        self._widths = tuple(widths)
        self._kept: tuple[Array, ...] = ()
        self._first = 0  # index of the first frame that is kept
        self._arrived = 0  # frames that have arrived
        self._done = 0  # frames that were wanted

    def push(self, arrays: Sequence[Array] | None, last: bool) -> Window | None:
        """Take the next frames; returns the window of those with complete context now, None without any.

        With `last` the streams end, and all remaining frames are wanted.
        """
        if arrays is not None:
            self._keep(arrays)
            self._arrived += arrays[0].shape[-1] // self._widths[0]
        ready = self._arrived if last else self._arrived - self._context.right
        if ready <= self._done:
            return None
        window = Window(self._kept, self._done - self._first, ready - self._done)
        self._done = ready
        self._forget()
        return window

    def _keep(self, arrays: Sequence[Array]) -> None:
        if not self._kept:
            self._kept = tuple(np.array(array) for array in arrays)
        else:
            pairs = zip(self._kept, arrays, strict=True)
            self._kept = tuple(np.concatenate(pair, axis=-1) for pair in pairs)

    def _forget(self) -> None:
        """Drop the frames that no later window needs."""
        dropped = max(0, self._done - self._context.left - self._first)
        self._first += dropped
        self._kept = tuple(
            array[..., dropped * width :].copy()
            for array, width in zip(self._kept, self._widths, strict=True)
        )
