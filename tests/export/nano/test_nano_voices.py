"""The speakers as voices."""

from pathlib import Path

import numpy as np

from edge_audio.step_audio.voice_encoder import VoiceEncoder
from edge_audio.step_audio.voices import VoiceRegistry
from export.nano.style import SPEAKERS, Style
from export.nano.synthesizer import Phone, Speech
from export.nano.voices import TEXT, write_voices


class Hum:
    """A `Synthesizer` that hums, and counts how often."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def say(self, sentence: str, style: Style) -> Speech:
        self.said.append((sentence, style.speaker.name))
        pcm = 0.3 * np.sin(2 * np.pi * 150 * np.arange(16_000) / 16_000)
        return Speech(pcm.astype(np.float32), (Phone("aa", 1.0),))


def test_each_speaker_becomes_a_voice_once(toy_models: Path, tmp_path: Path) -> None:
    hum, encode = Hum(), VoiceEncoder(toy_models)

    names = write_voices(tmp_path, hum, encode)

    assert sorted(names) == sorted(speaker.name for speaker in SPEAKERS)
    assert hum.said == [(TEXT, speaker.name) for speaker in SPEAKERS]
    assert VoiceRegistry(tmp_path).load(names[0]).text == TEXT
    assert write_voices(tmp_path, hum, encode) == names
    assert len(hum.said) == len(SPEAKERS)
