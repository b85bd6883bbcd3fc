"""Silero's voice activity detector, which sleeps until a cheap gate hears a sound."""

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from edge_audio.audio.frame import INPUT_RATE_HZ, Frame, Samples
from edge_audio.models import find_model
from edge_audio.settings import Shared
from edge_audio.turns.detectors import SpeechDetector, SpeechDetectorConfig, SpeechSession
from edge_audio.turns.windows import Windows
from runtime.worker import CancelToken, Lane, ThreadLane

if TYPE_CHECKING:
    from runtime.session import Array

WINDOW_SAMPLES = 512
"""Samples of a window at 16 kHz, 32 ms: fixed by the model."""

_CONTEXT_SAMPLES = 64
"""Samples before the window that the model wants to see with it."""

_STATE_SHAPE = (2, 1, 128)
"""Shape of the model's recurrent state."""

_RATE = np.array(INPUT_RATE_HZ, np.int64)

_PRE_ROLL_WINDOWS = 10
"""Windows kept while the gate is closed (320 ms), from which the model's state is warmed up."""

_MAX_GAP_SAMPLES = INPUT_RATE_HZ
"""Longest gap that is bridged with zeros: one second."""


class SoundGate:
    """WebRTC's detector as a gate: 15 µs a frame, wrong about noises, but it hardly misses speech."""

    def __init__(self, mode: int, hold_ms: int) -> None:
        """`mode` is WebRTC's strictness, 0 to 3; the gate stays open `hold_ms` after the last hit."""
        import webrtcvad

        self._vad = webrtcvad.Vad(mode)
        self._hold_samples = hold_ms * INPUT_RATE_HZ // 1000
        self._open_to = -1

    def hears(self, frame: Frame) -> bool:
        """Take the next frame; return whether there was something like speech lately."""
        pcm_16_bit = (np.clip(frame.pcm, -1.0, 1.0) * 32767.0).astype("<i2")
        if self._vad.is_speech(pcm_16_bit.tobytes(), INPUT_RATE_HZ):
            self._open_to = frame.end + self._hold_samples
        return frame.end <= self._open_to


@dataclass(frozen=True, slots=True, eq=False)
class _Memory:
    """What the model remembers between windows."""

    state: NDArray[np.float32]
    context: Samples


_BLANK = _Memory(np.zeros(_STATE_SHAPE, np.float32), np.zeros(_CONTEXT_SAMPLES, np.float32))


class SileroDetector(SpeechDetector):
    """Silero VAD (ONNX, 16 kHz)."""

    def __init__(self, model: Path, lane: Lane, *, gate_mode: int = 1, gate_hold_ms: int = 500) -> None:
        """Load the model (blocks for some 50 ms); `gate_mode` and `gate_hold_ms` as in `SoundGate`.

        Raises `UserError` if `model` can't be loaded. The lane belongs to the detector and is closed with it.
        """
        from runtime.session import OnnxSession

        self._model = OnnxSession(model)
        self._lane = lane
        self._gate_mode = gate_mode
        self._gate_hold_ms = gate_hold_ms

    def session(self) -> "SileroSession":
        """See `SpeechDetector.session`."""
        return SileroSession(self, self._lane, SoundGate(self._gate_mode, self._gate_hold_ms))

    async def close(self) -> None:
        """See `SpeechDetector.close`."""
        self._lane.close()

    # On the lane's thread.

    def listen(
        self, memory: _Memory | None, earlier: list[Samples], windows: list[Samples], token: CancelToken
    ) -> tuple[tuple[float, ...], _Memory]:
        """Judge `windows` with what is remembered; without a memory, wake up through `earlier` first."""
        if memory is None:
            memory = _BLANK
            for window in earlier:
                _, memory = self._judge(window, memory, token)
        probabilities = []
        for window in windows:
            probability, memory = self._judge(window, memory, token)
            probabilities.append(probability)
        return tuple(probabilities), memory

    def _judge(self, window: Samples, memory: _Memory, token: CancelToken) -> tuple[float, _Memory]:
        heard = np.concatenate((memory.context, window))
        feeds: dict[str, Array] = {"input": heard[None], "state": memory.state, "sr": _RATE}
        probability, state = self._model.run(feeds, token)
        return float(probability.item()), _Memory(state, heard[-_CONTEXT_SAMPLES:])


class SileroSession(SpeechSession):
    """One conversation's sound, for which the model runs only while the gate is open.

    Windows heard with a closed gate have probability 0. When it opens, the model first goes through the
    latest of them, so that an onset finds it as awake as if it had never slept.
    """

    window_samples = WINDOW_SAMPLES

    def __init__(self, detector: SileroDetector, lane: Lane, gate: SoundGate) -> None:
        self._detector = detector
        self._lane = lane
        self._gate = gate
        self._windows = Windows(WINDOW_SAMPLES, _MAX_GAP_SAMPLES)
        self._slept_through: deque[Samples] = deque(maxlen=_PRE_ROLL_WINDOWS)
        self._memory: _Memory | None = None  # None while it sleeps

    async def feed(self, frame: Frame) -> tuple[float, ...]:
        """See `SpeechSession.feed`. Goes to the lane once for all windows that the frame completed."""
        is_open = self._gate.hears(frame)
        windows, restarted = self._windows.cut(frame)
        if restarted:
            self._memory = None
            self._slept_through.clear()
        if not windows:
            return ()
        if not is_open:
            self._memory = None
            self._slept_through.extend(windows)
            return (0.0,) * len(windows)
        memory, earlier = self._memory, list(self._slept_through)
        self._slept_through.clear()
        probabilities, self._memory = await self._lane.run(
            lambda token: self._detector.listen(memory, earlier, windows, token)
        )
        return probabilities


class SileroConfig(SpeechDetectorConfig, frozen=True):
    """Silero's detector, which sleeps until a cheap gate hears a sound; 32 ms a window."""

    packages = ("onnxruntime", "webrtcvad-wheels")

    model: str = "silero-vad"
    """Name in `edge-audio models`, or path of the ONNX file."""
    gate: Annotated[int, Meta(ge=0, le=3)] = 1
    """How strict the cheap detector in front is, 0 (lets much pass) to 3."""

    def load(self, shared: Shared) -> SileroDetector:
        """See `SpeechDetectorConfig.load`."""
        return SileroDetector(find_model(self.model), ThreadLane("vad"), gate_mode=self.gate)

    def models(self) -> tuple[str, ...]:
        """See `AdapterConfig.models`."""
        return (self.model,)
