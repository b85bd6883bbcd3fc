"""The sound devices that PortAudio finds, and the library itself."""

import ctypes
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

from runtime.errors import UserError

Direction = Literal["input", "output"]

_SEE_DEVICES = "List the devices with `edge-audio devices`."


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A sound device as PortAudio describes it."""

    number: int
    """PortAudio's number; changes when devices come and go."""
    name: str
    host_api: str
    """Such as `ALSA` or `Core Audio`."""
    inputs: int
    """Channels that can be recorded; 0 if it only plays."""
    outputs: int
    """Channels that can be played; 0 if it only records."""
    default_rate_hz: int
    is_default_input: bool
    is_default_output: bool

    def channels(self, direction: Direction) -> int:
        """Return the number of channels in one direction."""
        return self.inputs if direction == "input" else self.outputs


def load_portaudio() -> Any:
    """Import sounddevice, which loads and initialises PortAudio: about 0.15 s the first time, blocking.

    Raises `UserError` where PortAudio is not installed or does not start.
    """
    try:
        import sounddevice
    except Exception as error:  # OSError: no library; PortAudioError, known only to the module: no start
        cause = "The PortAudio library is missing or does not start, so no sound device can be used."
        raise UserError(cause, "Install it with `sudo apt-get install libportaudio2`.") from error
    _hush_alsa()
    return sounddevice


def rescan() -> None:
    """Make PortAudio look for devices again. All streams must be closed. Blocks. Raises `UserError`."""
    sounddevice = load_portaudio()
    with quiet_stderr():
        try:
            with suppress(sounddevice.PortAudioError):  # a previous attempt ended half-way
                sounddevice._terminate()
            sounddevice._initialize()
        except sounddevice.PortAudioError as error:
            raise UserError(f"PortAudio does not start ({error}).", "Check the sound system.") from error


def list_devices() -> list[DeviceInfo]:
    """List all sound devices as of the last (re)start of PortAudio; empty if there are none. Blocks.

    Raises `UserError` where PortAudio is missing.
    """
    sounddevice = load_portaudio()
    host_apis = sounddevice.query_hostapis()
    defaults = {kind: _default(sounddevice, kind) for kind in ("input", "output")}
    return [
        DeviceInfo(
            number=device["index"],
            name=device["name"],
            host_api=host_apis[device["hostapi"]]["name"],
            inputs=device["max_input_channels"],
            outputs=device["max_output_channels"],
            default_rate_hz=round(device["default_samplerate"]),
            is_default_input=device["index"] == defaults["input"],
            is_default_output=device["index"] == defaults["output"],
        )
        for device in sounddevice.query_devices()
    ]


def default_devices_available() -> bool:
    """Return True if there is a default microphone and a default speaker; False without PortAudio. Blocks."""
    try:
        devices = list_devices()
    except UserError:
        return False
    return any(d.is_default_input for d in devices) and any(d.is_default_output for d in devices)


def find_device(devices: Sequence[DeviceInfo], wanted: str | int | None, direction: Direction) -> DeviceInfo:
    """Choose the device by number, by (part of) its name, or the default for None.

    Of several that match, it takes the one whose whole name matches, else the one with the lowest number.
    Raises `UserError` if there is none that can record or play.
    """
    what = "microphone" if direction == "input" else "speaker"
    usable = [device for device in devices if device.channels(direction)]
    if wanted is None:
        found = [d for d in usable if (d.is_default_input if direction == "input" else d.is_default_output)]
        if not found:
            raise UserError(f"There is no default {what}.", "Connect one, or name one in the config.")
    elif isinstance(wanted, int):
        found = [device for device in usable if device.number == wanted]
    else:
        name = wanted.casefold()
        found = [device for device in usable if device.name.casefold() == name]
        found += [device for device in usable if name in device.name.casefold()]
    if not found:
        raise UserError(f"There is no {what} {wanted!r}.", _SEE_DEVICES)
    return found[0]


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Discard what C libraries print to standard error (file descriptor 2) while the block runs."""
    try:
        saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:
        yield  # no standard error, nothing to silence
        return
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _default(sounddevice: Any, direction: str) -> int | None:
    try:
        index: int = sounddevice.query_devices(kind=direction)["index"]
    except (sounddevice.PortAudioError, ValueError):
        return None
    return index


_Handler = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)
_ignore = _Handler(lambda file, line, function, code, message: None)  # ALSA keeps a pointer to it


def _hush_alsa() -> None:
    """Stop ALSA from writing every underrun into the terminal; what matters is counted anyway."""
    with suppress(OSError, AttributeError):  # not on Linux, or no ALSA
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(_ignore)
