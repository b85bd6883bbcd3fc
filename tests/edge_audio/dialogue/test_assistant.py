"""What a program does with an assistant, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from edge_audio.assistant import Assistant
from edge_audio.events import Announced, Event, ReplyStarted, TurnEnded, TurnFinished
from edge_audio.testing import ScriptedChat, ScriptedDevice, models
from runtime import clock

Script = Callable[[Assistant], Awaitable[None]]


class Stage:
    """An assistant, whom to ask what its chat model was asked, and what it played."""

    def __init__(self, speech: list[tuple[float, float]] = []) -> None:  # noqa: B006
        self.chat = ScriptedChat("This is the reply to it, and there is a lot of it.", delay_s=0.1)
        self.device = ScriptedDevice(speech, length_s=60.0)
        self.events: list[Event] = []

    def run(self, script: Script) -> None:
        async def main() -> None:
            async with Assistant.open(models=models(chat=self.chat), device=self.device) as assistant:
                assistant.watch(self.events.append)
                await script(assistant)

        clock.run_virtual(main())

    def of(self, kind: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


def test_it_says_a_text_by_itself_and_remembers_it() -> None:
    stage = Stage()

    async def script(assistant: Assistant) -> None:
        assert await assistant.say(" Dinner is ready. ") == "Dinner is ready."
        assistant.user_typed("Thank you.")
        await asyncio.sleep(5.0)

    stage.run(script)
    (announced,) = stage.of(Announced)
    assert announced == Announced(announced.epoch, "Dinner is ready.", "Dinner is ready.", False)
    context, turn = stage.chat.prompts[0]
    assert [message.text for message in context if message.role == "assistant"] == ["Dinner is ready."]
    assert turn.transcript == "Thank you."
    assert len(stage.of(TurnFinished)) == 1


def test_texts_wait_for_each_other_and_for_the_reply() -> None:
    stage = Stage()

    async def script(assistant: Assistant) -> None:
        assistant.user_typed("Hello.")
        heard = [assistant.say("One is this."), assistant.say("Two is that.")]
        assert await asyncio.gather(*heard) == ["One is this.", "Two is that."]

    stage.run(script)
    ends = [type(event) for event in stage.events if isinstance(event, TurnFinished | Announced)]
    assert ends == [TurnFinished, Announced, Announced]


def test_a_text_is_cut_short_by_an_interruption_and_kept_as_far_as_it_was_heard() -> None:
    stage = Stage()

    async def script(assistant: Assistant) -> None:
        saying = assistant.say("This is a long story, and nobody wants to hear all of it to the end.")
        async for event in assistant.events():
            if isinstance(event, ReplyStarted):
                break
        await asyncio.sleep(1.0)
        assistant.interrupt()
        assert saying.done()
        assert 0 < len(saying.result()) < 60

    stage.run(script)
    (announced,) = stage.of(Announced)
    assert isinstance(announced, Announced)
    assert announced.interrupted


def test_a_text_that_was_never_begun_is_given_up_at_the_end() -> None:
    stage = Stage(speech=[(0.1, 50.0)])
    waiting: list[asyncio.Future[str]] = []

    async def script(assistant: Assistant) -> None:
        await asyncio.sleep(1.0)
        waiting.extend(assistant.say(f"Number {number}.") for number in range(20))
        await asyncio.sleep(1.0)
        assert sum(saying.done() for saying in waiting) == 4, "no more than 16 wait"

    stage.run(script)
    assert [saying.result() for saying in waiting] == [""] * 20


def test_nothing_is_not_said() -> None:
    async def script(assistant: Assistant) -> None:
        with pytest.raises(ValueError, match="nothing to say"):
            assistant.say("  ")

    Stage().run(script)


def test_events_are_iterated_over_until_the_conversation_ends() -> None:
    stage = Stage(speech=[(0.5, 2.0)])
    seen: list[Event] = []

    async def script(assistant: Assistant) -> None:
        async for event in assistant.events():
            seen.append(event)
            if isinstance(event, TurnFinished):
                assistant.close()

    stage.run(script)
    assert any(isinstance(event, TurnEnded) for event in seen)
    assert seen == stage.events[: len(seen)]


def test_a_device_whose_input_ends_ends_the_conversation_and_late_readers_get_nothing() -> None:
    async def script(assistant: Assistant) -> None:
        await assistant.ended()
        assert clock.now() == pytest.approx(60.0, abs=0.1)
        assert [event async for event in assistant.events()] == []

    Stage().run(script)


def test_muted_it_hears_nothing() -> None:
    stage = Stage(speech=[(1.0, 3.0)])

    async def script(assistant: Assistant) -> None:
        assistant.mute()
        await assistant.ended()

    stage.run(script)
    assert not stage.of(TurnEnded)


def test_an_error_in_the_block_ends_the_conversation_and_goes_on() -> None:
    async def script(assistant: Assistant) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        Stage().run(script)
