"""Models for conversations in virtual time: cost is charged to the clock, output tells its origin.

Every 300 ms of speech the user says the next number.
A reply is numbered too, and its sound is a constant whose value tells the reply's number.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from typing import Literal

import numpy as np

from edge_audio.asr.recognizer import Recognizer, Transcript, Utterance
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.llm.chat_model import ChatModel, ChatModelError, Message, TextDelta, UserTurn
from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import SpokenChunk, Style, Voice, VoiceError
from edge_audio.turns.detectors import EndOfTurnModel

Hears = Literal["text", "codes", "both"]
"""What the assistant gets to know of speech: words, audio tokens, or both at once."""

WORD_SAMPLES = INPUT_RATE_HZ * 3 // 10
OUTPUT_RATE_HZ = 1000
"""A coarse output keeps the arithmetic of a long conversation short."""
SAMPLES_PER_CHARACTER = 60


class VirtualEndOfTurn(EndOfTurnModel):
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    async def probability(self, pcm: Samples) -> float:
        await asyncio.sleep(self._rng.uniform(0.0, 0.3))
        if self._rng.random() < 0.05:
            raise RuntimeError("the end-of-turn model broke")
        return self._rng.random()


class VirtualUtterance(Utterance):
    def __init__(self, recognizer: "VirtualRecognizer") -> None:
        self._recognizer = recognizer
        self._speech_samples = 0
        self._words: list[str] = []

    def feed(self, pcm: Samples) -> None:
        self._speech_samples += int(np.count_nonzero(pcm))
        while self._speech_samples >= WORD_SAMPLES * (len(self._words) + 1):
            self._words.append(self._recognizer.next_word())

    async def transcribe(self, *, partial: bool = False) -> Transcript:
        words = list(self._words)
        await asyncio.sleep(self._recognizer.rng.uniform(0.0, 0.4))
        hears = self._recognizer.hears
        return Transcript(
            None if hears == "codes" else " ".join(words),
            language="en",
            audio_ids=None if hears == "text" or partial else tuple(map(self._recognizer.said.index, words)),
        )


class VirtualRecognizer(Recognizer):
    """Each word is one audio token: its place among all words that were said."""

    name = "virtual"

    def __init__(self, rng: random.Random, hears: Hears = "text") -> None:
        self.rng = rng
        self.hears = hears
        self.said: list[str] = []

    def next_word(self) -> str:
        word = "yeah" if self.rng.random() < 0.15 else f"u{len(self.said)}"
        self.said.append(word)
        return word

    async def transcribe(self, audio_ids: tuple[int, ...]) -> Transcript:
        """Tell the words of tokens later, as a chat model does; now and then it can't."""
        await asyncio.sleep(self.rng.uniform(0.0, 2.0))
        if self.rng.random() < 0.1:
            raise ChatModelError("The chat model broke.")
        return Transcript(" ".join(self.said[number] for number in audio_ids), language="en")

    def open(self) -> VirtualUtterance:
        return VirtualUtterance(self)


class VirtualChat(ChatModel):
    name = "virtual"

    def __init__(self, rng: random.Random, failing: float = 0.1, hears: Hears = "text") -> None:
        self.hears = "text" if hears == "text" else "codes"
        self._rng = rng
        self._failing = failing
        self.prompts: list[tuple[tuple[Message, ...], UserTurn]] = []
        self.running = 0
        self.most_running = 0

    async def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        number = len(self.prompts) + 1
        self.prompts.append((tuple(context), turn))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        tags = self._rng.choice([(), ("(hap", "py) "), ("(laughs)", " (", "sad)")])
        words = [f"r{number}"] + ["word"] * self._rng.randint(0, 12)
        try:
            for piece in tags:
                await asyncio.sleep(self._rng.uniform(0.0, 0.1))
                yield TextDelta(piece)
            for index, word in enumerate(words):
                await asyncio.sleep(self._rng.uniform(0.0, 0.2))
                if self._rng.random() < self._failing / len(words):
                    raise ChatModelError("The chat model broke.")
                last = index == len(words) - 1
                yield TextDelta(word + ("." if last else ", " if index % 4 == 3 else " "))
        finally:
            self.running -= 1

    async def prefill(self, context: Sequence[Message], heard: str = "") -> None:
        await asyncio.sleep(0.1)


class VirtualVoice(Voice):
    """Speaks each clause as a constant that tells the number of the reply it belongs to."""

    name = "virtual"
    sample_rate_hz = OUTPUT_RATE_HZ
    speakers = ("virtual",)

    def __init__(self, rng: random.Random, failing: float = 0.02) -> None:
        self._rng = rng
        self._failing = failing
        self._number = 0

    async def speak(self, clause: Clause, style: Style) -> AsyncGenerator[SpokenChunk, None]:
        if clause.text.startswith("r"):
            self._number = int(clause.text.split()[0].strip(",.")[1:])
        elif clause.text.startswith("Sorry"):
            self._number = 0
        number = self._number  # the next clause may be begun before this one is spoken
        await asyncio.sleep(self._rng.uniform(0.0, 0.3))
        if self._rng.random() < self._failing:
            raise VoiceError("The voice broke.")
        value = sound_of(number)
        pcm = np.full(len(clause.text) * SAMPLES_PER_CHARACTER, value, np.float32)
        yield SpokenChunk(pcm, clause.text_start, clause.text_start + len(clause.text))


def sound_of(number: int) -> float:
    """The sample value of reply `number`, audible; an apology is number 0."""
    return (number + 8) / 1024


def reply_of(sample: float) -> int:
    """Inverse of `sound_of` for a sample outside of fades."""
    return round(sample * 1024) - 8
