"""What a program does with an assistant, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from weakref import WeakSet

import pytest

from edge_audio.assistant import Assistant
from edge_audio.events import (
    Announced,
    Event,
    Heard,
    ReplyStarted,
    ReplyText,
    SpeechStarted,
    StateChanged,
    TurnEnded,
    TurnFinished,
)
from edge_audio.testing import ScriptedChat, ScriptedDevice, models
from runtime import clock
from runtime.actor import ActorFailed

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


def converse(
    watcher: Callable[[Assistant, Event], object],
    script: Script,
    speech: Sequence[tuple[float, float]] = (),
) -> list[Event]:
    """Hold a conversation with a watcher that may act; return the events as a reader got them."""

    async def main() -> list[Event]:
        device = ScriptedDevice(speech)
        async with Assistant.open(
            models=models(chat=ScriptedChat("One two three.")), device=device
        ) as assistant:
            assistant.watch(lambda event: watcher(assistant, event))
            seen: list[Event] = []
            assistant.watch(seen.append)
            events = assistant.events()
            await script(assistant)
            assistant.close()
            read = [event async for event in events]
        assert read == seen[: len(read)]
        return read

    return clock.run_virtual(main())


def first(kind: type, act: Callable[[Assistant], object]) -> Callable[[Assistant, Event], object]:
    """Return a watcher that acts at the first event of `kind`."""
    done: list[object] = []

    def watcher(assistant: Assistant, event: Event) -> None:
        if isinstance(event, kind) and not done:
            done.append(event)
            act(assistant)

    return watcher


def test_what_a_watcher_says_while_a_typed_turn_interrupts_is_said_after_its_answer() -> None:
    heard: list[asyncio.Future[str]] = []

    async def script(assistant: Assistant) -> None:
        assistant.user_typed("A")
        await asyncio.sleep(0.5)
        assistant.user_typed("B")
        await asyncio.sleep(0)
        assert await asyncio.wait_for(heard[0], 10.0) == "Sorry."

    events = converse(first(TurnFinished, lambda assistant: heard.append(assistant.say("Sorry."))), script)
    assert [type(event) for event in events if isinstance(event, TurnFinished | Announced)] == [
        TurnFinished,
        TurnFinished,
        Announced,
    ]


@pytest.mark.parametrize("kind", [SpeechStarted, StateChanged, TurnEnded, ReplyText, ReplyStarted])
def test_a_watcher_may_type_and_interrupt_at_any_event_and_all_see_one_order(kind: type) -> None:
    async def script(assistant: Assistant) -> None:
        await asyncio.wait_for(assistant.ended(), 20.0)

    def act(assistant: Assistant) -> None:
        assistant.user_typed("What?")
        assistant.interrupt()
        assistant.user_typed("Well?")

    events = converse(first(kind, act), script, [(0.5, 2.0)])
    finished = [event.report for event in events if isinstance(event, TurnFinished)]
    assert finished[-1].heard_text == "One two three."
    place = next(place for place, event in enumerate(events) if isinstance(event, kind))
    typed = [
        later
        for later, event in enumerate(events)
        if isinstance(event, TurnEnded) and (event.user_text or "").endswith("What?")
    ]
    assert typed[0] > place


@pytest.mark.parametrize("kind", [SpeechStarted, Heard, TurnEnded, ReplyText, TurnFinished, Announced])
def test_a_watcher_that_fails_ends_the_conversation_with_what_it_raised(kind: type) -> None:
    async def script(assistant: Assistant) -> None:
        assistant.say("Good bye.")
        await asyncio.sleep(3.0)

    def fail(assistant: Assistant, event: Event) -> None:
        if isinstance(event, kind):
            raise ValueError("mine")

    with pytest.raises(ActorFailed, match="watcher: mine") as failed:
        converse(fail, script, [(0.5, 2.0)])
    assert isinstance(failed.value.__cause__, ValueError)


def test_what_is_said_when_the_device_ends_is_given_up() -> None:
    async def main() -> tuple[str, str]:
        async with Assistant.open(models=models(), device=ScriptedDevice(length_s=1.0)) as assistant:
            cut = await asyncio.wait_for(assistant.say("One two three four five six seven."), 5.0)
            return cut, await asyncio.wait_for(assistant.say("Too late."), 5.0)

    cut, late = clock.run_virtual(main())
    assert cut.startswith("One two")
    assert not cut.endswith("seven.")
    assert late == ""


def test_once_it_is_over_nothing_is_answered_any_more() -> None:
    async def main() -> tuple[str, list[Event]]:
        device = ScriptedDevice([(0.5, 2.0)])
        events: list[Event] = []
        async with Assistant.open(models=models(), device=device) as assistant:
            assistant.watch(events.append)
            assistant.close()
            assistant.user_typed("Anybody there?")
            await asyncio.sleep(5.0)
        assistant.user_typed("Anybody there?")
        assistant.push_to_talk(True)
        return await assistant.say("No."), events

    heard, events = clock.run_virtual(main())
    assert heard == ""
    assert not [event for event in events if isinstance(event, TurnEnded | Announced)]


def test_a_reader_that_is_given_up_is_freed() -> None:
    async def main() -> int:
        device = ScriptedDevice([(0.5, 2.0)])
        async with Assistant.open(models=models(), device=device) as assistant:
            readers: WeakSet[object] = WeakSet()
            for _ in range(3):
                reader = assistant.events()
                readers.add(reader)
                await anext(reader)
                del reader
            return len(readers)

    assert clock.run_virtual(main()) == 0
