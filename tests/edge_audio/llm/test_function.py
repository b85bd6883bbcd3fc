"""Any async generator of text is a chat model."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from edge_audio.assistant import Assistant
from edge_audio.config import Config, Conversation
from edge_audio.events import Code, Event, Notice, Outcome, Part, SpeculationEnded, TurnFinished
from edge_audio.llm.chat_model import ChatModelError, Message, UserTurn
from edge_audio.llm.function import ChatFunction, FunctionModel, as_chat_model
from edge_audio.testing import (
    ScriptedChat,
    ScriptedDevice,
    ScriptedEndOfTurn,
    ScriptedRecognizer,
    models,
    run_virtual,
)
from edge_audio.text.apology import apology


def converse(
    chat: ChatFunction,
    recognizer: ScriptedRecognizer | None = None,
    speech: Sequence[tuple[float, float]] = ((0.5, 1.5),),
    end_of_turn: float = 1.0,
) -> list[Event]:
    config = Config(conversation=Conversation(system_prompt="Be kind.", speculate="eager"))
    scripted = models(chat=chat, recognizer=recognizer, end_of_turn=ScriptedEndOfTurn(end_of_turn))

    async def main() -> list[Event]:
        device = ScriptedDevice(speech)
        async with Assistant.open(config, models=scripted, device=device) as assistant:
            return [event async for event in assistant.events()]

    return run_virtual(main())


async def echo(messages: Sequence[Message]) -> AsyncIterator[str]:
    yield "You said: "
    yield messages[-1].text


def test_the_messages_are_the_conversation_and_end_with_the_user_s_turn() -> None:
    asked: list[list[tuple[str, str]]] = []

    async def answer(messages: Sequence[Message]) -> AsyncIterator[str]:
        asked.append([(message.role, message.text) for message in messages])
        yield f"Answer to {messages[-1].text}"

    converse(answer, ScriptedRecognizer("First?", "Second?"), [(0.5, 1.5), (7.0, 8.0)])
    assert asked[0] == [("system", "Be kind."), ("user", "First?")]
    assert asked[-1] == [*asked[0], ("assistant", "Answer to First?"), ("user", "Second?")]


def test_a_turn_without_words_is_an_empty_one() -> None:
    async def main() -> list[str]:
        return [delta.text async for delta in FunctionModel(echo).reply((), UserTurn(audio_ids=(1,)))]

    assert run_virtual(main()) == ["You said: ", ""]


def test_a_speculation_that_is_given_up_closes_the_generator() -> None:
    running = 0
    most = 0

    async def slow(messages: Sequence[Message]) -> AsyncIterator[str]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            for _ in range(100):
                await asyncio.sleep(0.1)
                yield "word "
        finally:
            running -= 1

    words = ScriptedRecognizer("this goes on. And on. And on. And on. And it ends.", word_s=0.2)
    events = converse(slow, words, [(0.5, 1.3), (1.6, 3.5)], end_of_turn=0.1)
    outcomes = [event.outcome for event in events if isinstance(event, SpeculationEnded)]
    assert {Outcome.CANCELLED, Outcome.SUPERSEDED} & set(outcomes)
    assert most == 1, "each is closed before the next begins"
    assert running == 0


def test_an_exception_in_it_is_an_apology_and_a_notice() -> None:
    async def broken(messages: Sequence[Message]) -> AsyncIterator[str]:
        raise LookupError("no such page")
        yield ""

    events = converse(broken)
    (turn,) = [event.report for event in events if isinstance(event, TurnFinished)]
    assert turn.heard_text == apology()
    notice = Notice("The chat model failed: no such page.", True, Part.LLM, Code.FAILED)
    assert [event for event in events if isinstance(event, Notice)] == [notice]
    assert (turn.error, turn.error_part) == (notice.text, Part.LLM)


def test_its_own_sentence_for_the_user_is_shown_as_it_is() -> None:
    async def refusing(messages: Sequence[Message]) -> AsyncIterator[str]:
        yield "Well, "
        raise ChatModelError("The library is closed.")

    (turn,) = [event.report for event in converse(refusing) if isinstance(event, TurnFinished)]
    assert turn.error == "The library is closed."
    assert turn.heard_text.startswith("Well,")


def test_an_iterator_that_can_t_be_closed_will_do() -> None:
    class Once:
        def __init__(self, messages: Sequence[Message]) -> None:
            self._texts = ["You said ", "it."]

        def __aiter__(self) -> "Once":
            return self

        async def __anext__(self) -> str:
            if not self._texts:
                raise StopAsyncIteration
            return self._texts.pop(0)

    (turn,) = [event.report for event in converse(Once) if isinstance(event, TurnFinished)]
    assert turn.heard_text == "You said it."


def test_a_chat_model_is_one_already() -> None:
    chat = ScriptedChat()
    assert as_chat_model(chat) is chat
    assert as_chat_model(echo).name == "echo"


def test_what_can_t_answer_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="no str"):
        as_chat_model("Yes.")


def test_a_function_that_returns_its_text_is_refused_at_once() -> None:
    async def answer(messages: Sequence[Message]) -> str:
        return "Yes."

    with pytest.raises(TypeError, match="answer is no async generator"):
        as_chat_model(answer)
