"""Nano end to end: the Step-Audio path with trained weights, and Whisper to tell what it says."""

import asyncio
import json
import subprocess
import sys
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from edge_audio.adapters import load_recognizer
from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.bench.nano.fundamental import median_f0_hz
from edge_audio.commands.talk import DEMO
from edge_audio.config import configs_folder, load_config

pytestmark = pytest.mark.models

CONFIG = configs_folder() / "nano.toml"
TEXT = "I would like to go there with my friends, and then have a good time."
HELLO = DEMO.parent / "hello.flac"


def command(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `edge-audio` with nano in `folder`."""
    program = [sys.executable, "-c", "from edge_audio.cli import run; run()", *map(str, arguments)]
    return subprocess.run(
        [*program, "--config", str(CONFIG)], cwd=folder, capture_output=True, text=True, timeout=120
    )


def edge_audio(folder: Path, *arguments: str | Path) -> str:
    """Run a command that succeeds, and return what it told."""
    done = command(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def understood(*files: Path) -> list[str]:
    """Return what Whisper makes of each file."""

    async def main() -> list[str]:
        recognizer = load_recognizer(load_config())
        heard = []
        for file in files:
            utterance = recognizer.open()
            utterance.feed(read_audio(file))
            heard.append((await utterance.transcribe()).text)
        await recognizer.close()
        return heard

    return asyncio.run(main())


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
    heard = dict(zip(spoken, understood(*spoken.values()), strict=True))
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
    done = command(tmp_path, "say", "(happy) Yes.", "--output", "out.wav")
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
    first, again = understood(spoken["rms"], tmp_path / "out.wav")
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
    pcm, rate_hz = soundfile.read(tmp_path / "out.wav")
    channel = pcm if pcm.ndim == 1 else pcm[:, -1]
    soundfile.write(tmp_path / "reply.wav", channel[round(turn["first_audio_s"] * rate_hz) :], rate_hz)
    (heard,) = understood(tmp_path / "reply.wav")
    assert likeness(heard, turn["heard_text"]) > 0.5, (heard, turn["heard_text"])
    assert rate_hz >= INPUT_RATE_HZ
