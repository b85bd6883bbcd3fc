"""A stage for programs that name no models and no device: they find scripted ones."""

from typing import Any

import pytest

from edge_audio.adapters import Models
from edge_audio.asr.recognizer import Recognizer
from edge_audio.config import Config
from edge_audio.testing import ScriptedChat, ScriptedDevice, ScriptedRecognizer, ToneVoice, models


class Stage:
    """What a program opens in place of hardware and models."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.device = ScriptedDevice([(0.5, 1.5), (6.0, 7.0)])
        self.recognizer: Recognizer = ScriptedRecognizer("What time is it?")
        self.voice = ToneVoice(pitch_hz=440.0)
        self.conversations = 0
        monkeypatch.setattr("edge_audio.assistant.open_device", lambda config: self.device)
        monkeypatch.setattr("edge_audio.adapters.load_models", self._load)
        monkeypatch.setattr("edge_audio.speech.load_voice", lambda config: self.voice)
        monkeypatch.setattr("edge_audio.speech.load_recognizer", lambda config: self.recognizer)

    async def _load(self, config: Config, *, conversations: int = 1, **given: Any) -> Models:
        self.conversations = conversations
        scripted = {"chat": ScriptedChat("It is late."), "voice": self.voice, "recognizer": self.recognizer}
        return models(**scripted | {seam: model for seam, model in given.items() if model is not None})
