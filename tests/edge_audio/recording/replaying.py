"""What is heard when a recording is replayed."""

import asyncio

import numpy as np

from edge_audio.assistant import canceller_for, is_treated
from edge_audio.audio.device import AudioDeviceConfig
from edge_audio.audio.frame import Frame, Samples
from edge_audio.audio.playout import Playout
from edge_audio.audio.script import Clip, Script
from edge_audio.recording.folder import RecordedConversation
from edge_audio.recording.replay import RecordedRoom, recorded_sound
from runtime import clock
from runtime.actor import Actor, ActorGroup
from runtime.channel import Channel


def heard_again(recording: RecordedConversation) -> Samples:
    """Return what the assistant is given to hear when a recording is replayed, in virtual time."""

    async def main() -> Samples:
        heard, played = recorded_sound(recording)
        room = RecordedRoom(Script([Clip(heard, at_s=0.0)]), played, recording.session)
        audio = AudioDeviceConfig()
        captured: Channel[Frame] = Channel(10_000)
        frames: Channel[Frame] = Channel(10_000)
        playout = Playout(room.output_rate_hz)
        canceller = canceller_for(room, audio, None) if is_treated(room, audio, None) else None
        async with ActorGroup() as group:
            group.start(Actor("room", lambda: room.run(captured, playout, lambda event: None)))
            if canceller is not None and (reference := room.reference) is not None:
                group.start(Actor("canceller", lambda: canceller.run(captured, reference, frames)))
            await room.input_ended()
            await asyncio.sleep(0.1)
        came = captured if canceller is None else frames
        return np.concatenate([frame.pcm for frame in came.drain()])[: len(heard)]

    return clock.run_virtual(main())
