"""Loading: what a config names becomes a model for every seam.

What it may name is found by `edge_audio.plugins`; each adapter's settings load it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from edge_audio.asr.recognizer import Recognizer
from edge_audio.audio.device import AudioDevice
from edge_audio.config import Config
from edge_audio.llm.chat_model import ChatModel, ChatModelConfig, Transcriber
from edge_audio.settings import Shared
from edge_audio.tts.voice import Voice
from edge_audio.turns.detectors import EndOfTurnModel, SpeechDetector
from runtime.errors import UserError
from runtime.memory import give_back

_ModelT = TypeVar("_ModelT", Recognizer, ChatModel, Voice)


@dataclass(frozen=True, slots=True)
class Models:
    """A loaded model for every seam. Any number of conversations may share them."""

    detector: SpeechDetector
    end_of_turn: EndOfTurnModel
    recognizer: Recognizer
    chat: ChatModel
    voice: Voice
    transcriber: Transcriber | None = None
    """Tells the words of what was said, where the recognizer doesn't."""

    @property
    def all(self) -> tuple[SpeechDetector | EndOfTurnModel | Recognizer | ChatModel | Voice, ...]:
        """All of them, in the order in which speech meets them."""
        return self.detector, self.end_of_turn, self.recognizer, self.chat, self.voice

    def names(self) -> Mapping[str, str]:
        """Return what each seam runs on, for reports."""
        return {"asr": self.recognizer.name, "llm": self.chat.name, "tts": self.voice.name}

    async def close(self) -> None:
        """Free all of them; waits for none."""
        for model in self.all:
            await model.close()


async def load_models(
    config: Config,
    *,
    recognizer: Recognizer | None = None,
    chat: ChatModel | None = None,
    voice: Voice | None = None,
    conversations: int = 1,
) -> Models:
    """Load what a conversation needs, side by side, and warm it up.

    What is given is used as it is, in place of what the config names. `conversations` is how many are to
    share the models at a time: a local chat model keeps so many prompts cached, which costs memory. Raises
    `UserError` where the config names no such model or it isn't here, `ValueError` for fewer `conversations`
    than one.
    """
    if conversations < 1:
        raise ValueError(f"models are loaded for one conversation or more, not for {conversations}")
    shared = replace(config.shared, conversations=conversations)
    tells_words = recognizer is not None or config.asr is not None
    answers = config.llm if chat is None else None
    detector, end_of_turn, hearing, answering, speaking = await asyncio.gather(
        asyncio.to_thread(config.vad.load, shared),
        asyncio.to_thread(config.end_of_turn.load, shared),
        _ready(recognizer, lambda: _load_hearing(config, answers)),
        _ready(chat, lambda: load_chat_model(config, shared)),
        _ready(voice, lambda: load_voice(config)),
    )
    await asyncio.to_thread(give_back)
    transcriber = None if tells_words else answering.transcriber
    return Models(detector, end_of_turn, hearing, answering, speaking, transcriber)


@asynccontextmanager
async def open_models(
    config: Config,
    *,
    recognizer: Recognizer | None = None,
    chat: ChatModel | None = None,
    voice: Voice | None = None,
    conversations: int = 1,
) -> AsyncGenerator[Models, None]:
    """Load models as `load_models` does, for as long as the block runs; what was given isn't closed."""
    models = await load_models(
        config, recognizer=recognizer, chat=chat, voice=voice, conversations=conversations
    )
    try:
        yield models
    finally:
        for model in models.all:
            if model not in (recognizer, chat, voice):
                await model.close()


def load_recognizer(config: Config) -> Recognizer:
    """Load the recognizer of words. Blocks. Raises `UserError` if the config has none."""
    return _load_hearing(config, None)


def load_chat_model(config: Config, shared: Shared | None = None) -> ChatModel:
    """Load the chat model, or make the client of a server. Blocks. Raises `UserError` if there is none."""
    shared = shared or config.shared
    if config.llm is None:
        raise UserError("The config has no chat model.", "Add a table [llm], as in configs/desktop.toml.")
    model = config.llm.load(shared)
    return model if config.fallback is None else config.fallback.load(model, shared)


def load_voice(config: Config) -> Voice:
    """Load the voice. Blocks. Raises `UserError`."""
    return config.tts.load(config.shared)


def open_device(config: Config) -> AudioDevice:
    """Return the sound device that the config names; it is yet to be opened."""
    return config.audio.load(config.shared)


def _load_hearing(config: Config, chat: ChatModelConfig | None) -> Recognizer:
    """Load what turns speech into what `chat` hears, or into words for a chat model of the caller's."""
    words = None if config.asr is None else config.asr.load(config.shared)
    hearing = words if chat is None else chat.hearing(words, config.shared)
    if hearing is None:
        raise UserError("The config has no recognizer.", "Add a table [asr], as in configs/desktop.toml.")
    return hearing


async def _ready(given: _ModelT | None, load: Callable[[], _ModelT]) -> _ModelT:
    """Return what is `given`, or else what `load`, which blocks, makes, and warm it up."""
    if given is not None:
        return given
    model = await asyncio.to_thread(load)
    await model.warm_up()
    return model
