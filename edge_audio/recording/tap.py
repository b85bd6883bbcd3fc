"""Where a recorder listens in: on the device's sound and on the user's keys."""

from collections.abc import Callable
from functools import partial

from edge_audio.audio.device import AudioDevice
from edge_audio.audio.frame import Frame
from edge_audio.audio.playout import Playout
from edge_audio.recording.lines import ByHand
from edge_audio.recording.recorder import Recorder
from edge_audio.terminal.keys import Commands
from runtime.actor import Actor, ActorGroup
from runtime.channel import Channel


class RecordedDevice:
    """An `AudioDevice` whose sound is kept as it comes, before anything is done to it."""

    def __init__(self, device: AudioDevice, recorder: Recorder) -> None:
        """`device` must be open: its rate and latency are taken over."""
        self.name = device.name
        self.output_rate_hz = device.output_rate_hz
        self.output_latency_s = device.output_latency_s
        self._device = device
        self._recorder = recorder

    async def run(self, frames: Channel[Frame], playout: Playout) -> None:
        """See `AudioDevice.run`."""
        heard: Channel[Frame] = Channel(frames.capacity, frames.policy)
        self._recorder.follow(playout)
        async with ActorGroup() as group:
            passing_on = group.start(Actor("recorder's ear", partial(self._pass_on, heard, frames)))
            await self._device.run(heard, playout)
            await passing_on

    async def _pass_on(self, heard: Channel[Frame], frames: Channel[Frame]) -> None:
        async for frame in heard:
            self._recorder.hear(frame)
            await frames.put(frame)
        frames.close()


class RecordedCommands:
    """`Commands` that are kept before they are carried out."""

    def __init__(self, commands: Commands, keep: Callable[[ByHand], None]) -> None:
        self._commands = commands
        self._keep = keep

    def mute(self, on: bool) -> None:
        """See `Commands`."""
        self._keep(ByHand("mute" if on else "unmute"))
        self._commands.mute(on)

    def push_to_talk(self, talking: bool) -> None:
        """See `Commands`."""
        self._keep(ByHand("press to talk" if talking else "let go"))
        self._commands.push_to_talk(talking)

    def stop(self) -> None:
        """See `Commands`."""
        self._keep(ByHand("stop"))
        self._commands.stop()

    def quit(self) -> None:
        """See `Commands`; the end of the recording tells it by itself."""
        self._commands.quit()

    def say_typed(self, text: str) -> None:
        """See `Commands`."""
        self._keep(ByHand("type", text))
        self._commands.say_typed(text)
