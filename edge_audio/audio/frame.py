"""The frame: the unit in which sound travels from the microphone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono PCM, shape (n,), float32 in [-1, 1]."""

INPUT_RATE_HZ = 16_000
"""Rate of all input; every recognizer, detector and tokenizer here takes it."""

FRAME_SAMPLES = 320
"""Samples of a frame: 20 ms at 16 kHz."""

FRAME_S = FRAME_SAMPLES / INPUT_RATE_HZ
"""Duration of a frame in seconds."""

FILE_RATE_HZ = 24_000
"""Rate of the files that we write (16 bit, mono)."""

AUDIBLE = 10.0 ** (-50 / 20)
"""Amplitude from which a sample counts as audible: -50 dBFS."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """20 ms of input, with its place in the input."""

    pcm: Samples
    """`FRAME_SAMPLES` samples at `INPUT_RATE_HZ`; never changed afterwards."""
    start: int
    """Index of the first sample since the input began; a jump means that frames were dropped."""
    only_echo: bool = False
    """True if, as far as one can tell, it holds only what is left of the speaker's own sound."""

    @property
    def end(self) -> int:
        """Index after the last sample."""
        return self.start + len(self.pcm)
