"""Nano end to end: the Step-Audio path with trained weights, and Whisper to tell what it says."""

import json
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.bench.nano.pitch import median_f0_hz
from edge_audio.commands.talk import DEMO
from edge_audio.config import configs_folder
from tests.support.command import completed
from tests.support.hearing import understood

pytestmark = pytest.mark.models

CONFIG = configs_folder() / "nano.toml"
TEXT = "I would like to go there with my friends, and then have a good time."
HELLO = DEMO.parent / "hello.flac"


def edge_audio(folder: Path, *arguments: str | Path) -> str:
    """Run a command with nano that succeeds, and return what it told."""
    done = completed(*arguments, "--config", CONFIG, folder=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def likeness(first: str, second: str) -> float:
    """Share of letters that two texts have in common, in order, in [0, 1]."""
    letters = ["".join(c for c in text.lower() if c.isalnum()) for text in (first, second)]
    return SequenceMatcher(None, *letters, autojunk=False).ratio()


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """`TEXT`, said by each of nano's voices."""
    folder = tmp_path_factory.mktemp("nano")
    for voice in ("slt", "awb", "rms"):
        edge_audio(folder, "say", TEXT, "--voice", voice, "--output", f"{voice}.wav")
    return {path.stem: path for path in sorted(folder.glob("*.wav"))}


def test_each_voice_is_understood(spoken: dict[str, Path]) -> None:
    heard = dict(zip(spoken, understood(*map(read_audio, spoken.values())), strict=True))
    found = {voice: likeness(text, TEXT) for voice, text in heard.items()}
    assert np.mean(list(found.values())) > 0.8, heard
    assert min(found.values()) > 0.6, heard


def test_the_voices_are_different_people(spoken: dict[str, Path]) -> None:
    pitch_hz = {voice: median_f0_hz(read_audio(path)) for voice, path in spoken.items()}
    assert pitch_hz["slt"] > 1.2 * pitch_hz["awb"] > 1.2 * pitch_hz["rms"], pitch_hz


def test_a_tag_changes_how_long_a_text_lasts(tmp_path: Path, spoken: dict[str, Path]) -> None:
    lasted_s = []
    for tag in ("very fast", "very slow"):
        edge_audio(tmp_path, "say", f"({tag}) {TEXT}", "--voice", "slt", "--output", "out.wav")
        lasted_s.append(soundfile.info(tmp_path / "out.wav").duration)
    usual_s = soundfile.info(spoken["slt"]).duration
    assert lasted_s[0] < 0.85 * usual_s
    assert lasted_s[1] > 1.15 * usual_s


def test_what_nano_was_not_trained_with_is_told(tmp_path: Path) -> None:
    done = completed("say", "(happy) Yes.", "--output", "out.wav", "--config", CONFIG, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "happy" in done.stderr
    assert "very slow" in done.stderr


@pytest.mark.parametrize("options", [(), ("--stream",)])
def test_codes_become_speech_again(tmp_path: Path, spoken: dict[str, Path], options: tuple[str, ...]) -> None:
    told = edge_audio(
        tmp_path, "resynthesize", spoken["rms"], "out.wav", "--voice", "rms", "--json", *options
    )
    assert json.loads(told)["voice"] == "rms"
    first, again = understood(read_audio(spoken["rms"]), read_audio(tmp_path / "out.wav"))
    assert likeness(first, again) > 0.7, (first, again)


def test_a_conversation_is_held_in_nanos_voice(tmp_path: Path) -> None:
    files = ("--input", HELLO, "--output", "out.wav", "--report", "report.json")
    edge_audio(tmp_path, "talk", *files)
    report: dict[str, Any] = json.loads((tmp_path / "report.json").read_text())
    [turn] = report["turns"]
    assert report["models"]["tts"] == "step-audio-tts"
    assert "hello" in turn["user_text"].lower()
    assert turn["error"] is None
    assert turn["heard_text"]
    reply = read_audio(tmp_path / "out.wav")[round(turn["first_audio_s"] * INPUT_RATE_HZ) :]
    (heard,) = understood(reply)
    assert likeness(heard, turn["heard_text"]) > 0.5, (heard, turn["heard_text"])
    assert soundfile.info(tmp_path / "out.wav").samplerate >= INPUT_RATE_HZ
