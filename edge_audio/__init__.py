"""Edge Audio: real-time spoken conversation on the device in front of you.

`Assistant.open` holds a conversation; `speak` and `transcribe` do half of one. The names below are the public
API; `edge_audio.blocking` has the two functions for programs without an event loop, and `edge_audio.testing`
what tests of such programs need. Each name is imported when it is used, so that the package itself costs
nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import runtime as runtime  # before any library of a model is: it turns ONNX Runtime's telemetry off

if TYPE_CHECKING:
    from edge_audio.adapters import Models as Models
    from edge_audio.adapters import open_models as open_models
    from edge_audio.asr.recognizer import Recognizer as Recognizer
    from edge_audio.asr.recognizer import Transcript as Transcript
    from edge_audio.assistant import Assistant as Assistant
    from edge_audio.audio.device import AudioDevice as AudioDevice
    from edge_audio.config import Config as Config
    from edge_audio.config import load_config as load_config
    from edge_audio.events import Announced as Announced
    from edge_audio.events import Event as Event
    from edge_audio.events import Heard as Heard
    from edge_audio.events import Notice as Notice
    from edge_audio.events import ReplyStarted as ReplyStarted
    from edge_audio.events import ReplyText as ReplyText
    from edge_audio.events import StateChanged as StateChanged
    from edge_audio.events import TurnEnded as TurnEnded
    from edge_audio.events import TurnFinished as TurnFinished
    from edge_audio.llm.chat_model import ChatModel as ChatModel
    from edge_audio.llm.chat_model import ChatModelError as ChatModelError
    from edge_audio.llm.chat_model import Message as Message
    from edge_audio.llm.chat_model import TextDelta as TextDelta
    from edge_audio.llm.chat_model import UserTurn as UserTurn
    from edge_audio.speech import Speech as Speech
    from edge_audio.speech import speak as speak
    from edge_audio.speech import transcribe as transcribe
    from edge_audio.text.clauses import Clause as Clause
    from edge_audio.tts.voice import SpokenChunk as SpokenChunk
    from edge_audio.tts.voice import Style as Style
    from edge_audio.tts.voice import Voice as Voice
    from edge_audio.tts.voice import VoiceError as VoiceError
    from runtime.actor import ActorFailed as ActorFailed
    from runtime.errors import UserError as UserError

__version__ = "0.1.0"

_HOMES = {
    "ActorFailed": "runtime.actor",
    "Announced": "edge_audio.events",
    "Assistant": "edge_audio.assistant",
    "AudioDevice": "edge_audio.audio.device",
    "ChatModel": "edge_audio.llm.chat_model",
    "ChatModelError": "edge_audio.llm.chat_model",
    "Clause": "edge_audio.text.clauses",
    "Config": "edge_audio.config",
    "Event": "edge_audio.events",
    "Heard": "edge_audio.events",
    "Message": "edge_audio.llm.chat_model",
    "Models": "edge_audio.adapters",
    "Notice": "edge_audio.events",
    "Recognizer": "edge_audio.asr.recognizer",
    "ReplyStarted": "edge_audio.events",
    "ReplyText": "edge_audio.events",
    "Speech": "edge_audio.speech",
    "SpokenChunk": "edge_audio.tts.voice",
    "StateChanged": "edge_audio.events",
    "Style": "edge_audio.tts.voice",
    "TextDelta": "edge_audio.llm.chat_model",
    "Transcript": "edge_audio.asr.recognizer",
    "TurnEnded": "edge_audio.events",
    "TurnFinished": "edge_audio.events",
    "UserError": "runtime.errors",
    "UserTurn": "edge_audio.llm.chat_model",
    "Voice": "edge_audio.tts.voice",
    "VoiceError": "edge_audio.tts.voice",
    "load_config": "edge_audio.config",
    "open_models": "edge_audio.adapters",
    "speak": "edge_audio.speech",
    "transcribe": "edge_audio.speech",
}
"""Where each public name lives."""

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if (home := _HOMES.get(name)) is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
