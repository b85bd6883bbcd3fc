"""For tests of programs that embed Edge Audio: scripted models, a device without hardware, virtual time.

    async def main() -> list[str]:
        device = ScriptedDevice([(0.5, 2.0)])
        scripted = models(recognizer=ScriptedRecognizer("What time is it?"), chat=ScriptedChat("Noon."))
        async with Assistant.open(models=scripted, device=device) as assistant:
            return [event.user_text async for event in assistant.events() if isinstance(event, TurnEnded)]

    assert run_virtual(main()) == ["What time is it?"]

What they compute takes no time unless a test says how much, and that passes on the event loop's clock: in
`run_virtual`, a minute of conversation takes milliseconds, and is the same each time. Nothing here loads a
model or starts a thread.

Each takes a script. An exception in it is raised in its place; its last entry is repeated after its end.
"""

from edge_audio.testing.scripted_device import ScriptedDevice as ScriptedDevice
from edge_audio.testing.scripted_models import LoudnessDetector as LoudnessDetector
from edge_audio.testing.scripted_models import ScriptedChat as ScriptedChat
from edge_audio.testing.scripted_models import ScriptedEndOfTurn as ScriptedEndOfTurn
from edge_audio.testing.scripted_models import ScriptedRecognizer as ScriptedRecognizer
from edge_audio.testing.scripted_models import ToneVoice as ToneVoice
from edge_audio.testing.scripted_models import models as models
from edge_audio.testing.virtual_lane import VirtualLane as VirtualLane
from runtime.clock import run_virtual as run_virtual
