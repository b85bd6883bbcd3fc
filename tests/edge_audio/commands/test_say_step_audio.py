"""`edge-audio say` with Step-Audio's voice: the toy's sound is noise, its way is the real one."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_audio.step_audio.component import RECORD

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


def test_a_tag_that_the_model_was_not_trained_with_is_told(
    run: Run, config: Path, toy_models: Path, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    for folder in toy_models.iterdir():
        if folder.name != "lm":
            (models / folder.name).symlink_to(folder)
    shutil.copytree(toy_models / "lm", models / "lm")
    record = json.loads((models / "lm" / RECORD).read_text())
    record["settings"]["control_tags"] = ["慢速1", "快速1", "低音", "高音"]
    (models / "lm" / RECORD).write_text(json.dumps(record))
    config.write_text(config.read_text().replace(str(toy_models), str(models)))
    run("voices", "add", "Ann", "--audio", SPEECH, "--text", "Hello.", "--models", models)

    def said(text: str) -> tuple[int, str]:
        return run("say", text, "--config", config, "--output", "out.wav")

    assert said("(low) Yes.")[0] == 0
    status, error = said("Yes.\n(happy) Yes.")
    assert status == 2
    assert "can't do (happy)" in error
    assert "low, high; or leave the brackets out" in error
    status, error = said("(very fast) Yes.")
    assert status == 2
    assert "no speed called 'very fast'. It knows: slow (慢速1), fast (快速1)." in error
    assert error.count("\n") == 1


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
