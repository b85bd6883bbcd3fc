"""Conversations between a scripted device and scripted models, in virtual time."""

import subprocess
import sys

import numpy as np
import pytest

import edge_audio.testing
from edge_audio.assistant import Assistant
from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.events import Event, Notice, ReplyStarted, TurnEnded, TurnFinished
from edge_audio.llm.chat_model import ChatModelError, Message, UserTurn
from edge_audio.testing import (
    ScriptedChat,
    ScriptedDevice,
    ScriptedEndOfTurn,
    ScriptedRecognizer,
    ToneVoice,
    models,
    run_virtual,
)
from edge_audio.tts.voice import VoiceError
from runtime import clock


def events_of(device: ScriptedDevice, scripted: edge_audio.adapters.Models) -> list[Event]:
    """Return what happens until the conversation is over."""

    async def main() -> list[Event]:
        async with Assistant.open(models=scripted, device=device) as assistant:
            return [event async for event in assistant.events()]

    return run_virtual(main())


def reports(events: list[Event]) -> list[tuple[str, str, str | None]]:
    """Return of each turn what was said, what was heard of the reply, and what went wrong."""
    found = [event.report for event in events if isinstance(event, TurnFinished)]
    return [(report.user_text, report.heard_text, report.error) for report in found]


def test_the_example_of_the_package_holds() -> None:
    doc = edge_audio.testing.__doc__ or ""
    example = doc[doc.index("    async def") : doc.index("What they compute")]
    names = vars(edge_audio) | vars(edge_audio.testing)
    names |= {"Assistant": Assistant, "TurnEnded": TurnEnded}
    exec("\n".join(line[4:] for line in example.splitlines()), names)


def test_each_turn_is_said_and_answered_as_the_scripts_have_it_and_the_end_is_by_itself() -> None:
    device = ScriptedDevice([(0.5, 2.0), (6.0, 7.0)])
    chat = ScriptedChat("One is this.", "Two is that.")
    events = events_of(device, models(recognizer=ScriptedRecognizer("First?", "Second?"), chat=chat))
    assert reports(events) == [("First?", "One is this.", None), ("Second?", "Two is that.", None)]
    context, turn = chat.prompts[-1]
    assert [message.text for message in context if message.role != "system"] == ["First?", "One is this."]
    assert turn.transcript == "Second?"
    assert 7.0 < device.played[-1][0] < 12.0


def test_what_is_played_stands_at_its_time() -> None:
    device = ScriptedDevice([(0.5, 2.0)], rate_hz=1000)
    voice = ToneVoice(rate_hz=1000, character_s=0.05)
    events = events_of(device, models(chat=ScriptedChat("Yes, I do."), voice=voice))
    (began_s,) = [event.at_s for event in events if isinstance(event, ReplyStarted)]
    sound = np.flatnonzero(device.sound)
    assert sound[0] / 1000 == pytest.approx(began_s, abs=0.02)
    assert len(sound) == pytest.approx(len("Yes, I do.") * 50, abs=10)


def test_a_device_may_speak_samples_and_end_after_a_time() -> None:
    tone = np.full(INPUT_RATE_HZ, 0.25, np.float32)
    recognizer = ScriptedRecognizer("Hello?")
    device = ScriptedDevice([(0.51, tone)], length_s=10.0)
    assert reports(events_of(device, models(recognizer=recognizer))) == [("Hello?", "Hello.", None)]
    assert len(device.played) == 500
    heard = recognizer.utterances[0].pcm
    assert np.count_nonzero(heard) == len(tone)
    assert heard.max() == 0.25


def test_words_are_heard_as_they_are_spoken_if_they_take_time() -> None:
    recognizer = ScriptedRecognizer("one two three four five", word_s=0.3)
    events = events_of(ScriptedDevice([(0.5, 1.5)]), models(recognizer=recognizer))
    assert [event.user_text for event in events if isinstance(event, TurnEnded)] == ["one two three"]


def test_failures_are_raised_where_they_stand() -> None:
    device = ScriptedDevice([(0.5, 1.5), (8.0, 9.0)])
    chat = ScriptedChat(["Well. ", ChatModelError("It broke.")], "Fine.")
    events = events_of(device, models(chat=chat))
    assert reports(events)[0][2] == "It broke."
    assert reports(events)[1] == ("Hello.", "Fine.", None)
    (broken,) = reports(events_of(device, models(voice=ToneVoice(failing=VoiceError("No breath.")))))[:1]
    assert broken[2] == "No breath."
    ears = models(recognizer=ScriptedRecognizer(RuntimeError("no ear"), "Hello?"))
    events = events_of(ScriptedDevice([(0.5, 1.5)], length_s=5.0), ears)
    assert any("no ear" in event.text for event in events if isinstance(event, Notice))
    judge = models(end_of_turn=ScriptedEndOfTurn(RuntimeError("no judge")))
    events = events_of(ScriptedDevice([(0.5, 1.5)]), judge)
    assert any("no judge" in event.text for event in events if isinstance(event, Notice))


def test_a_chat_function_will_do() -> None:
    async def answer(messages: list[Message]):
        yield f"You said: {messages[-1].text}"

    events = events_of(ScriptedDevice([(0.5, 1.5)]), models(chat=answer))
    assert reports(events) == [("Hello.", "You said: Hello.", None)]


def test_costs_pass_on_the_clock() -> None:
    async def main() -> float:
        began_s = clock.now()
        await ScriptedEndOfTurn(0.5, delay_s=0.25).probability(np.zeros(1, np.float32))
        return clock.now() - began_s

    assert run_virtual(main()) == pytest.approx(0.25)


def test_it_imports_no_library_of_a_model_and_no_test_framework() -> None:
    heavy = "onnxruntime torch ctranslate2 faster_whisper xllamacpp hibari livekit sounddevice httpx pytest"
    program = (
        f"import sys, edge_audio.testing; print(*[name for name in {heavy.split()} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_all_replies_to_a_turn_are_the_same_and_the_last_is_repeated() -> None:
    async def main() -> list[str]:
        chat = ScriptedChat("One.", "Two.")
        before = [[Message("user", "?"), Message("assistant", "!")] * turns for turns in (0, 0, 1, 1, 2)]
        return [
            "".join([delta.text async for delta in chat.reply(context, UserTurn("Well?"))])
            for context in before
        ]

    assert run_virtual(main()) == ["One.", "One.", "Two.", "Two.", "Two."]
