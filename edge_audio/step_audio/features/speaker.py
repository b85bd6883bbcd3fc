"""Speaker embeddings by the CAM++ model of the release, which is an ONNX file."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_audio.audio.frame import Samples
from edge_audio.step_audio.features.kaldi import WINDOW_SAMPLES, Fbank
from runtime.compute import ON_CPU, Compute
from runtime.errors import UserError
from runtime.session import OnnxSession
from runtime.worker import CancelToken

COMPONENT = "speaker"
"""Name of the exported component, and of its folder."""

FILE = "campplus.onnx"
"""The file's name in the release."""


class SpeakerModel:
    """Turns a recording into its speaker embedding. Blocks while it computes: belongs on a lane."""

    def __init__(self, path: Path, compute: Compute = ON_CPU) -> None:
        """Load the model at `path`. Raises `UserError` if it can't be loaded."""
        self._session = OnnxSession(path, compute)
        self._fbank = Fbank("povey", 1.0)

    def __call__(self, pcm: Samples, token: CancelToken | None = None) -> NDArray[np.float32]:
        """Return the speaker embedding of `pcm` at 16 kHz, shape (192,), not normalised.

        Raises `UserError` for less than 25 ms of sound, `Cancelled` once `token` is cancelled.
        """
        if len(pcm) < WINDOW_SAMPLES:
            raise UserError("The recording is too short for a voice.", "Record a few seconds of speech.")
        return self.embedding(self.features(pcm), token)

    def features(self, pcm: Samples) -> NDArray[np.float32]:
        """Return the model's input for `pcm`: bands less their mean over time, shape (frames, 80)."""
        energies = self._fbank(pcm)
        features: NDArray[np.float32] = energies - energies.mean(axis=0)
        return features

    def embedding(
        self, features: NDArray[np.float32], token: CancelToken | None = None
    ) -> NDArray[np.float32]:
        """Return the speaker embedding for `features`, shape (frames, 80), at least one frame."""
        # The input's name differs between editions of the file.
        vectors = self._session.run({self._session.inputs[0]: features[np.newaxis]}, token)[0]
        embedding: NDArray[np.float32] = vectors.reshape(-1)
        return embedding
