"""Cutting a stream of frames into windows with enough context for a network that looks both ways."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from edge_audio.step_audio.component import Extent
from runtime.session import Array


class Context(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a network sees: what lies further off has no influence at all."""

    left: Extent
    """Frames before one that its output depends on."""
    right: Extent
    """Frames after it."""


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a stream: some frames, and the context of them."""

    arrays: tuple[Array, ...]
    """The streams from the first frame of context to the last one."""
    start: int
    """Frames of context before those that are wanted."""
    wanted: int
    """Frames that are wanted."""

    def cut(self, array: Array, width: int) -> Array:
        """Return the part of `array`, `width` values a frame on its last axis, that is wanted."""
        return array[..., self.start * width : (self.start + self.wanted) * width]


class Windows:
    """Cuts parallel streams into windows, so that each frame is wanted in exactly one.

    What a network makes of the wanted frames is what it would make of them in the whole stream: its padding
    is seen at the true ends only. No more is kept than the context needs.
    """

    def __init__(self, context: Context, widths: Sequence[int] = (1,)) -> None:
        """`widths` tell, stream by stream, how many values on the last axis are one frame."""
        self._context = context
        self._widths = tuple(widths)
        self._kept: tuple[Array, ...] = ()
        self._first = 0  # place of the first frame kept
        self._come = 0  # frames that have come
        self._done = 0  # frames that were wanted

    def push(self, arrays: Sequence[Array] | None, last: bool) -> Window | None:
        """Take the next frames; returns the window of those that have their context now, None if none do.

        With `last` the streams end, and all frames that are left are wanted.
        """
        if arrays is not None:
            self._keep(arrays)
            self._come += arrays[0].shape[-1] // self._widths[0]
        ready = self._come if last else self._come - self._context.right
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
        """Drop the frames that no later window reaches back to."""
        dropped = max(0, self._done - self._context.left - self._first)
        self._first += dropped
        self._kept = tuple(
            array[..., dropped * width :].copy()
            for array, width in zip(self._kept, self._widths, strict=True)
        )
