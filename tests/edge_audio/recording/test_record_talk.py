"""`talk --record` with the real models, and a Ctrl-C in the midst."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.bench.conversation.material import read_questions
from edge_audio.events import SpeechStarted
from edge_audio.recording.folder import read_recording
from tests.support.command import command

QUESTION = read_questions()[0].path


def talk(folder: Path) -> subprocess.Popen[str]:
    return command("talk", "--input", QUESTION, "--record", "kept", folder=folder)


@pytest.mark.models
def test_ctrl_c_leaves_a_recording_that_can_be_read(tmp_path: Path) -> None:
    it = talk(tmp_path)
    deadline_s = time.monotonic() + 30
    while not (tmp_path / "kept" / "heard.wav").exists() and time.monotonic() < deadline_s:
        time.sleep(0.05)
    time.sleep(1.5)
    it.send_signal(signal.SIGINT)
    out, error = it.communicate(timeout=20)
    assert (it.returncode, error) == (0, "")
    assert "Recording into kept: everything that the microphone hears" in out.replace("\n", " ")
    kept = read_recording(tmp_path / "kept")
    heard, asked = kept.heard(), read_audio(QUESTION)
    assert len(heard) > INPUT_RATE_HZ
    assert abs(heard[: len(asked)] - asked[: len(heard)]).max() < 1e-4
    assert any(isinstance(kept_event.event, SpeechStarted) for kept_event in kept.events)


def test_an_existing_folder_is_refused_before_the_models_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine").write_text("mine")
    it = talk(tmp_path)
    _, error = it.communicate(timeout=20)
    assert it.returncode == 2
    assert "kept already exists" in error
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["mine"]
