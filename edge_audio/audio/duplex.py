"""A microphone and a speaker as PortAudio runs them: two streams whose callbacks only copy."""

import threading
from collections.abc import Callable
from typing import Any

from edge_audio.audio.catalogue import DeviceInfo, Direction, load_portaudio, quiet_stderr
from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.audio.playout import Playout
from edge_audio.audio.sample_ring import SampleRing
from runtime.errors import UserError

BLOCK_MS = 10
"""Length of the blocks in which sound is captured and handed out."""

CAPTURE_S = 2.0
"""Most sound that waits for a busy event loop; older sound is dropped."""


class Duplex:
    """Both streams. Everything but the callbacks blocks, so it belongs on a lane.

    `reading` decides who reads the playout: the output callback reads it only while it can take that lock
    without waiting, and hands out silence otherwise.
    """

    def __init__(self, *, latency_s: float, reading: threading.Lock) -> None:
        """`latency_s` is what each device is asked to buffer. `open` comes next, then `start`."""
        self.input_calls = 0
        """Calls of the input callback so far; a device that stops calling is gone."""
        self.output_calls = 0
        """Likewise of the output callback."""
        self.glitches = 0
        """Blocks that were lost or late, as PortAudio counts them."""
        self.input_rate_hz = self.output_rate_hz = 0
        """Rates of the streams; known once they are open."""
        self.input_latency_s = 0.0
        """From a sound until its samples arrive here, as PortAudio estimates it once the stream is open."""
        self.output_latency_s = 0.0
        """From handing out a sample until it is heard, likewise."""
        self.captured = SampleRing(1)
        """What the microphone captures, at `input_rate_hz`; made by `open`."""
        self._latency_s = latency_s
        self._reading = reading
        self._ended: dict[str, bool] = {"microphone": False, "speaker": False}
        self._sounddevice: Any = None
        self._streams: list[Any] = []
        self._reference: SampleRing | None = None
        self._playout: Playout | None = None

    def open(self, microphone: DeviceInfo, speaker: DeviceInfo, *, output_rate_hz: int | None = None) -> None:
        """Open both devices.

        The microphone runs at 16 kHz if it can, the speaker at its own default rate unless
        `output_rate_hz` asks for another. Devices that refuse one channel are opened with all of
        theirs: the first is heard, and all play the same. Raises `UserError`, leaving none open.
        """
        self._sounddevice = load_portaudio()
        input_rates = (INPUT_RATE_HZ, microphone.default_rate_hz)
        output_rates = (output_rate_hz,) if output_rate_hz else (speaker.default_rate_hz, 48_000)
        with quiet_stderr():
            source = self._open("input", microphone, input_rates, self._capture)
            try:
                sink = self._open("output", speaker, output_rates, self._hand_out)
            except UserError:
                source.close()
                raise
        self._streams = [source, sink]
        self.input_rate_hz, self.output_rate_hz = round(source.samplerate), round(sink.samplerate)
        self.input_latency_s, self.output_latency_s = source.latency, sink.latency
        self.captured = SampleRing(round(CAPTURE_S * self.input_rate_hz))

    def start(self, playout: Playout, reference: SampleRing) -> None:
        """Let the callbacks run: they hand out `playout`, and copy what they hand out to `reference`."""
        self._playout = playout
        self._reference = reference
        with quiet_stderr():
            try:
                for stream in reversed(self._streams):
                    stream.start()
            except self._sounddevice.PortAudioError as error:
                cause = f"The sound device does not start ({_reason(error)})."
                raise UserError(cause, "Check that it is connected and not in use.") from error

    def ended(self) -> str | None:
        """Return which stream has ended by itself: `microphone`, `speaker`, or None while both run."""
        return next((name for name, ended in self._ended.items() if ended), None)

    def close(self) -> None:
        """Stop and close both streams at once. Afterwards no callback runs."""
        with quiet_stderr():
            for stream in self._streams:
                stream.abort(ignore_errors=True)
                stream.close(ignore_errors=True)

    def _open(
        self,
        direction: Direction,
        device: DeviceInfo,
        rates_hz: tuple[int, ...],
        callback: Callable[[Any, int, Any, Any], None],
    ) -> Any:
        """Open the device at the first of `rates_hz`, with the fewest channels, that it takes."""
        if direction == "input":
            what, stream = "microphone", self._sounddevice.InputStream
        else:
            what, stream = "speaker", self._sounddevice.OutputStream
        refusal: Exception | None = None
        for channels in dict.fromkeys((1, device.channels(direction))):
            for rate_hz in dict.fromkeys(rates_hz):
                try:
                    return stream(
                        samplerate=rate_hz,
                        blocksize=rate_hz * BLOCK_MS // 1000,
                        device=device.number,
                        channels=channels,
                        dtype="float32",
                        latency=self._latency_s,
                        callback=callback,
                        finished_callback=lambda: self._ended.update({what: True}),
                    )
                except (self._sounddevice.PortAudioError, ValueError) as error:
                    refusal = refusal or error
        cause = f"The {what} {device.name!r} can't be opened ({_reason(refusal)})."
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
    """Return the reason that the host's sound system gives, or else PortAudio's."""
    if error is None or not error.args:
        return "no reason given"
    host_error = error.args[2] if len(error.args) > 2 else None  # (host API, its code, its text)
    return str(host_error[2] if host_error else error.args[0]).strip()
