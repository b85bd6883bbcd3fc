"""Several conversations over one set of models, in virtual time: each keeps the promises, none meets another.

Whatever somebody says or hears bears the number of their conversation: speech by its level, words and replies
by their text, and the sound of a reply by its value.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from edge_audio.adapters import Models
from edge_audio.asr.recognizer import Recognizer, Transcript, Utterance
from edge_audio.assistant import Assistant
from edge_audio.audio.frame import INPUT_RATE_HZ, Frame, Samples
from edge_audio.config import Config, Conversation
from edge_audio.events import Event, SpeculationEnded, SpeculationStarted, TurnEnded, TurnFinished
from edge_audio.llm.chat_model import ChatModel, Message, TextDelta, UserTurn
from edge_audio.testing import ScriptedDevice, VirtualLane
from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import SpokenChunk, Style, Voice
from edge_audio.turns.detectors import EndOfTurnModel, SpeechDetector, SpeechSession
from runtime import clock
from runtime.actor import ActorFailed
from tests.edge_audio.dialogue.virtual_models import (
    OUTPUT_RATE_HZ,
    SAMPLES_PER_CHARACTER,
    WORD_SAMPLES,
    reply_of,
    sound_of,
)

QUIET_END_S = 20.0


def level_of(conversation: int) -> float:
    return 1.0 - conversation / 100


def conversation_of(level: float) -> int:
    return round((1.0 - level) * 100)


class Detector(SpeechDetector, SpeechSession):
    window_samples = 320

    def session(self) -> SpeechSession:
        return self

    async def feed(self, frame: Frame) -> tuple[float, ...]:
        return (float(frame.pcm[0]),)


class EndOfTurn(EndOfTurnModel):
    def __init__(self, lane: VirtualLane) -> None:
        self._lane = lane

    async def probability(self, pcm: Samples) -> float:
        await self._lane.run(lambda _: None)
        assert len({conversation_of(level) for level in np.unique(pcm) if level}) == 1, "two in one turn"
        return 0.9


class Words(Utterance):
    def __init__(self, lane: VirtualLane) -> None:
        self._lane = lane
        self._samples: Counter[int] = Counter()

    def feed(self, pcm: Samples) -> None:
        for level in np.unique(pcm[pcm > 0]):
            self._samples[conversation_of(float(level))] += int(np.count_nonzero(pcm == level))

    async def transcribe(self, *, partial: bool = False) -> Transcript:
        heard = dict(self._samples)
        await self._lane.run(lambda _: None)
        return Transcript(
            " ".join(
                f"s{conversation}w{number}"
                for conversation, samples in heard.items()
                for number in range(samples // WORD_SAMPLES)
            )
        )


class Ears(Recognizer):
    name = "virtual"

    def __init__(self, lane: VirtualLane) -> None:
        self._lane = lane

    def open(self) -> Words:
        return Words(self._lane)


class Chat(ChatModel):
    """A reply's words are all its number; `stuck` conversations get none."""

    name = "virtual"

    def __init__(self, rng: random.Random, stuck: frozenset[int] = frozenset()) -> None:
        self._rng = rng
        self._stuck = stuck
        self.prompts: dict[int, tuple[tuple[Message, ...], UserTurn]] = {}
        self.open_sessions = 0

    def session(self) -> ChatModel:
        self.open_sessions += 1
        return Session(self)

    async def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        number = len(self.prompts) + 1
        self.prompts[number] = (tuple(context), turn)
        if self.conversation(number) in self._stuck:
            await asyncio.sleep(3600.0)
        for last in (False,) * self._rng.randint(1, 10) + (True,):
            await asyncio.sleep(self._rng.uniform(0.02, 0.1))
            yield TextDelta(f"r{number}" + (". " if last else " "))

    def conversation(self, number: int) -> int:
        """Return which conversation a reply is for."""
        (conversation,) = {int(word.split("w")[0][1:]) for word in self.prompts[number][1].transcript.split()}
        return conversation


class Session(ChatModel):
    name = "virtual"

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        return self._chat.reply(context, turn)

    async def close(self) -> None:
        self._chat.open_sessions -= 1


class OneVoice(Voice):
    name = "virtual"
    sample_rate_hz = OUTPUT_RATE_HZ

    def __init__(self, lane: VirtualLane) -> None:
        self._lane = lane

    async def speak(self, clause: Clause, style: Style) -> AsyncGenerator[SpokenChunk, None]:
        await self._lane.run(lambda _: None)
        number = int(clause.text.split()[0].strip(".,")[1:]) if clause.text[0] == "r" else 0
        pcm = np.full(len(clause.text) * SAMPLES_PER_CHARACTER, sound_of(number), np.float32)
        yield SpokenChunk(pcm, clause.text_start, clause.text_start + len(clause.text))


class Device(ScriptedDevice):
    """Speaks at a level of its own; may fail."""

    def __init__(self, conversation: int, speech: list[tuple[float, float]], length_s: float) -> None:
        stretches = [
            (begin_s, np.full(round((end_s - begin_s) * INPUT_RATE_HZ), level_of(conversation), np.float32))
            for begin_s, end_s in speech
        ]
        super().__init__(stretches, length_s=length_s, rate_hz=OUTPUT_RATE_HZ)
        self.fails_at_s: float | None = None

    async def input_ended(self) -> None:
        if self.fails_at_s is not None:
            await clock.sleep_until(self.fails_at_s)
            raise OSError("unplugged")
        await super().input_ended()


@dataclass
class Held:
    """A conversation that was held beside others."""

    number: int
    device: Device
    events: list[Event] = field(default_factory=list)
    failure: BaseException | None = None

    def of(self, kind: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def turns(self) -> list[TurnEnded]:
        return [event for event in self.events if isinstance(event, TurnEnded)]


Speech = list[tuple[float, float]]


def hold(
    speeches: list[Speech], chat: Chat, fails: int | None = None, effort: str = "balanced"
) -> list[Held]:
    """Hold one conversation for each of `speeches`, all over the same models."""
    asr, voice, judge = (VirtualLane(name, cost_s=0.05) for name in ("asr", "tts", "end of turn"))
    models = Models(Detector(), EndOfTurn(judge), Ears(asr), chat, OneVoice(voice))
    length_s = max(speech[-1][1] for speech in speeches) + QUIET_END_S
    held = [Held(number, Device(number, speech, length_s)) for number, speech in enumerate(speeches)]
    if fails is not None:
        held[fails].device.fails_at_s = 1.0
    config = Config(conversation=Conversation(system_prompt="s", speculate=effort))

    async def converse(one: Held) -> None:
        try:
            async with Assistant.open(config, models=models, device=one.device) as assistant:
                assistant.watch(one.events.append)
                await assistant.ended()
        except ActorFailed as failure:
            one.failure = failure

    async def main() -> None:
        await asyncio.gather(*map(converse, held))
        assert chat.open_sessions == 0
        assert len(asyncio.all_tasks()) == 1

    clock.run_virtual(main())
    return held


def check(held: list[Held], chat: Chat) -> None:
    """Each heard its own words alone, was answered for them, and played its own replies alone."""
    for number, (context, _) in chat.prompts.items():
        own = chat.conversation(number)
        for message in context[1:]:
            for word in message.text.split():
                if message.role == "user":
                    assert word.startswith(f"s{own}w"), f"{word} in conversation {own}"
                elif word.startswith("r"):
                    assert chat.conversation(int(word.strip(".")[1:])) == own
    for one in held:
        for turn in one.turns:
            assert {word.split("w")[0] for word in (turn.user_text or "").split()} == {f"s{one.number}"}
        for _, block in one.device.played:
            for value, count in zip(*np.unique(block, return_counts=True), strict=True):
                if value and (reply := reply_of(value)) in chat.prompts and count >= 2:
                    assert chat.conversation(reply) == one.number
        started = Counter(event.epoch for event in one.of(SpeculationStarted))
        assert started == Counter(event.epoch for event in one.of(SpeculationEnded))


@st.composite
def conversations(draw: st.DrawFn) -> tuple[int, str, list[Speech]]:
    speeches = []
    for _ in range(draw(st.integers(1, 8))):
        at_s, speech = 0.0, []
        for silence_s, length_s in draw(
            st.lists(st.tuples(st.floats(0.1, 4.0), st.floats(0.4, 3.0)), min_size=1, max_size=4)
        ):
            speech.append((at_s + silence_s, at_s + silence_s + length_s))
            at_s = speech[-1][1]
        speeches.append(speech)
    return draw(st.integers(0, 1000)), draw(st.sampled_from(["none", "balanced", "eager"])), speeches


@pytest.mark.slow
@given(conversations())
@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_one_to_eight_conversations_keep_to_themselves(drawn: tuple[int, str, list[Speech]]) -> None:
    seed, effort, speeches = drawn
    chat = Chat(random.Random(seed))
    held = hold(speeches, chat, effort=effort)
    check(held, chat)
    for one in held:
        assert one.failure is None
        assert one.turns
        finished = {event.epoch for event in one.of(TurnFinished)}
        assert one.turns[-1].epoch in finished


QUESTION: Speech = [(0.5, 2.0), (6.0, 7.5)]


@pytest.mark.parametrize("fails", [0, 2, 3])
def test_a_conversation_that_fails_ends_alone(fails: int) -> None:
    chat = Chat(random.Random(1))
    held = hold([QUESTION] * 4, chat, fails)
    check(held, chat)
    for one in held:
        assert isinstance(one.failure, ActorFailed) == (one.number == fails)
        assert len(one.of(TurnFinished)) == (0 if one.number == fails else 2)


def test_a_conversation_that_gets_no_answer_keeps_no_other_waiting() -> None:
    alone = hold([QUESTION], Chat(random.Random(1)))[0]
    chat = Chat(random.Random(1), stuck=frozenset({1}))
    held = hold([QUESTION] * 3, chat)
    check(held, chat)
    assert not any(event.report.heard_text for event in held[1].of(TurnFinished))
    for one in (held[0], held[2]):
        assert len(one.of(TurnFinished)) == len(alone.of(TurnFinished)) == 2
