"""A turn that was taken to be over too early goes on as one."""

import random

import pytest

from edge_audio.assistant import Assistant
from edge_audio.config import Config
from edge_audio.events import Event, ReplyStarted, TurnEnded, TurnFinished
from edge_audio.testing import ScriptedChat, ScriptedDevice, models
from runtime import clock
from tests.edge_audio.dialogue.virtual_models import VirtualEndOfTurn, VirtualRecognizer


def converse(
    speech: list[tuple[float, float]], seed: int = 3
) -> tuple[list[tuple[float, Event]], ScriptedChat]:
    rng = random.Random(seed)
    events: list[tuple[float, Event]] = []
    chat = ScriptedChat("word " * 30, delay_s=0.02)
    scripted = models(end_of_turn=VirtualEndOfTurn(rng), recognizer=VirtualRecognizer(rng), chat=chat)

    async def main() -> None:
        device = ScriptedDevice(speech, length_s=speech[-1][1] + 30.0)
        async with Assistant.open(Config(), models=scripted, device=device) as assistant:
            assistant.watch(lambda e: events.append((clock.now(), e)))
            await assistant.ended()

    clock.run_virtual(main())
    return events, chat


def of(events: list[tuple[float, Event]], kind: type) -> list[Event]:
    return [event for _, event in events if isinstance(event, kind)]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("goes_on_after_s", [0.1, 0.3, 0.5])
def test_a_reply_that_came_too_early_is_withdrawn_and_the_turn_goes_on_as_one(
    seed: int, goes_on_after_s: float
) -> None:
    alone, _ = converse([(0.5, 2.0)], seed)
    first_sound_s = next(at for at, event in alone if isinstance(event, ReplyStarted))
    # The same again, but the user goes on just after the reply has become audible.
    on_s = first_sound_s + goes_on_after_s - 0.1
    events, chat = converse([(0.5, 2.0), (on_s, on_s + 2.0)], seed)
    first, second = of(events, TurnEnded)[:2]
    assert isinstance(first, TurnEnded)
    assert isinstance(second, TurnEnded)
    assert first.user_text
    assert second.user_text is not None
    assert second.user_text.startswith(first.user_text)
    assert len(second.user_text) > len(first.user_text)
    messages, turn = chat.prompts[-1]
    assert turn.transcript == second.user_text
    assert [message.role for message in messages] == [], "neither half nor the withdrawn words stay behind"


def test_a_reply_that_was_heard_for_a_while_is_interrupted_and_stays_in_the_context() -> None:
    alone, _ = converse([(0.5, 2.0)])
    first_sound_s = next(at for at, event in alone if isinstance(event, ReplyStarted))
    on_s = first_sound_s + 1.5
    events, chat = converse([(0.5, 2.0), (on_s, on_s + 2.0)])
    reports = [event.report for event in of(events, TurnFinished)]
    assert reports[0].interrupted
    messages, _ = chat.prompts[-1]
    assert [message.role for message in messages] == ["user", "assistant"]
    assert messages[1].text == reports[0].heard_text
