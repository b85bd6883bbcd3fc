"""A chat model and a voice that only take time, and tell what they were asked."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Sequence

import numpy as np

from edge_audio.asr.recognizer import Transcript
from edge_audio.llm.chat_model import ChatModel, ChatModelError, Message, TextDelta, UserTurn
from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import SpokenChunk, Style, Voice, VoiceError
from tests.simulation.scenario import Scenario

RATE_HZ = 100
"""Of the voice and the speaker: so few samples are enough to tell what was played."""

REPLY_WORD = "word"
"""What replies are made of, but for their number."""

SAMPLES_PER_CHARACTER = 7
"""How long the voice takes for a character, spaces included."""

_STALL_S = 20.0


class Costs:
    """Draws what each call costs and whether it fails."""

    def __init__(self, scenario: Scenario, stage: str) -> None:
        """`stage` keeps the chances of the stages apart, so that a change in one leaves the others'."""
        self._rng = random.Random(f"{scenario.seed} {stage}")
        self._times = scenario.costs.times

    def draw_s(self, usual_s: float) -> float:
        """Return the cost of a call."""
        return usual_s * self._times * (0.5 + self._rng.random())

    def happens(self, probability: float) -> bool:
        """Whether it happens this time."""
        return probability > 0 and self._rng.random() < probability

    def up_to(self, most: int) -> int:
        """Return a number from 1 to `most`."""
        return self._rng.randint(1, most)

    def one_of(self, *options: str) -> str:
        """Return one of `options`."""
        return self._rng.choice(options)


class SimulatedChat(ChatModel):
    """Answers with a numbered reply, in pieces of a few words; one call at a time."""

    name = "simulated"

    def __init__(self, scenario: Scenario, words_of: Callable[[tuple[int, ...]], str]) -> None:
        """`words_of` tells the words that audio tokens stand for."""
        self.hears = "text" if scenario.hears == "text" else "codes"
        self.asked = 0
        self.on_prompt: Callable[[tuple[Message, ...], UserTurn], None] = lambda context, turn: None
        """Hears what each reply is asked with."""
        self.running = 0
        """Calls that compute now."""
        self.most_running = 0
        self._scenario = scenario
        self._words_of = words_of
        self._costs = Costs(scenario, "chat")
        self._lane = asyncio.Lock()

    def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        self.asked += 1
        self.on_prompt(tuple(context), turn)
        return self._reply(self.asked)

    async def _reply(self, number: int) -> AsyncGenerator[TextDelta, None]:
        costs, given, faults = self._costs, self._scenario.costs, self._scenario.faults
        async with self._lane:
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            try:
                fails = costs.happens(faults.chat)
                await asyncio.sleep(costs.draw_s(given.first_text_s))
                if costs.happens(faults.stall):
                    await asyncio.sleep(_STALL_S)
                    if costs.happens(0.5):
                        raise ChatModelError("The server wrote nothing for 20 seconds.")
                if fails and self._fails_silently(number):
                    yield TextDelta("...")
                    return
                words = [f"r{number}", *[REPLY_WORD] * (costs.up_to(self._scenario.reply_words) - 1)]
                for start in range(0, len(words), 4):
                    last = start + 4 >= len(words)
                    yield TextDelta(
                        " ".join(words[start : start + 4]) + (self._scenario.reply_ends if last else ", ")
                    )
                    if not last:
                        await asyncio.sleep(costs.draw_s(given.next_text_s))
                    if fails:
                        raise ChatModelError("The chat model broke.")
            finally:
                self.running -= 1

    def _fails_silently(self, number: int) -> bool:
        """Fail at once, or return whether it answers with nothing that can be said, or else fails later."""
        match self._costs.one_of("at once", "oddly", "silently", "later"):
            case "at once":
                raise ChatModelError("The chat model broke.")
            case "oddly":
                raise RuntimeError(f"reply {number}: out of memory")
            case how:
                return how == "silently"

    async def prefill(self, context: Sequence[Message], heard: str = "") -> float | None:
        async with self._lane:
            await asyncio.sleep(self._costs.draw_s(self._scenario.costs.read_s))
            if self._costs.happens(self._scenario.faults.chat):
                raise RuntimeError("prefill: out of memory")
            if not heard or not self._scenario.judges_words:
                return None
            return 0.9 if self._costs.happens(0.6) else 0.1

    async def transcribe(self, audio_ids: tuple[int, ...]) -> Transcript:
        """See `Transcriber`: the words of a turn, after a while."""
        await asyncio.sleep(self._costs.draw_s(1.0))
        if self._costs.happens(self._scenario.faults.transcriber):
            if self._costs.happens(0.5):
                raise RuntimeError("transcript: out of memory")
            raise ChatModelError("The chat model broke.")
        return Transcript(self._words_of(audio_ids), language=self._scenario.language)


class SimulatedVoice(Voice):
    """Speaks each clause as a constant, so many samples for each character."""

    name = "simulated"
    sample_rate_hz = RATE_HZ
    speakers = ("simulated",)

    def __init__(self, scenario: Scenario) -> None:
        self.running = 0
        """Calls that compute now."""
        self._scenario = scenario
        self._costs = Costs(scenario, "voice")
        self._lane = asyncio.Lock()

    async def speak(self, clause: Clause, style: Style) -> AsyncGenerator[SpokenChunk, None]:
        async with self._lane:
            self.running += 1
            try:
                await asyncio.sleep(self._costs.draw_s(self._scenario.costs.clause_s))
                if self._costs.happens(self._scenario.faults.voice):
                    raise VoiceError("The voice broke.")
                if not any(map(str.isalnum, clause.text)):
                    return
                pcm = np.full(len(clause.text) * SAMPLES_PER_CHARACTER, 0.5, np.float32)
                yield SpokenChunk(pcm, clause.text_start, clause.text_start + len(clause.text))
            finally:
                self.running -= 1
