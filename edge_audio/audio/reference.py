"""The echo reference: what the speaker was handed, one block for each block heard."""

import numpy as np

from edge_audio.audio.frame import Samples


class Reference:
    """Keeps what was handed out in step with what is heard.

    Samples are handed out in bursts and by another clock than the microphone's, while the canceller
    wants a block for each block that is heard, and always the one of the same moment: after a shift of
    20 ms it takes seconds to learn the delay again. So some blocks are kept in hand; a block that still
    comes late is replaced by silence and skipped when it comes; and the alignment changes only if blocks
    are late, or wait unused, again and again.
    """

    IN_HAND = 2
    """Blocks that wait at first: as many as usually come in one burst."""
    MOST_OWED = 10
    """Blocks that may be late in a row; more, and the speaker has stopped."""
    WINDOW = 500
    """Blocks (5 s) after which it is judged whether the alignment still fits."""

    def __init__(self, count: int) -> None:
        """`count` is the samples of a block."""
        self._count = count
        self._waiting: Samples = np.zeros(0, np.float32)
        self._flowing = False
        self._owed = 0  # samples that were replaced by silence and are still to come
        self._blocks = self._late = 0
        self._least = 0  # of what waited since the window began

    def push(self, pcm: Samples) -> None:
        """Take what was handed out since the last call."""
        if len(pcm) and not self._flowing:
            self._flowing = True
            self._waiting = np.zeros(self.IN_HAND * self._count, np.float32)
            self._owed = self._blocks = self._late = 0
        skipped = min(self._owed, len(pcm))
        self._owed -= skipped
        self._waiting = np.concatenate((self._waiting, pcm[skipped:]))

    def next(self) -> Samples:
        """Return the block that belongs to the next block heard."""
        count = self._count
        late = len(self._waiting) < count
        if late:
            block: Samples = np.zeros(count, np.float32)
            self._owed += count
            self._flowing = self._flowing and self._owed <= self.MOST_OWED * count
        else:
            block, self._waiting = self._waiting[:count], self._waiting[count:]
        if self._flowing:
            self._judge(late)
        return block

    def _judge(self, late: bool) -> None:
        waiting = len(self._waiting)
        self._least = min(self._least, waiting) if self._blocks else waiting
        self._late += late
        self._blocks += 1
        if self._blocks < self.WINDOW:
            return
        if self._late > self.WINDOW // 20:
            self._flowing = False  # the next burst starts over, with blocks in hand
        elif self._least > 2 * self.IN_HAND * self._count:
            self._waiting = self._waiting[self._least - self.IN_HAND * self._count :]
        self._blocks = self._late = 0
