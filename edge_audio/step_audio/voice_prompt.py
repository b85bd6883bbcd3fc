"""A voice prompt: the reference recording as the Step-Audio models want it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_audio.step_audio.tokens import Codes


@dataclass(frozen=True, slots=True)
class VoicePrompt:
    """What the speech decoder is told of a speaker."""

    codes: Codes
    """Interleaved audio codes of the trimmed recording, 0-based (id minus the first audio id), shape (n,)."""
    mel: NDArray[np.float32]
    """Log-mel of the untrimmed recording at the decoder's rate, shape (frames, bands)."""
    embedding: NDArray[np.float32]
    """The speaker, shape (192,), not normalised."""
