"""Recorded input, spoken to today's assistant at the pace at which it was spoken then."""

import numpy as np

from edge_audio.adapters import Models
from edge_audio.assistant import Assistant
from edge_audio.audio.echo import EchoCanceller
from edge_audio.audio.file_device import FileDevice, Recording
from edge_audio.audio.frame import FRAME_S, FRAME_SAMPLES, Frame, Samples
from edge_audio.audio.script import Clip, Script
from edge_audio.config import Audio, Config
from edge_audio.events import Event
from edge_audio.keys import Commands
from edge_audio.recording.folder import RecordedConversation
from edge_audio.recording.lines import ByHand, Told
from runtime import clock
from runtime.actor import Actor, ActorGroup


async def replay(
    config: Config, models: Models, recording: RecordedConversation, heard: Samples
) -> list[Told]:
    """Hold the conversation again; return what happens this time.

    `heard` is what is listened to: see `listened_to`. What the user did by hand then is done again.
    """
    script = Script([Clip(heard, at_s=0.0)])
    told: list[Told] = []

    def tell(event: Event) -> None:
        told.append(Told(assistant.now_s(), event))

    deeds = [happened for happened in recording.told if isinstance(happened.event, ByHand)]

    def idle() -> bool:
        return assistant.idle and not deeds

    assistant = Assistant(config, models, tell)
    device = FileDevice("recording", script, idle, Recording())
    async with ActorGroup() as group:
        group.start(Actor("user's hands", lambda: _act(deeds, assistant)))
        await assistant.run(device)
    return told


def listened_to(recording: RecordedConversation, audio: Audio) -> Samples:
    """Return what the recorded microphone heard, treated as it would be today. Blocks.

    The echo that is in it is that of what was played then: the recorded sound is the canceller's reference,
    and nothing of what is played in the replay is to be heard.
    """
    heard, session = recording.heard(), recording.session
    if not session.treated:
        return heard
    canceller = EchoCanceller(
        session.output_rate_hz,
        latency_s=session.latency_s,
        echo_cancellation=audio.echo_cancellation,
        noise_suppression=audio.noise_suppression,
        auto_gain=audio.auto_gain,
    )
    played, per_frame = recording.played(), session.output_rate_hz * FRAME_S
    heard = np.pad(heard, (0, -len(heard) % FRAME_SAMPLES))
    clean = np.empty_like(heard)
    for number in range(len(heard) // FRAME_SAMPLES):
        here = slice(number * FRAME_SAMPLES, (number + 1) * FRAME_SAMPLES)
        handed_out = played[round(number * per_frame) : round((number + 1) * per_frame)]
        clean[here] = canceller.process(Frame(heard[here], here.start), handed_out).pcm
    return clean


async def _act(deeds: list[Told], commands: Commands) -> None:
    """Do what was done by hand, each at its time; what is done leaves `deeds`."""
    began_s = clock.now()
    while deeds:
        await clock.sleep_until(began_s + deeds[0].at_s)
        happened = deeds.pop(0)
        match happened.event:
            case ByHand("mute"):
                commands.mute(True)
            case ByHand("unmute"):
                commands.mute(False)
            case ByHand("press to talk"):
                commands.push_to_talk(True)
            case ByHand("let go"):
                commands.push_to_talk(False)
            case ByHand("stop"):
                commands.stop()
            case ByHand("type", text):
                commands.say_typed(text)
