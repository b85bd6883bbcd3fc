"""Replay: recorded input, spoken to today's assistant at the pace at which it was spoken."""

import numpy as np

from edge_audio.adapters import Models
from edge_audio.assistant import Assistant
from edge_audio.audio.file_device import FileDevice
from edge_audio.audio.frame import FILE_RATE_HZ, INPUT_RATE_HZ, Samples
from edge_audio.audio.resample import resample
from edge_audio.audio.script import Clip, Script
from edge_audio.config import Config
from edge_audio.recording.folder import RecordedConversation
from edge_audio.recording.lines import ByHand, TimedEvent
from edge_audio.recording.session import Session
from edge_audio.terminal.keys import Commands
from runtime import clock
from runtime.actor import Actor, ActorGroup


async def replay(
    config: Config, models: Models, recording: RecordedConversation, heard: Samples, played: Samples
) -> list[TimedEvent]:
    """Hold the conversation of `recording` again; return the events of this time.

    `heard` and `played` are its sound, see `recorded_sound`. The user's key presses are repeated too.
    """
    actions = [happened for happened in recording.events if isinstance(happened.event, ByHand)]
    events: list[TimedEvent] = []
    device = RecordedRoom(_Heard(heard, actions), played, recording.session)
    async with Assistant.open(config, models=models, device=device) as assistant, ActorGroup() as group:
        assistant.watch(lambda event: events.append(TimedEvent(assistant.now_s(), event)))
        group.start(Actor("user's hands", lambda: _perform(actions, assistant)))
        await assistant.ended()
    return events


def recorded_sound(recording: RecordedConversation) -> tuple[Samples, Samples]:
    """Return what was heard, at 16 kHz, and what was played, at 24 kHz. Blocks. Raises `UserError`."""
    played = resample(recording.played(), recording.session.output_rate_hz, FILE_RATE_HZ)
    return recording.heard(), played


class _Heard(Script):
    """What the microphone heard; it is over when the user's actions are, too."""

    def __init__(self, heard: Samples, actions: list[TimedEvent]) -> None:
        super().__init__([Clip(heard, at_s=0.0)])
        self._actions = actions

    @property
    def exhausted(self) -> bool:
        return super().exhausted and not self._actions


class RecordedRoom(FileDevice):
    """A recording as a device.

    The echo in it is that of what was played then. So that sound is the echo canceller's reference, and the
    microphone hears nothing of what is played in the replay.
    """

    def __init__(self, heard: Script, played: Samples, session: Session) -> None:
        super().__init__("recording", heard)
        self.echoes = session.treated  # where nothing was treated, the speaker couldn't be heard
        self.input_latency_s, self.output_latency_s = session.latency_s, 0.0
        self._played_then = played

    def _hand_out(self, played: Samples, start: int) -> None:
        begin = start * FILE_RATE_HZ // INPUT_RATE_HZ
        then = self._played_then[begin : begin + len(played)]
        super()._hand_out(np.pad(then, (0, len(played) - len(then))), start)


async def _perform(actions: list[TimedEvent], commands: Commands) -> None:
    """Perform each of `actions` at its time, and remove it."""
    began_s = clock.now()
    while actions:
        await clock.sleep_until(began_s + actions[0].at_s)
        happened = actions.pop(0)
        match happened.event:
            case ByHand(what="mute"):
                commands.mute(True)
            case ByHand(what="unmute"):
                commands.mute(False)
            case ByHand(what="press to talk"):
                commands.push_to_talk(True)
            case ByHand(what="let go"):
                commands.push_to_talk(False)
            case ByHand(what="stop"):
                commands.interrupt()
            case ByHand(what="type", text=text):
                commands.user_typed(text)
