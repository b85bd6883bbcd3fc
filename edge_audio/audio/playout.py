"""The playout: the one place where sound passes from the event loop to a speaker.

A ring of samples with a gate. The loop writes the committed reply into it; the output callback, on
whatever thread the audio library calls it, reads exactly as much as the device asks for. Pausing,
resuming and clearing act on the callback's very next block, with a short fade and no matter how much
is queued: that is what makes an interruption immediate.

Each index has one writer (`_written` and `_discard_to` the loop, `_read` and the rest the callback),
so that no lock is needed: under the interpreter lock an attribute store is atomic.
"""

import numpy as np

from edge_audio.audio.frame import Samples

FADE_MS = 5
"""Length of the ramp at a stop or a restart: long enough to avoid a click."""


class Playout:
    """Samples on their way to a speaker, mono float32 at the speaker's rate."""

    def __init__(self, rate_hz: int, capacity_s: float = 0.5) -> None:
        """`capacity_s` bounds what waits here; it costs no latency when interrupted."""
        self.rate_hz = rate_hz
        self.handed_out = 0
        """Samples that the speaker has asked for, silence included: the output's time line."""
        self.played = 0
        """Samples written since the last `begin` that were handed out, faded or not."""
        self.started_at: int | None = None
        """Place on the time line of the first sample since the last `begin`; None before it is out."""
        self.last_sound_at = -1
        """Place on the time line of the last sample that was not zero."""
        self._ring = np.zeros(max(1, round(rate_hz * capacity_s)), np.float32)
        fade = max(1, rate_hz * FADE_MS // 1000)
        self._fade_out = np.linspace(1.0, 0.0, fade, endpoint=False, dtype=np.float32)
        self._fade_out -= self._fade_out[-1]  # ends at exactly zero
        self._written = 0
        self._read = 0
        self._discard_to = 0
        self._begin_at = 0
        self._paused = False
        self._silent = True  # the last block ended in silence, so sound must fade in after a pause
        self._resuming = False

    # The loop's side.

    def begin(self) -> None:
        """Start a new reply behind what is queued: `played` and `started_at` count from here."""
        self.started_at = None
        self.played = 0
        self._begin_at = self._written

    def room(self) -> int:
        """How many samples `write` would take now."""
        return len(self._ring) - (self._written - self._read)

    def write(self, pcm: Samples) -> int:
        """Queue as many leading samples of `pcm` as there is room for; return how many."""
        count = min(self.room(), len(pcm))
        start = self._written % len(self._ring)
        first = min(count, len(self._ring) - start)
        self._ring[start : start + first] = pcm[:first]
        self._ring[: count - first] = pcm[first:count]
        self._written += count
        return count

    def pause(self) -> None:
        """Fall silent within the next block, keeping what is queued."""
        self._paused = True

    def resume(self) -> None:
        """Go on where `pause` stopped."""
        self._paused = False

    def clear(self) -> None:
        """Fall silent within the next block and forget what is queued; ends a pause."""
        self._discard_to = self._written
        self._paused = False

    @property
    def paused(self) -> bool:
        """Whether `pause` was called and not undone."""
        return self._paused

    @property
    def queued(self) -> int:
        """Samples that wait to be handed out."""
        return self._written - max(self._read, self._discard_to)

    # The speaker's side.

    def read_into(self, block: Samples) -> None:
        """Fill `block` with what is to be heard next. Never waits; silence where there is nothing."""
        filled = 0
        if self._read < self._discard_to:
            filled = 0 if self._silent else self._fade(block)
            self._read = self._discard_to
        if self._paused:
            if not self._silent:
                filled = self._fade(block)
            self._resuming = True
        else:
            filled += self._copy(block[filled:])
        block[filled:] = 0.0
        if filled and np.any(block):
            self.last_sound_at = self.handed_out + int(np.flatnonzero(block)[-1])
        self.handed_out += len(block)
        self._silent = filled < len(block) or self._paused

    def _fade(self, block: Samples) -> int:
        """Hand out a ramp down of what comes next; returns its length."""
        count = min(len(self._fade_out), len(block), self._written - self._read)
        self._take(block[:count])
        block[:count] *= self._fade_out[-count:] if count else 1.0
        return count

    def _copy(self, block: Samples) -> int:
        count = min(len(block), self._written - self._read)
        if count == 0:
            return 0
        if self.started_at is None and self._read + count > self._begin_at:
            self.started_at = self.handed_out + max(0, self._begin_at - self._read)
        self._take(block[:count])
        if self._resuming:
            ramp = min(count, len(self._fade_out))
            block[:ramp] *= self._fade_out[::-1][:ramp]
            self._resuming = False
        return count

    def _take(self, block: Samples) -> None:
        count = len(block)
        start = self._read % len(self._ring)
        first = min(count, len(self._ring) - start)
        block[:first] = self._ring[start : start + first]
        block[first:] = self._ring[: count - first]
        self._read += count
        self.played = max(0, self._read - self._begin_at)
