"""A voice for Edge Audio that speaks in Morse code."""

from collections.abc import AsyncGenerator

import numpy as np

from edge_audio.settings import Shared
from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import SpokenChunk, Style, Voice, VoiceConfig

CODES = "A.- B-... C-.-. D-.. E. F..-. G--. H.... I.. J.--- K-.- L.-.. M-- N-. O--- P.--. Q--.- R.-. "
CODES += "S... T- U..- V...- W.-- X-..- Y-.-- Z--.."
CODE = {" ": ""} | {code[0]: code[1:] for code in CODES.split()}
TONE = {".": "10", "-": "1110"}


class MorseVoice(Voice):
    name = "morse"
    sample_rate_hz = 16_000
    abilities = frozenset({"speed"})

    def __init__(self, pitch_hz: float) -> None:
        self._pitch_hz = pitch_hz

    async def speak(self, clause: Clause, style: Style) -> AsyncGenerator[SpokenChunk, None]:
        dot = round(0.06 * self.sample_rate_hz / style.speed)
        for place, letter in enumerate(clause.text.upper(), clause.text_start):
            if (code := CODE.get(letter)) is not None:
                keyed = np.repeat([int(on) for on in "".join(TONE[sign] for sign in code) + "00"], dot)
                wave = np.sin(2 * np.pi * self._pitch_hz / self.sample_rate_hz * np.arange(len(keyed)))
                yield SpokenChunk((0.3 * keyed * wave).astype(np.float32), place, place + 1)


class MorseConfig(VoiceConfig, frozen=True):
    """Morse code."""

    pitch_hz: float = 600.0

    def load(self, shared: Shared) -> MorseVoice:
        return MorseVoice(self.pitch_hz)
