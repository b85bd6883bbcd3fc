"""Smart-turn: judges by the sound of a turn so far whether the speaker has finished."""

from pathlib import Path

import numpy as np

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.audio.log_mel import LogMel
from edge_audio.models import find_model
from edge_audio.settings import Shared, Threads
from edge_audio.turns.detectors import EndOfTurnConfig, EndOfTurnModel
from runtime.compute import Compute
from runtime.worker import CancelToken, Lane, ThreadLane

HEARD_S = 8
"""The model hears the last 8 seconds of a turn, fixed by its input of 800 mel frames (10 ms each)."""

_HEARD_SAMPLES = HEARD_S * INPUT_RATE_HZ

_VARIANCE_FLOOR = 1e-7
"""Keeps silence from being divided by zero; the value that Whisper's feature extractor uses."""


def last_8_s(pcm: Samples) -> Samples:
    """Return the last 8 s of `pcm` at 16 kHz at one loudness; shorter sound is preceded by zeros."""
    heard = np.zeros(_HEARD_SAMPLES, np.float32)
    if len(pcm):
        tail = pcm[-_HEARD_SAMPLES:]
        heard[-len(tail) :] = tail
    # Zero mean and unit variance over all 8 s, the zeros included: so it was in training.
    levelled: Samples = (heard - heard.mean()) / np.sqrt(heard.var() + _VARIANCE_FLOOR)
    return levelled


class SmartTurn(EndOfTurnModel):
    """An `EndOfTurnModel`: smart-turn v3 (ONNX)."""

    def __init__(self, model: Path, lane: Lane, *, threads: int = 1) -> None:
        """Load the model and run it once (blocks for some 200 ms).

        Raises `UserError` if `model` can't be loaded. The lane belongs to the model and is closed with it.
        """
        from runtime.session import OnnxSession

        self._session = OnnxSession(model, Compute(threads))
        self._lane = lane
        self._log_mel = LogMel()
        self._judge(np.zeros(0, np.float32), CancelToken())  # the first run is slow

    async def probability(self, pcm: Samples) -> float:
        """See `EndOfTurnModel.probability`. Cancelling the call stops the computation."""
        return await self._lane.run(lambda token: self._judge(pcm, token))

    async def close(self) -> None:
        """See `EndOfTurnModel.close`."""
        self._lane.close()

    def _judge(self, pcm: Samples, token: CancelToken) -> float:
        token.raise_if_cancelled()
        # The output is named `logits`, but the graph ends in a sigmoid.
        (probability,) = self._session.run({"input_features": self._log_mel(last_8_s(pcm))[None]}, token)
        return float(probability.item())


class SmartTurnConfig(EndOfTurnConfig, frozen=True):
    """Smart-turn judges by the sound of the last 8 seconds."""

    packages = ("onnxruntime",)

    model: str = "smart-turn-v3.2"
    """Name in `edge-audio models`, or path of the ONNX file."""
    threads: Threads = 1
    """Threads of the model."""

    def load(self, shared: Shared) -> SmartTurn:
        """See `EndOfTurnConfig.load`."""
        return SmartTurn(find_model(self.model), ThreadLane("end-of-turn"), threads=self.threads)

    def models(self) -> tuple[str, ...]:
        """See `AdapterConfig.models`."""
        return (self.model,)
