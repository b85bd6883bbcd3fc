"""A speaker alone, for speech that nobody interrupts."""

from types import TracebackType
from typing import Self

from edge_audio.audio.catalogue import find_device, list_devices, load_portaudio, quiet_stderr
from edge_audio.audio.device import Speaker
from edge_audio.audio.frame import Samples
from runtime.errors import UserError


class PortAudioSpeaker(Speaker):
    """Plays what it is given, in order. Its methods block: call them on a lane."""

    def __init__(self, wanted: str | int | None, rate_hz: int) -> None:
        """Open the speaker by (part of) its name or its number, or the default one, at `rate_hz`.

        Raises `UserError` if there is none or it can't play.
        """
        device = find_device(list_devices(), wanted, "output")
        sounddevice = load_portaudio()
        try:
            with quiet_stderr():
                self._stream = sounddevice.OutputStream(samplerate=rate_hz, device=device.number, channels=1)
                self._stream.start()
        except sounddevice.PortAudioError as error:
            raise UserError(
                f"{device.name} can't play ({error}).", "Choose another with [audio] output."
            ) from error
        self._failure: type[Exception] = sounddevice.PortAudioError

    def play(self, pcm: Samples) -> None:
        """Play mono samples; returns when the device has taken them. Raises `UserError`."""
        try:
            self._stream.write(pcm)
        except self._failure as error:
            raise UserError(f"The speaker failed ({error}).", "Check that it is connected.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with quiet_stderr():
            # What was taken is played to its end, unless we were interrupted.
            self._stream.stop() if kind is None else self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
