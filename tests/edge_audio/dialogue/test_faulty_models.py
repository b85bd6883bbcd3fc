"""Models that break their seam's promises: the user hears which one failed, and may go on."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import numpy as np
import pytest

from edge_audio.asr.recognizer import Recognizer, Transcript, Utterance
from edge_audio.assistant import Assistant
from edge_audio.events import Event, Notice, Part, TurnEnded, TurnFinished
from edge_audio.llm.chat_model import ChatModel, Message, TextDelta, UserTurn
from edge_audio.testing import ScriptedDevice, models, run_virtual
from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import SpokenChunk, Style, Voice


def converse(**given: Any) -> list[Event]:
    async def main() -> list[Event]:
        device = ScriptedDevice([(0.5, 2.0)])
        async with Assistant.open(models=models(**given), device=device) as assistant:
            return [event async for event in assistant.events()]

    return run_virtual(main())


def notices(events: list[Event], part: Part) -> set[str]:
    return {event.text for event in events if isinstance(event, Notice) and event.part is part}


class SamplesVoice(Voice):
    """Makes such samples of every clause."""

    name = "samples"
    sample_rate_hz = 24_000

    def __init__(self, pcm: Any) -> None:
        self._pcm = pcm

    async def speak(self, clause: Clause, style: Style) -> AsyncGenerator[SpokenChunk, None]:
        yield SpokenChunk(self._pcm, clause.text_start, clause.text_start + len(clause.text))


@pytest.mark.parametrize(
    ("pcm", "told"),
    [
        (np.full(4800, 10_000, np.int16), "int16 of shape (4800,) where float32 of shape (n,) is due"),
        (np.zeros((4800, 2), np.float32), "float32 of shape (4800, 2) where float32 of shape (n,) is due"),
        ([0.1] * 4800, "list where float32 of shape (n,) is due"),
        (np.full(4800, np.nan, np.float32), "samples that are not numbers (NaN or infinity)"),
    ],
)
def test_samples_that_no_voice_may_make_are_not_played(pcm: object, told: str) -> None:
    events = converse(voice=SamplesVoice(pcm))
    assert notices(events, Part.TTS) == {f"The voice samples made {told}."}
    assert [event.report.heard_text for event in events if isinstance(event, TurnFinished)] == [""]


class RefusingChat(ChatModel):
    """Fails before it has begun."""

    name = "refusing"

    def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        raise RuntimeError("not today")


def test_a_chat_model_that_fails_as_it_is_asked_fails_one_reply() -> None:
    events = converse(chat=RefusingChat())
    assert notices(events, Part.LLM) == {"The chat model failed: not today."}
    assert len([event for event in events if isinstance(event, TurnFinished)]) == 1


async def bytes_of(messages: Sequence[Message]) -> AsyncGenerator[Any, None]:
    yield b"Hello."


def test_a_chat_function_that_yields_no_text_is_told_what_it_must_yield() -> None:
    assert notices(converse(chat=bytes_of), Part.LLM) == {
        "The chat model failed: bytes_of must yield text, not bytes."
    }


class FaultyRecognizer(Recognizer, Utterance):
    """Raises `failure` in the method `place`, or else hears `heard`."""

    name = "faulty"

    def __init__(self, place: str = "", heard: Any = None) -> None:
        self._place = place
        self._heard = heard

    def open(self) -> Utterance:
        self._pass("open")
        return self

    def feed(self, pcm: Any) -> None:
        self._pass("feed")

    async def transcribe(self, *, partial: bool = False) -> Any:  # type: ignore[override]
        return self._heard

    def _pass(self, place: str) -> None:
        if place == self._place:
            raise RuntimeError(f"no {place} today")


@pytest.mark.parametrize("place", ["open", "feed"])
def test_a_recognizer_that_takes_no_sound_is_reported_and_the_conversation_goes_on(place: str) -> None:
    events = converse(recognizer=FaultyRecognizer(place))
    assert notices(events, Part.ASR) == {f"The recognizer failed: no {place} today"}
    assert not [event for event in events if isinstance(event, TurnEnded)]


@pytest.mark.parametrize("heard", ["Hello.", None, Transcript(5)])  # type: ignore[arg-type]
def test_what_is_no_transcript_is_reported_and_the_conversation_goes_on(heard: object) -> None:
    events = converse(recognizer=FaultyRecognizer(heard=heard))
    assert notices(events, Part.ASR) == {f"The recognizer failed: {heard!r} is no transcript"}


def test_a_blank_transcript_is_no_turn() -> None:
    events = converse(recognizer=FaultyRecognizer(heard=Transcript(" \n")))
    assert not [event for event in events if isinstance(event, TurnEnded)]
