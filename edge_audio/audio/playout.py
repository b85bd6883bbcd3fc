"""The playout: the one place where sound passes from the event loop to a speaker.

A ring of samples with a gate. The loop writes the committed reply into it; the output callback, on
whatever thread the audio library calls it, reads exactly as much as the device asks for. Pausing,
resuming and clearing act on the callback's very next block, with a short fade and no matter how much
is queued: that is what makes an interruption immediate.

No lock is needed: every attribute has one writer, the loop or the callback, under the interpreter
lock a store is atomic, and each side reads the other's attributes once and works with that value.
"""

import numpy as np

from edge_audio.audio.frame import Samples
from edge_audio.audio.sample_ring import SampleRing

HISTORY_S = 0.6
"""How much of what was played is kept, to repeat a word that a pause cut: longer than most words."""

FADE_MS = 5
"""Length of the ramp at a stop or a restart: long enough to avoid a click."""


class Playout:
    """Samples on their way to a speaker, mono float32 at the speaker's rate."""

    def __init__(self, rate_hz: int, capacity_s: float = 0.5) -> None:
        """`capacity_s` bounds what waits here; it costs no latency when interrupted."""
        self.rate_hz = rate_hz
        self.offset_s = 0.0
        """When sample 0 was handed out, in seconds since the input's first sample; set by the device."""
        self.handed_out = 0
        """Samples that the speaker has asked for, silence included: the output's time line."""
        self.last_sound_at = -1
        """Place on the time line of the last sample that was not zero."""
        self.copy: SampleRing | None = None
        """Gets a copy of all that is handed out, silence included, for a recorder."""
        self._history = round(rate_hz * HISTORY_S)
        self._ring = np.zeros(max(1, round(rate_hz * capacity_s)) + self._history, np.float32)
        self._fade_out = np.linspace(1.0, 0.0, max(1, rate_hz * FADE_MS // 1000) + 1, dtype=np.float32)[1:]
        self._fade_in = self._fade_out[::-1]
        # The loop's: indices count samples since the beginning, whatever the ring's length.
        self._written = 0
        self._discard_to = 0
        self._begin_at = 0
        self._resume_at = 0
        self._paused = False
        # The callback's.
        self._read = 0
        self._progress: tuple[int, int | None, int] = (0, None, 0)  # of the reply that began at [0]
        self._sounding = False  # the last block ended in the middle of sound: a stop needs a fade
        self._was_paused = False  # the last block was in a pause: sound comes back with a fade

    # The loop's side.

    def begin(self) -> None:
        """Start a new reply after what is queued: `played` and `started_at` count from here."""
        self._begin_at = self._written

    @property
    def started_at(self) -> int | None:
        """Place on the time line of the first sample since the last `begin`; None before it is out."""
        begin_at, started_at, _ = self._progress
        return started_at if begin_at == self._begin_at else None

    @property
    def played(self) -> int:
        """Samples written since the last `begin` that were handed out, faded or not."""
        begin_at, _, played = self._progress
        return played if begin_at == self._begin_at else 0

    def room(self) -> int:
        """Number of samples that `write` would take now; what `clear` dropped counts until the next block."""
        return max(0, len(self._ring) - self._history - (self._written - self._read))

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

    def resume(self, back: int = 0) -> None:
        """Continue `back` samples before where `pause` stopped: at most `HISTORY_S`, and within the reply."""
        self._resume_at = max(self._read - min(back, self._history), self._begin_at, self._discard_to)
        self._paused = False

    def clear(self) -> None:
        """Fall silent within the next block and drop what is queued; ends a pause."""
        self._discard_to = self._written  # before the pause ends, lest a block comes in between
        self._paused = False

    @property
    def paused(self) -> bool:
        """True from `pause` until `resume` or `clear`."""
        return self._paused

    @property
    def queued(self) -> int:
        """Samples that wait to be handed out."""
        return self._written - max(self._read, self._discard_to)

    # The speaker's side.

    def read_into(self, block: Samples) -> None:
        """Fill `block` with what is to be heard next. Never waits; silence where there is nothing."""
        paused, discard_to = self._paused, self._discard_to
        cleared = self._read < discard_to
        filled = 0
        if self._sounding and (cleared or paused):
            filled = self._stop(block, discard_to if cleared else self._written)
        if cleared:
            self._read = discard_to
            self._was_paused = False
        if self._was_paused and not paused:
            self._go_back(self._resume_at)
        copied = 0 if paused else self._play(block, filled)
        filled += copied
        block[filled:] = 0.0
        sound = np.flatnonzero(block[:filled])
        if len(sound):
            self.last_sound_at = self.handed_out + int(sound[-1])
        self.handed_out += len(block)
        if (copy := self.copy) is not None:
            copy.write(block)
        self._was_paused = paused
        self._sounding = copied > 0 and filled == len(block)

    def _stop(self, block: Samples, end: int) -> int:
        """Fade out what comes next, at most up to index `end`; return the fade's length."""
        count = min(len(self._fade_out), len(block), end - self._read)
        self._take(block, 0, count)
        block[:count] *= self._fade_out[len(self._fade_out) - count :]
        return count

    def _play(self, block: Samples, at: int) -> int:
        """Hand out what is queued from `block[at]` on; return how many samples."""
        count = min(len(block) - at, self._written - self._read)
        self._take(block, at, count)
        if self._was_paused:
            ramp = min(count, len(self._fade_in))
            block[at : at + ramp] *= self._fade_in[:ramp]
        return count

    def _go_back(self, to: int) -> None:
        """Play again, from index `to` on, what was played already."""
        back = self._read - to
        begin_at, started_at, played = self._progress
        if back > 0 and begin_at == self._begin_at:
            self._read -= back
            self._progress = (begin_at, started_at, max(0, played - back))

    def _take(self, block: Samples, at: int, count: int) -> None:
        """Move the next `count` samples to `block[at:]`, and account for them."""
        start = self._read % len(self._ring)
        first = min(count, len(self._ring) - start)
        block[at : at + first] = self._ring[start : start + first]
        block[at + first : at + count] = self._ring[: count - first]
        begin_at = self._begin_at
        ours = self._read + count - max(self._read, begin_at)  # the others belong to the reply before
        if ours > 0:
            known_begin, started_at, played = self._progress
            if started_at is None or known_begin != begin_at:
                started_at, played = self.handed_out + at + count - ours, 0
            self._progress = (begin_at, started_at, played + ours)
        self._read += count
