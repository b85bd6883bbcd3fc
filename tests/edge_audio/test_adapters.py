"""Loading what a config names, with settings that load stand-ins."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import ClassVar

import numpy as np
import pytest

from edge_audio.adapters import Models, load_models, open_models
from edge_audio.asr.recognizer import Recognizer, RecognizerConfig, Transcript, Utterance
from edge_audio.audio.frame import Samples
from edge_audio.config import Config
from edge_audio.llm.chat_model import ChatModel, ChatModelConfig, Message, TextDelta, Transcriber, UserTurn
from edge_audio.llm.fallback import FallbackConfig
from edge_audio.settings import Shared
from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import SpokenChunk, Style, Voice, VoiceConfig
from edge_audio.turns.detectors import (
    EndOfTurnConfig,
    EndOfTurnModel,
    SpeechDetector,
    SpeechDetectorConfig,
    SpeechSession,
)
from runtime.errors import UserError


class Ledger:
    """What was done with a model."""

    deeds: ClassVar[list[str]] = []

    def __init__(self, name: str) -> None:
        self.name = name
        self.deeds.append(f"load {name}")

    async def warm_up(self) -> None:
        self.deeds.append(f"warm up {self.name}")

    async def close(self) -> None:
        self.deeds.append(f"close {self.name}")


class Detector(Ledger, SpeechDetector):
    def session(self) -> SpeechSession:
        raise NotImplementedError


class Judge(Ledger, EndOfTurnModel):
    async def probability(self, pcm: Samples) -> float:
        return 0.5


class Ear(Ledger, Recognizer):
    def open(self) -> Utterance:
        raise NotImplementedError


class Chat(Ledger, ChatModel):
    async def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        yield TextDelta("Yes.")


class Hearing(Chat, Transcriber):
    """Hears audio tokens."""

    hears = "codes"

    @property
    def transcriber(self) -> Transcriber:
        return self

    async def transcribe(self, audio_ids: tuple[int, ...]) -> Transcript:
        return Transcript("Yes.")


class Speaker(Ledger, Voice):
    sample_rate_hz = 16_000

    async def speak(self, clause: Clause, style: Style) -> AsyncGenerator[SpokenChunk, None]:
        yield SpokenChunk(np.zeros(1, np.float32), 0, 1)


class Vad(SpeechDetectorConfig, frozen=True):
    def load(self, shared: Shared) -> SpeechDetector:
        return Detector("vad")


class EndOfTurn(EndOfTurnConfig, frozen=True):
    def load(self, shared: Shared) -> EndOfTurnModel:
        return Judge("end of turn")


class Asr(RecognizerConfig, frozen=True):
    def load(self, shared: Shared) -> Recognizer:
        return Ear("words")


class Llm(ChatModelConfig, frozen=True):
    name: str = "chat"

    def load(self, shared: Shared) -> ChatModel:
        return Chat(self.name)


class HearingLlm(ChatModelConfig, frozen=True):
    def load(self, shared: Shared) -> ChatModel:
        return Hearing("chat")

    def hearing(self, words: Recognizer | None, shared: Shared) -> Recognizer:
        return Ear(f"codes and {words.name}" if words else "codes")


class Tts(VoiceConfig, frozen=True):
    def load(self, shared: Shared) -> Voice:
        return Speaker("voice")


def config(
    asr: RecognizerConfig | None = Asr(),  # noqa: B008
    llm: ChatModelConfig | None = Llm(),  # noqa: B008
    fallback: FallbackConfig | None = None,
) -> Config:
    return Config(vad=Vad(), end_of_turn=EndOfTurn(), asr=asr, llm=llm, tts=Tts(), fallback=fallback)


@pytest.fixture(autouse=True)
def deeds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(Ledger, "deeds", found)
    return found


def load(config: Config) -> Models:
    return asyncio.run(load_models(config))


def test_models_are_loaded_and_warmed_up_and_closed_with_the_block(deeds: list[str]) -> None:
    async def main() -> None:
        async with open_models(config()) as models:
            assert models.names() == {"asr": "words", "llm": "chat", "tts": "voice"}
            assert {"load words", "load chat", "load voice", "load vad", "load end of turn"} <= set(deeds)
            assert {"warm up words", "warm up chat", "warm up voice"} <= set(deeds)
            deeds.clear()

    asyncio.run(main())
    assert deeds == ["close vad", "close end of turn", "close words", "close chat", "close voice"]


def test_what_is_given_is_used_as_it_is_and_stays_open(deeds: list[str]) -> None:
    async def main() -> None:
        given = {"recognizer": Ear("mine"), "chat": Chat("mine"), "voice": Speaker("mine")}
        deeds.clear()
        async with open_models(config(asr=None, llm=None), **given) as models:
            assert [models.recognizer, models.chat, models.voice] == list(given.values())

    asyncio.run(main())
    assert sorted(deeds) == ["close end of turn", "close vad", "load end of turn", "load vad"]


def test_a_chat_model_says_what_hears_for_it_and_tells_the_words_where_nothing_else_does() -> None:
    models = load(config(asr=None, llm=HearingLlm()))
    assert models.recognizer.name == "codes"
    assert models.transcriber is models.chat
    models = load(config(llm=HearingLlm()))
    assert models.recognizer.name == "codes and words"
    assert models.transcriber is None


def test_a_second_chat_model_stands_by() -> None:
    models = load(config(fallback=FallbackConfig(llm=Llm(name="other"))))
    assert models.chat.name == "chat or other"


@pytest.mark.parametrize(("missing", "told"), [("asr", "no recognizer"), ("llm", "no chat model")])
def test_a_conversation_without_a_model_is_told_which_table_it_lacks(missing: str, told: str) -> None:
    with pytest.raises(UserError, match=rf"{told}.*\[{missing}\]"):
        load(config(**{missing: None}))


@pytest.mark.parametrize("conversations", [0, -1])
def test_models_for_no_conversation_are_refused_before_anything_is_loaded(
    deeds: list[str], conversations: int
) -> None:
    with pytest.raises(ValueError, match=f"one conversation or more, not for {conversations}"):
        asyncio.run(load_models(Config(), conversations=conversations))
    assert deeds == []
