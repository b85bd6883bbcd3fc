"""The corpus's speakers as voices to speak with: a short recording of each is the prompt."""

from pathlib import Path

from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.step_audio.features.recording import Recording
from edge_audio.step_audio.voices import PromptEncoder, VoiceRegistry
from export.nano.style import SPEAKERS, Style
from export.nano.synthesizer import Synthesizer

TEXT = "We could hear the rain on the roof."
"""The text of the prompts: short, as the prompt is read and decoded again with each clause."""


def write_voices(folder: Path, synthesizer: Synthesizer, encode: PromptEncoder) -> tuple[str, ...]:
    """Make a voice of each speaker in `folder`, unless it is there already; return the names of all voices.

    Raises `UserError` if the folder can't be written, `SynthesisError` if the synthesizer fails.
    """
    registry = VoiceRegistry(folder)
    for speaker in SPEAKERS:
        if speaker.name not in registry.names():
            speech = synthesizer.say(TEXT, Style(speaker))
            registry.add(speaker.name, Recording(speech.pcm, INPUT_RATE_HZ), TEXT, encode)
    return registry.names()
