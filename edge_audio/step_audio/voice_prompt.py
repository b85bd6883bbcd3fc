"""A voice prompt: the reference recording in the form of the Step-Audio models' inputs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_audio.step_audio.tokens import Codes


@dataclass(frozen=True, slots=True)
class VoicePrompt:
    """The speech decoder's inputs for a voice."""

    codes: Codes
    """Interleaved audio codes of the trimmed recording, 0-based (id minus the first audio id), shape (n,)."""
    mel: NDArray[np.float32]
    """Log-mel of the untrimmed recording at the decoder's rate, shape (frames, bands)."""
    embedding: NDArray[np.float32]
    """The speaker embedding, shape (192,), not normalised."""
