"""The styles of the data engine's speech: speaker, and pace, pitch or loudness by the name of a tag."""

import random
from dataclasses import dataclass

from edge_audio.tts.tags import PACES, PITCHES

GAINS_DB = {"quiet": -8.0, "loud": 5.0}
"""How much louder each tag makes the speech."""

TAGGED_SHARE = 0.5
"""Share of the speech that has a tag."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice of the synthesizer."""

    name: str
    f0_hz: float | None
    """Its usual mean F0, measured; None where the synthesizer can't change it."""

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that it can speak with."""
        pitches = () if self.f0_hz is None else tuple(PITCHES)
        return (*PACES, *pitches, *GAINS_DB)


SPEAKERS = (Speaker("slt", 176.0), Speaker("awb", 130.0), Speaker("rms", None))
"""flite's voices of recorded people (CMU ARCTIC): a woman, a Scotsman and a man."""


@dataclass(frozen=True, slots=True)
class Style:
    """How one sentence is spoken."""

    speaker: Speaker
    tag: str = ""
    """At most one, as a text may begin with one only; empty for the speaker's usual style."""

    @property
    def speed(self) -> float:
        """Pace, as a multiple of the speaker's usual one."""
        return PACES.get(self.tag, 1.0)

    @property
    def f0_hz(self) -> float | None:
        """The mean F0 to ask for; None where the synthesizer can't change it."""
        f0_hz = self.speaker.f0_hz
        return None if f0_hz is None else f0_hz * PITCHES.get(self.tag, 1.0)

    @property
    def gain_db(self) -> float:
        """Loudness, relative to the usual one."""
        return GAINS_DB.get(self.tag, 0.0)


def draw(rng: random.Random, speakers: tuple[Speaker, ...] = SPEAKERS) -> Style:
    """Draw a style: each speaker is equally likely, and so is each of its tags."""
    speaker = rng.choice(speakers)
    tag = rng.choice(speaker.tags) if rng.random() < TAGGED_SHARE else ""
    return Style(speaker, tag)
