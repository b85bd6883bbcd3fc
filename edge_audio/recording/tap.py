"""Where a recorder listens in: to the device's sound and to the user's keys."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from edge_audio.audio.device import AudioDevice
from edge_audio.audio.frame import Frame
from edge_audio.audio.playout import Playout
from edge_audio.events import Event
from edge_audio.recording.lines import ByHand
from edge_audio.recording.recorder import Recorder
from edge_audio.terminal.keys import Commands
from runtime.actor import Actor, ActorGroup
from runtime.channel import Channel


class RecordedDevice(AudioDevice):
    """A device whose sound is kept as it comes, before any processing."""

    def __init__(self, device: AudioDevice, recorder: Recorder) -> None:
        """Record with `recorder` what passes through `device`."""
        self._device = device
        self._recorder = recorder
        self._take_over()

    def _take_over(self) -> None:
        device = self._device
        self.name = device.name
        self.output_rate_hz = device.output_rate_hz
        self.input_latency_s = device.input_latency_s
        self.output_latency_s = device.output_latency_s
        self.echoes = device.echoes
        self.reference = device.reference

    async def open(self) -> None:
        """See `AudioDevice.open`."""
        await self._device.open()
        self._take_over()

    async def close(self) -> None:
        """See `AudioDevice.close`."""
        await self._device.close()

    async def input_ended(self) -> None:
        """See `AudioDevice.input_ended`."""
        await self._device.input_ended()

    async def run(self, frames: Channel[Frame], playout: Playout, notify: Callable[[Event], None]) -> None:
        """See `AudioDevice.run`."""
        heard: Channel[Frame] = Channel(frames.capacity, frames.policy)
        self._recorder.follow(playout)
        async with ActorGroup() as group:
            passing_on = group.start(Actor("recorder's ear", partial(self._pass_on, heard, frames)))
            await self._device.run(heard, playout, notify)
            heard.close()
            await passing_on

    async def _pass_on(self, heard: Channel[Frame], frames: Channel[Frame]) -> None:
        async for frame in heard:
            self._recorder.hear(frame)
            await frames.put(frame)


class TimedCommands(Commands, Protocol):
    """Commands of a conversation that knows its time."""

    def now_s(self) -> float:
        """Return session time."""
        ...


class RecordedCommands(Commands):
    """`Commands` that are kept before they are carried out."""

    def __init__(self, commands: TimedCommands, recorder: Recorder) -> None:
        self._commands = commands
        self._recorder = recorder

    def _keep(self, what: ByHand) -> None:
        self._recorder.note(self._commands.now_s(), what)

    def mute(self, on: bool) -> None:
        """See `Commands`."""
        self._keep(ByHand("mute" if on else "unmute"))
        self._commands.mute(on)

    def push_to_talk(self, talking: bool) -> None:
        """See `Commands`."""
        self._keep(ByHand("press to talk" if talking else "let go"))
        self._commands.push_to_talk(talking)

    def interrupt(self) -> None:
        """See `Commands`."""
        self._keep(ByHand("stop"))
        self._commands.interrupt()

    def close(self) -> None:
        """See `Commands`; the recording ends with it."""
        self._commands.close()

    def user_typed(self, text: str) -> None:
        """See `Commands`."""
        self._keep(ByHand("type", text))
        self._commands.user_typed(text)
