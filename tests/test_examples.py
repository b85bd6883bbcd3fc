"""Every example runs: in virtual time, with scripted models and no microphone."""

import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from edge_audio.asr.recognizer import Transcript, Word
from edge_audio.testing import ScriptedDevice, ScriptedRecognizer, run_virtual
from tests.support.stage import Stage

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def main_of(example: str) -> Any:
    return runpy.run_path(str(EXAMPLES / f"{example}.py"))["main"]


@pytest.fixture
def question(tmp_path: Path) -> Path:
    """A recording in which something is said."""
    path = tmp_path / "question.wav"
    soundfile.write(path, np.pad(np.full(16_000, 0.5), 8_000), 16_000)
    return path


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.py")), ids=lambda example: example.stem)
def test_an_example_is_short_and_is_run_by_a_test(example: Path) -> None:
    assert len(example.read_text().splitlines()) <= 30
    assert f'main_of("{example.stem}")' in Path(__file__).read_text()


def test_talk(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    run_virtual(main_of("talk")())
    turn = ["You: What time is it?", "Assistant: It is late."]
    assert capsys.readouterr().out.splitlines() == turn * 2


def test_own_chat(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    run_virtual(main_of("own_chat")())
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"What time is it\? -> It is \d\d:\d\d\.", first)
    assert second.endswith("That was your question number 2.")


def test_own_voice(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.device = ScriptedDevice()
    run_virtual(main_of("own_voice")())
    assert capsys.readouterr().out == "Heard: One, two, three.\n"
    beeps = np.flatnonzero(np.abs(stage.device.sound) > 0.05) / stage.device.output_rate_hz
    assert np.count_nonzero(np.diff(beeps) > 0.05) == 2


def test_file_in_file_out(
    stage: Stage, question: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_virtual(main_of("file_in_file_out")(question, tmp_path / "out.wav"))
    assert capsys.readouterr().out == "What time is it? -> It is late.\n"
    pcm, rate_hz = soundfile.read(tmp_path / "out.wav")
    sound = np.flatnonzero(np.abs(pcm) > 0.4) / rate_hz
    assert 1.5 < sound[0] < 3.0
    assert sound[-1] - sound[0] == pytest.approx(len("It is late.") * 0.06, abs=0.05)


def test_announcements(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.device = ScriptedDevice()
    run_virtual(main_of("announcements")())
    assert capsys.readouterr().out.splitlines() == [
        "You were told: The eggs are done.",
        "You were told: And the tea is ready.",
    ]


def test_several_conversations(stage: Stage, question: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_virtual(main_of("several_conversations")(question, question))
    assert capsys.readouterr().out.splitlines() == ["question.wav: What time is it? -> It is late."] * 2
    assert stage.conversations == 2


def test_speak_and_transcribe(stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = (Word("The", 0.1, 0.2), Word("train.", 0.25, 0.6))
    stage.recognizer = ScriptedRecognizer(Transcript("The train.", words))
    main_of("speak_and_transcribe")(tmp_path)
    assert capsys.readouterr().out.splitlines() == [
        f"2.0 s of speech: {tmp_path / 'hello.wav'}",
        "The train.",
        " 0.10 s  The",
        " 0.25 s  train.",
    ]
