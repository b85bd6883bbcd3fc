"""The promises of a conversation, over random conversations in virtual time.

1  no sample of an uncommitted reply reaches the speaker
2  the context never holds a word that was not said or not heard
4  every speculation ends as exactly one of committed, cancelled, superseded, failed
6  every user turn gets a reply or a spoken or visible error
7  no queue exceeds its bound
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from edge_audio import config as config_of
from edge_audio.adapters import Models
from edge_audio.assistant import Assistant
from edge_audio.config import Config
from edge_audio.dialogue.context import UNKNOWN
from edge_audio.events import (
    Event,
    Notice,
    SpeculationEnded,
    SpeculationStarted,
    TurnEnded,
    TurnFinished,
    TurnTranscribed,
)
from edge_audio.testing import LoudnessDetector, ScriptedDevice
from runtime import clock
from runtime.channel import Channel
from tests.edge_audio.dialogue.virtual_models import (
    OUTPUT_RATE_HZ,
    SAMPLES_PER_CHARACTER,
    Hears,
    VirtualChat,
    VirtualEndOfTurn,
    VirtualRecognizer,
    VirtualVoice,
    reply_of,
)

QUIET_END_S = 30.0
"""Silence at the end of each conversation, long enough for every reply to be played."""


@dataclass
class Told:
    """What the assistant told, with the time."""

    events: list[tuple[float, Event]] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.events.append((clock.now(), event))

    def of(self, *kinds: type) -> list[Event]:
        return [event for _, event in self.events if isinstance(event, kinds)]


@dataclass
class Outcome:
    """A conversation that is over."""

    told: Told
    chat: VirtualChat
    recognizer: VirtualRecognizer
    device: ScriptedDevice
    typed: list[str]
    counters: Counter[str]

    def text_of(self, turn: TurnEnded) -> str:
        """What the user said in a turn, whenever it became known."""
        later = {e.epoch: e.text for e in self.told.of(TurnTranscribed)}
        return later.get(turn.epoch, "") if turn.user_text is None else turn.user_text


Moment = tuple[float, str]


Conversation = tuple[int, Hears, str, list[tuple[float, float]], list[Moment]]


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """A seed, what is heard, how much to speculate, stretches of speech, and things done by hand."""
    stretches = draw(st.lists(st.tuples(st.floats(0.02, 6.0), st.floats(0.04, 4.0)), min_size=1, max_size=8))
    speech, at_s = [], 0.0
    for silence_s, length_s in stretches:
        speech.append((at_s + silence_s, at_s + silence_s + length_s))
        at_s = speech[-1][1]
    moments = st.tuples(
        st.floats(0.0, at_s + 5.0),
        st.sampled_from(["stop", "type", "mute", "unmute", "press to talk", "let go"]),
    )
    by_hand = sorted(draw(st.lists(moments, max_size=4)))
    hears: Hears = draw(st.sampled_from(["text", "codes", "both"]))
    effort = draw(st.sampled_from(["none", "frugal", "balanced", "eager"]))
    return draw(st.integers(0, 10_000)), hears, effort, speech, by_hand


def converse(
    seed: int, hears: Hears, effort: str, speech: list[tuple[float, float]], by_hand: list[Moment]
) -> Outcome:
    """Hold the conversation in virtual time, to its quiet end."""
    rng = random.Random(seed)
    told, typed = Told(), []
    chat, recognizer = VirtualChat(rng, hears=hears), VirtualRecognizer(rng, hears)
    transcriber = recognizer if hears == "codes" else None
    models = Models(
        LoudnessDetector(), VirtualEndOfTurn(rng), recognizer, chat, VirtualVoice(rng), transcriber
    )
    config = Config(conversation=config_of.Conversation(system_prompt="s", speculate=effort))
    end_s = max([speech[-1][1], *(at for at, _ in by_hand)])
    device = ScriptedDevice(speech, length_s=end_s + QUIET_END_S, rate_hz=OUTPUT_RATE_HZ)

    async def act(assistant: Assistant) -> None:
        for at_s, what in by_hand:
            await clock.sleep_until(at_s)
            match what:
                case "stop":
                    assistant.interrupt()
                case "type":
                    typed.append(f"t{len(typed)}")
                    assistant.user_typed(typed[-1])
                case "mute" | "unmute":
                    assistant.mute(what == "mute")
                case "press to talk" | "let go":
                    assistant.push_to_talk(what == "press to talk")

    async def main() -> Counter[str]:
        async with Assistant.open(config, models=models, device=device) as assistant:
            assistant.watch(told)
            async with asyncio.TaskGroup() as group:
                group.create_task(act(assistant))
                await assistant.ended()
        return assistant.counters

    counters = clock.run_virtual(main())
    return Outcome(told, chat, recognizer, device, typed, counters)


def number_of(reply_text: str) -> int | None:
    """The number that the virtual chat model gave a reply; None for an apology."""
    first = reply_text.split()[:1]
    return int(first[0].strip(",.")[1:]) if first and first[0].startswith("r") else None


def committed_numbers(outcome: Outcome) -> dict[int, float]:
    """Reply numbers by the time at which the turn's end was decided in their favour."""
    committed_s = {e.epoch: at for at, e in outcome.told.events if isinstance(e, TurnEnded)}
    numbers = {}
    for _, event in outcome.told.events:
        if isinstance(event, TurnFinished):
            number = number_of(event.report.reply_text)
            if number is not None:
                numbers[number] = committed_s[event.epoch]
    return numbers


def check_only_committed_replies_are_played(outcome: Outcome) -> None:
    committed_s = committed_numbers(outcome)
    for at_s, block in outcome.device.played:
        for value, count in zip(*np.unique(block, return_counts=True), strict=True):
            number = reply_of(value)
            if value == 0 or number == 0 or count < 2:
                continue  # silence, an apology, a fade's ramp
            assert number in committed_s, f"reply {number} was never committed but played at {at_s}"
            assert at_s >= committed_s[number]


def check_context_holds_only_what_was_said_and_heard(outcome: Outcome) -> None:
    played: Counter[int] = Counter()
    for _, block in outcome.device.played:
        for value in block[block > 0]:
            played[reply_of(value)] += 1
    user_words = set(outcome.recognizer.said) | set(outcome.typed) | {UNKNOWN}
    for messages, turn in outcome.chat.prompts:
        assert turn.transcript or turn.audio_ids
        assert set((turn.transcript or "").split()) <= user_words
        for message in messages[1:]:
            if message.role == "user":
                assert set(message.text.split()) <= user_words
                continue
            assert "(" not in message.text, "a tag was not said"
            number = number_of(message.text)
            if number is not None and "Sorry" not in message.text:
                spoken = message.text.replace(", ", ",")  # the spaces between clauses take no time
                needed = len(spoken) * SAMPLES_PER_CHARACTER
                # Fades bend the value of a few samples at each stop.
                assert played[number] >= needed - 0.2 * OUTPUT_RATE_HZ, message.text


def check_every_speculation_ends_once(outcome: Outcome) -> None:
    started = Counter(e.epoch for e in outcome.told.of(SpeculationStarted))
    ended = Counter(e.epoch for e in outcome.told.of(SpeculationEnded))
    assert started == ended
    assert all(count == 1 for count in started.values())
    reports = [e.report.speculations for e in outcome.told.of(TurnFinished)]
    for counts in reports:
        assert counts["started"] == sum(n for outcome_, n in counts.items() if outcome_ != "started")


def check_every_turn_is_answered(outcome: Outcome) -> None:
    finished = {e.epoch: e.report for e in outcome.told.of(TurnFinished)}
    turns = outcome.told.of(TurnEnded)
    for place, turn in enumerate(turns):
        if turn.epoch not in finished:
            # Withdrawn before its first sample: the next turn must have taken its words up, unless one was
            # typed and the other is only sound. Words that never became known can't be looked for.
            assert place + 1 < len(turns), turn
            before, after = outcome.text_of(turn), outcome.text_of(turns[place + 1])
            if outcome.recognizer.hears != "codes":
                assert after.startswith(before)
            elif after and not after.startswith(before):
                typed = set(outcome.typed)
                assert turns[place + 1].user_text in typed or set(before.split()) <= typed
            continue
        report = finished[turn.epoch]
        if not report.interrupted:
            assert report.heard_text or report.error
            if report.error:
                assert any(report.error in notice.text for notice in outcome.told.of(Notice))


@contextmanager
def every_channel() -> Iterator[list[Channel[object]]]:
    """All channels that are made inside the block."""
    made: list[Channel[object]] = []
    original = Channel.__init__

    def remember(self: Channel[object], *arguments: Any, **options: Any) -> None:
        original(self, *arguments, **options)
        made.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Channel, "__init__", remember)
        yield made


@pytest.mark.slow
@given(conversations())
@settings(max_examples=150, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_the_promises_hold_in_any_conversation(
    conversation: Conversation,
) -> None:
    with every_channel() as channels:
        outcome = converse(*conversation)
    check_only_committed_replies_are_played(outcome)
    check_context_holds_only_what_was_said_and_heard(outcome)
    check_every_speculation_ends_once(outcome)
    check_every_turn_is_answered(outcome)
    assert channels
    assert all(channel.high_water <= channel.capacity for channel in channels)
    assert outcome.counters["frames_dropped"] == 0
    assert outcome.chat.running == 0


def test_the_same_conversation_gives_the_same_trace() -> None:
    conversation: Conversation = (7, "text", "eager", [(0.5, 2.0), (2.6, 3.4), (6.0, 8.0)], [(9.0, "type")])
    first, second = converse(*conversation), converse(*conversation)
    assert first.told.events == second.told.events
