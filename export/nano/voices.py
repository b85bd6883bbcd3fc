"""The narrators as voices to speak with: a short recording of each is the prompt."""

from pathlib import Path

from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.step_audio.features.recording import Recording
from edge_audio.step_audio.voices import PromptEncoder, VoiceRegistry
from export.nano.manner import NARRATORS, Manner
from export.nano.synthesizer import Synthesizer

TEXT = "We could hear the rain on the roof."
"""What they say: short, as a prompt is read and decoded again with each clause."""


def write_voices(folder: Path, synthesizer: Synthesizer, encode: PromptEncoder) -> tuple[str, ...]:
    """Make a voice of each narrator in `folder`, but for those that are there; return the names of all.

    Raises `UserError` if the folder can't be written, `SynthesisError` if the synthesizer fails.
    """
    registry = VoiceRegistry(folder)
    for narrator in NARRATORS:
        if narrator.name not in registry.names():
            speech = synthesizer.say(TEXT, Manner(narrator))
            registry.add(narrator.name, Recording(speech.pcm, INPUT_RATE_HZ), TEXT, encode)
    return registry.names()
