"""`edge-audio say` with Step-Audio's voice: the toy's sound is noise, its way is the real one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

SPEECH = Path(__file__).parents[2] / "data" / "golden" / "audio" / "speech_a_native.wav"

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def config(toy_models: Path, tmp_path: Path) -> Path:
    path = tmp_path / "toy.toml"
    path.write_text(f'[tts]\nadapter = "step-audio"\nsteps = 2\n[step_audio]\nmodels = "{toy_models}"\n')
    return path


def test_a_text_is_spoken_in_the_voice_of_a_recording(run: Run, config: Path, toy_models: Path) -> None:
    assert run("voices", "add", "Ann", "--audio", SPEECH, "--text", "Hello.", "--models", toy_models)[0] == 0
    status, said = run("say", "Good morning.", "--config", config, "--voice", "Ann", "--output", "out.wav")
    assert status == 0, said
    pcm, rate_hz = soundfile.read("out.wav")
    assert rate_hz == 24_000
    assert np.abs(pcm).max() > 0.001


def test_a_line_is_spoken_as_its_tag_wants(
    run: Run, config: Path, toy_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("voices", "add", "Ann", "--audio", SPEECH, "--text", "Hello.", "--models", toy_models)
    sounds = []
    for text in ("Yes.", "(happy) Yes.", "(高兴1)Yes.", "(humming) Yes."):
        status, said = run("say", text, "--config", config, "--output", "out.wav")
        assert status == 0, said
        sounds.append(soundfile.read("out.wav")[0])
    plain, happy, released, humming = sounds
    assert np.array_equal(happy, released)
    assert not np.array_equal(happy, plain)
    assert not np.array_equal(happy, humming)


def test_without_a_voice_it_is_told_how_to_make_one(run: Run, config: Path) -> None:
    status, said = run("say", "Hello.", "--config", config, "--output", "out.wav")
    assert status == 2
    assert said.startswith("edge-audio: ")
    assert said.count("\n") == 1
    assert "voices" in said


def test_models_that_are_not_there_are_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "none.toml").write_text('[tts]\nadapter = "step-audio"\n[step_audio]\nmodels = "none"\n')
    status, said = run("say", "Hello.", "--config", "none.toml", "--output", "out.wav")
    assert status == 2
    assert "There is no model 'none'" in said
