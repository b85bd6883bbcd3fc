"""A microphone and a speaker as PortAudio runs them: two streams whose callbacks only copy."""

import threading
from collections.abc import Callable
from typing import Any

from edge_audio.audio.catalogue import DeviceInfo, load_portaudio, quiet_stderr
from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.audio.playout import Playout
from edge_audio.audio.sample_ring import SampleRing
from runtime.errors import UserError

BLOCK_MS = 10
"""Length of the blocks in which sound is captured and handed out."""

CAPTURE_S = 2.0
"""How much sound waits at most for a loop that is busy; older sound is dropped."""


class Duplex:
    """Both streams, open. Everything but the callbacks blocks, so it belongs on a lane.

    Who reads the playout is settled by `reading`: the output callback reads it only while it can take
    that lock without waiting, and hands out silence otherwise.
    """

    def __init__(
        self,
        microphone: DeviceInfo,
        speaker: DeviceInfo,
        *,
        latency_s: float,
        reading: threading.Lock,
        output_rate_hz: int | None = None,
    ) -> None:
        """Open both devices, to be started with `start`.

        The microphone runs at 16 kHz if it can, the speaker at its own default rate unless
        `output_rate_hz` asks for another. Devices that refuse one channel are opened with all of
        theirs: the first is heard, and all play the same. Raises `UserError`.
        """
        self.input_calls = 0
        """Calls of the input callback so far; a device that stops calling is gone."""
        self.output_calls = 0
        """Likewise of the output callback."""
        self.glitches = 0
        """Blocks that were lost or late, as PortAudio counts them."""
        self._reading = reading
        self._ended: dict[str, bool] = {"microphone": False, "speaker": False}
        self._sounddevice = load_portaudio()

        def listen(rate_hz: int, channels: int) -> Any:
            return self._sounddevice.InputStream(
                rate_hz,
                rate_hz * BLOCK_MS // 1000,
                microphone.number,
                channels,
                "float32",
                latency=latency_s,
                callback=self._capture,
                finished_callback=lambda: self._ended.update(microphone=True),
            )

        def play(rate_hz: int, channels: int) -> Any:
            return self._sounddevice.OutputStream(
                rate_hz,
                rate_hz * BLOCK_MS // 1000,
                speaker.number,
                channels,
                "float32",
                latency=latency_s,
                callback=self._hand_out,
                finished_callback=lambda: self._ended.update(speaker=True),
            )

        with quiet_stderr():
            input_rates = (INPUT_RATE_HZ, microphone.default_rate_hz)
            self._input = self._open("microphone", microphone.name, listen, input_rates, microphone.inputs)
            try:
                output_rates = (output_rate_hz,) if output_rate_hz else (speaker.default_rate_hz, 48_000)
                self._output = self._open("speaker", speaker.name, play, output_rates, speaker.outputs)
            except UserError:
                self._input.close()
                raise
        self.input_rate_hz = round(self._input.samplerate)
        self.output_rate_hz = round(self._output.samplerate)
        self.input_latency_s: float = self._input.latency
        """From a sound until its samples arrive here, as PortAudio estimates it."""
        self.output_latency_s: float = self._output.latency
        """From handing out a sample until it is heard, as PortAudio estimates it."""
        self.captured = SampleRing(round(CAPTURE_S * self.input_rate_hz))
        self._reference: SampleRing | None = None
        self._playout: Playout | None = None

    def start(self, playout: Playout, reference: SampleRing) -> None:
        """Let the callbacks run: `playout` is handed out and, as handed out, copied to `reference`."""
        self._playout = playout
        self._reference = reference
        with quiet_stderr():
            try:
                self._output.start()
                self._input.start()
            except self._sounddevice.PortAudioError as error:
                cause = f"The sound device does not start ({_reason(error)})."
                raise UserError(cause, "Check that it is connected and not in use.") from error

    def ended(self) -> str | None:
        """Which stream has ended by itself: `microphone`, `speaker`, or None while both go on."""
        return next((name for name, ended in self._ended.items() if ended), None)

    def close(self) -> None:
        """Stop and close both streams at once. Afterwards no callback runs."""
        with quiet_stderr():
            for stream in (self._input, self._output):
                stream.abort(ignore_errors=True)
                stream.close(ignore_errors=True)

    def _open(
        self, what: str, name: str, make: Callable[[int, int], Any], rates_hz: tuple[int, ...], channels: int
    ) -> Any:
        refusal: Exception | None = None
        for count in dict.fromkeys((1, channels)):
            for rate_hz in dict.fromkeys(rates_hz):
                try:
                    return make(rate_hz, count)
                except (self._sounddevice.PortAudioError, ValueError) as error:
                    refusal = refusal or error
        cause = f"The {what} {name!r} can't be opened ({_reason(refusal)})."
        raise UserError(cause, "Check that it is connected and not in use, or choose another.")

    # On PortAudio's threads.

    def _capture(self, block: Any, count: int, time: Any, status: Any) -> None:
        self.input_calls += 1
        if status:
            self.glitches += 1
        self.captured.write(block[:, 0])

    def _hand_out(self, block: Any, count: int, time: Any, status: Any) -> None:
        self.output_calls += 1
        if status:
            self.glitches += 1
        if self._playout is None or self._reference is None or not self._reading.acquire(blocking=False):
            block.fill(0.0)
            return
        try:
            self._playout.read_into(block[:, 0])
        finally:
            self._reading.release()
        block[:, 1:] = block[:, :1]
        self._reference.write(block[:, 0])


def _reason(error: Exception | None) -> str:
    """What the host's sound system says about it, or else PortAudio."""
    if error is None or not error.args:
        return "no reason given"
    host_error = error.args[2] if len(error.args) > 2 else None  # (host API, its code, its text)
    return str(host_error[2] if host_error else error.args[0]).strip()
