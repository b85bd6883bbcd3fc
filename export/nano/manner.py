"""The manner of speech that the data engine makes: voice, pace, pitch and loudness, by the names of tags."""

import random
from dataclasses import dataclass

from edge_audio.tts.tags import PACES, PITCHES

GAINS_DB = {"quiet": -8.0, "loud": 5.0}
"""What a tag makes the speech louder by."""

TAGGED_SHARE = 0.5
"""Of the speech, that which is not in the voice's usual manner."""


@dataclass(frozen=True, slots=True)
class Narrator:
    """A synthesizer's voice."""

    name: str
    f0_hz: float | None
    """Its usual mean F0, measured; None where the synthesizer can't change it."""

    @property
    def tags(self) -> tuple[str, ...]:
        """What it can be told to do."""
        pitches = () if self.f0_hz is None else tuple(PITCHES)
        return (*PACES, *pitches, *GAINS_DB)


NARRATORS = (Narrator("slt", 176.0), Narrator("awb", 130.0), Narrator("rms", None))
"""flite's voices of recorded people (CMU ARCTIC): a woman, a Scotsman and a man."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How one sentence is said."""

    narrator: Narrator
    tag: str = ""
    """At most one, as a text may begin with one only; empty for the usual manner."""

    @property
    def speed(self) -> float:
        """Times the voice's usual pace."""
        return PACES.get(self.tag, 1.0)

    @property
    def f0_hz(self) -> float | None:
        """The mean F0 to ask for; None for the usual one of a voice that can't change it."""
        f0_hz = self.narrator.f0_hz
        return None if f0_hz is None else f0_hz * PITCHES.get(self.tag, 1.0)

    @property
    def gain_db(self) -> float:
        """Against the usual loudness."""
        return GAINS_DB.get(self.tag, 0.0)


def draw(rng: random.Random, narrators: tuple[Narrator, ...] = NARRATORS) -> Manner:
    """Draw a manner: voices and tags equally often."""
    narrator = rng.choice(narrators)
    tag = rng.choice(narrator.tags) if rng.random() < TAGGED_SHARE else ""
    return Manner(narrator, tag)
