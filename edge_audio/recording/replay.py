"""Recorded input, spoken to today's assistant at the pace at which it was spoken then."""

from collections.abc import Iterable

from edge_audio.adapters import Models
from edge_audio.assistant import Assistant, Cleaner
from edge_audio.audio.echo import EchoCanceller
from edge_audio.audio.file_device import FileDevice, Recording
from edge_audio.audio.frame import INPUT_RATE_HZ, Frame, Samples
from edge_audio.audio.script import Clip, Script
from edge_audio.config import Audio, Config
from edge_audio.events import Event
from edge_audio.recording.folder import RecordedConversation
from edge_audio.recording.lines import ByHand, Told
from edge_audio.terminal.keys import Commands
from runtime import clock
from runtime.actor import Actor, ActorGroup
from runtime.channel import Channel


async def replay(
    config: Config, models: Models, heard: Samples, clean: Cleaner | None, then: Iterable[Told]
) -> list[Told]:
    """Hold a conversation again; return what happens this time.

    `heard` is what the microphone heard; `clean` treats it (see `cleaner`). Of what happened `then`, what the
    user did by hand is done again.
    """
    script = Script([Clip(heard, at_s=0.0)])
    deeds = [happened for happened in then if isinstance(happened.event, ByHand)]
    told: list[Told] = []

    def tell(event: Event) -> None:
        told.append(Told(assistant.now_s(), event))

    assistant = Assistant(config, models, tell, clean)
    device = FileDevice("recording", script, lambda: assistant.idle and not deeds, Recording())
    async with ActorGroup() as group:
        group.start(Actor("user's hands", lambda: _act(deeds, assistant)))
        await assistant.run(device)
    return told


def cleaner(recording: RecordedConversation, audio: Audio) -> Cleaner | None:
    """Return what treats the recorded microphone's sound as it would be treated today. Blocks.

    The echo that is in it is that of what was played then: the recorded sound is the canceller's reference,
    and nothing of what is played in the replay is to be heard. None where nothing was treated then, as there
    was no way from the speaker to the microphone.
    """
    session = recording.session
    if not (session.treated and audio.treats_the_microphone):
        return None
    canceller = EchoCanceller(
        session.output_rate_hz,
        latency_s=session.latency_s,
        echo_cancellation=audio.echo_cancellation,
        noise_suppression=audio.noise_suppression,
        auto_gain=audio.auto_gain,
    )
    played, ratio = recording.played(), session.output_rate_hz / INPUT_RATE_HZ

    async def clean(heard: Channel[Frame], cleaned: Channel[Frame]) -> None:
        async for frame in heard:
            handed_out = played[round(frame.start * ratio) : round(frame.end * ratio)]
            await cleaned.put(canceller.process(frame, handed_out))
        cleaned.close()

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
