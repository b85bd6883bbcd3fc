"""Conversations with Step-Audio-Chat on a real server that fails: each turn gets an answer or one error."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import pytest

from edge_audio.asr.recognizer import Transcript
from edge_audio.assistant import Assistant
from edge_audio.config import Config
from edge_audio.dialogue.context import UNKNOWN
from edge_audio.events import Event, Notice, TurnEnded, TurnFinished, TurnReport, TurnTranscribed
from edge_audio.llm.chat_model import ChatModel
from edge_audio.llm.completion_server import CompletionServer
from edge_audio.llm.fallback import FallbackModel
from edge_audio.llm.step_chat import StepChatServer
from edge_audio.step_audio.tokens import RELEASED
from edge_audio.testing import ScriptedChat, ScriptedDevice, ScriptedRecognizer, models
from edge_audio.text.apology import apology
from tests.edge_audio.llm.chat_server import (
    DONE,
    Answer,
    chat_server,
    chunk,
    event,
    raw,
    silence,
    status,
    stream,
    stream_head,
)

pytestmark = pytest.mark.slow

Kind = TypeVar("Kind")

SAID = tuple(RELEASED.interleave([0, 1], [0, 1, 2]).tolist())
LIMIT_S = 0.3
"""How long the server may take to begin."""


def text(words: str) -> bytes:
    return event(index=0, text=words, finish_reason=None)


STOP = event(index=0, text="", finish_reason="stop")


@dataclass
class Conversation:
    """What came of one."""

    events: list[Event]
    bodies: list[dict[str, object]]
    """What the server was asked."""
    took_s: float

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def turns(self) -> list[TurnReport]:
        return [event.report for event in self.events if isinstance(event, TurnFinished)]


async def converse(
    answer: Answer, *, local: bool, turns_s: Sequence[float] = (0.0,), length_s: float = 3.5
) -> Conversation:
    """Say something to the server at each of `turns_s`; with `local`, a second model stands by."""
    events: list[Event] = []
    async with chat_server(answer) as server:
        remote = StepChatServer(
            CompletionServer(server.url, first_token_timeout_s=2 * LIMIT_S, token_timeout_s=2 * LIMIT_S),
            tokenizer=None,
        )
        chat: ChatModel = remote
        if local:
            chat = FallbackModel(
                remote,
                ScriptedChat("It is me.", name="local"),
                first_token_limit_s=LIMIT_S,
                retry_after_s=60.0,
            )
        said = Transcript("Hello?" if local else None, language="en", audio_ids=SAID)
        scripted = replace(
            models(recognizer=ScriptedRecognizer(said), chat=chat), transcriber=None if local else remote
        )
        began_s = time.monotonic()
        speech = [(turn_s + 0.1, turn_s + 0.4) for turn_s in turns_s]
        device = ScriptedDevice(speech, length_s=length_s)
        async with Assistant.open(Config(), models=scripted, device=device) as assistant:
            assistant.watch(events.append)
            await assistant.ended()
        took_s = time.monotonic() - began_s
        await scripted.close()
        await asyncio.wait_for(server.left.wait(), 1)
        return Conversation(events, server.bodies, took_s)


def converse_at_once(answers: dict[str, Answer]) -> dict[tuple[str, bool], Conversation]:
    """Hold a conversation for each of `answers`, with and without a second model, side by side."""
    cases = list(itertools.product(answers, (True, False)))

    async def main() -> list[Conversation]:
        return await asyncio.gather(*(converse(answers[name], local=local) for name, local in cases))

    return dict(zip(cases, asyncio.run(main()), strict=True))


FAULTS: dict[str, Answer] = {
    "refusal": status("401 Unauthorized", b"{}"),
    "down": status("503 Service Unavailable"),
    "a slow start": stream(b": ping\n\n", text("Yes."), gap_s=1.0),
    "never a word": silence(stream_head()),
    "malformed events": stream(b"data: {oops\n\n"),
    "no stream": status("200 OK", b"<html>", "text/html"),
    "cut before the first word": raw(stream_head()),
}


def test_where_the_server_fails_the_second_model_answers_or_one_error_is_spoken_and_shown() -> None:
    for (fault, local), conversation in converse_at_once(FAULTS).items():
        [turn] = conversation.turns
        notices = [notice.text for notice in conversation.of(Notice)]
        if local:
            assert (turn.user_text, turn.heard_text, turn.error) == ("Hello?", "It is me.", None), fault
            [notice] = notices
            assert "local answers instead" in notice
        else:
            assert turn.heard_text == apology(), fault
            assert turn.error
            assert notices == [turn.error]
            assert not conversation.of(TurnTranscribed)
        assert turn.response_gap_ms is not None
        assert turn.response_gap_ms < 1000 * (2 * LIMIT_S + 1.0), fault


MIDDLE: dict[str, Answer] = {
    "cut": stream(text("Yes, I think so. "), b": ping\n\n", gap_s=0.35, end=b""),
    "malformed": stream(text("Yes, I think so. "), b": ping\n\n", b"data: {oops\n\n", gap_s=0.19),
    "stuck": silence(stream_head() + chunk(text("Yes, I think so. "))),
}


def test_a_reply_that_breaks_off_is_said_so_far_and_its_error_shown() -> None:
    for (fault, local), conversation in converse_at_once(MIDDLE).items():
        [turn] = conversation.turns
        assert turn.heard_text.startswith("Yes, I think so."), (fault, local)
        assert turn.error
        assert turn.error in [notice.text for notice in conversation.of(Notice)]


def test_a_speculation_that_breaks_off_before_the_turn_is_over_is_made_again() -> None:
    conversation = asyncio.run(converse(raw(stream_head() + chunk(text("Yes, I th"))), local=True))
    [turn] = conversation.turns
    assert (turn.heard_text, turn.error) == ("It is me.", None)
    assert turn.speculations["failed"] == 1


def test_after_a_failure_the_next_turn_goes_to_the_second_model_at_once() -> None:
    conversation = asyncio.run(converse(FAULTS["a slow start"], local=True, turns_s=(0.0, 2.5), length_s=5.0))
    first, second = conversation.turns
    assert first.heard_text == second.heard_text == "It is me."
    assert len(conversation.bodies) == 1


def test_without_a_recognizer_the_words_come_after_the_turn_and_stand_in_the_next_prompt() -> None:
    conversation = asyncio.run(
        converse(stream(text("Fine."), STOP, DONE), local=False, turns_s=(0.0, 2.5), length_s=5.0)
    )
    first, second = conversation.turns
    assert (first.user_text, first.heard_text) == (second.user_text, second.heard_text) == ("Fine.", "Fine.")
    assert [turn.user_text for turn in conversation.of(TurnEnded)] == [None, None]
    prompts = [str(body["prompt"]) for body in conversation.bodies]
    reply = [prompt for prompt in prompts if "system" not in prompt][-1]
    assert reply.startswith("<|BOT|>human\nFine.<|EOT|><|BOT|>assistant\nFine.<|EOT|><|BOT|>human\n<audio_")
    assert UNKNOWN not in reply


def test_quitting_while_the_server_is_silent_leaves_it_at_once() -> None:
    conversation = asyncio.run(converse(silence(stream_head()), local=False, length_s=0.7))
    assert conversation.took_s < 1.5
