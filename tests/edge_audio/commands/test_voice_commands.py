import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

SPEECH = Path(__file__).parents[2] / "data" / "golden" / "audio" / "speech_a_native.wav"

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(run: Run) -> Run:
    """Run `edge-audio voices`."""
    return partial(run, "voices")


def test_a_voice_is_added_listed_and_removed(run: Run, toy_models: Path, tmp_path: Path) -> None:
    status, said = run("add", "Ann", "--audio", SPEECH, "--text", "[Hello] you.", "--models", toy_models)
    assert (status, said.split(":")[0]) == (0, "Ann")
    assert (tmp_path / "voices" / "Ann" / "prompt.wav").is_file()
    assert run("list") == (0, "Ann: [Hello] you.\n")
    status, said = run("remove", "Bob")
    assert status == 2
    assert "Choose one of: Ann" in said
    assert run("remove", "Ann") == (0, "Ann is removed.\n")
    assert run("list") == (0, "There is no voice in voices yet.\n")


def test_a_voice_is_tried(run: Run, toy_models: Path, tmp_path: Path) -> None:
    for name in ("Ann", "AnnRAP"):
        run("add", name, "--audio", SPEECH, "--text", "Hello.", "--models", toy_models)
    sounds = []
    for arguments in (("Ann",), ("AnnRAP",), ("Ann", "--text", "(rap) Yes."), ("AnnRAP", "--text", "Yes.")):
        status, said = run("try", *arguments, "--models", toy_models, "--output", "out.wav")
        assert (status, said.split(": ")[1]) == (0, "out.wav\n")
        sounds.append(soundfile.read("out.wav")[0])
    assert len(sounds[0]) > len(sounds[2])
    assert np.array_equal(sounds[2], sounds[3])


def test_what_other_models_made_of_a_voice_is_made_again_before_it_is_tried(
    run: Run, toy_models: Path, tmp_path: Path
) -> None:
    run("add", "Ann", "--audio", SPEECH, "--text", "Hello.", "--models", toy_models)
    cache = tmp_path / "voices" / "Ann" / "prompt.npz"
    with np.load(cache) as arrays:
        made = dict(arrays)
    np.savez(cache, **{**made, "models": np.array("other"), "codes": made["codes"][:10]})
    assert run("try", "Ann", "--models", toy_models, "--output", "out.wav")[0] == 0
    with np.load(cache) as arrays:
        np.testing.assert_array_equal(arrays["codes"], made["codes"])


def test_a_voice_that_is_not_there_can_not_be_tried(run: Run, toy_models: Path) -> None:
    status, said = run("try", "Ann", "--models", toy_models, "--output", "out.wav")
    assert status == 2
    assert said.startswith("edge-audio: There is no voice to speak with. Add one")


def test_another_folder_of_voices_can_be_named(run: Run, tmp_path: Path) -> None:
    assert run("list", "--voices", tmp_path / "other")[1].endswith("other yet.\n")


def test_a_recording_that_is_missing_is_told_in_one_line(run: Run, tmp_path: Path) -> None:
    status, said = run("add", "Ann", "--audio", "none.wav", "--text", "Hello.", "--models", tmp_path)
    assert status == 2
    assert said.startswith("edge-audio: none.wav does not exist.")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("seconds", "level", "told"),
    [
        (0.9, 0.1, "is 0.9 s long; a voice needs 1 to 30 s"),
        (31.0, 0.1, "is 31.0 s long; a voice needs 1 to 30 s"),
        (2.0, 0.001, "is silent"),
    ],
)
def test_a_recording_of_no_use_is_told(
    run: Run, tmp_path: Path, seconds: float, level: float, told: str
) -> None:
    soundfile.write(tmp_path / "in.wav", np.full(round(seconds * 16_000), level), 16_000)
    status, said = run("add", "Ann", "--audio", "in.wav", "--text", "Hello.", "--models", tmp_path)
    assert status == 2
    assert said.startswith(f"edge-audio: in.wav {told}.")


def test_a_damaged_voice_does_not_hide_the_others(run: Run, tmp_path: Path) -> None:
    for name in ("Ann", "Bob"):
        (tmp_path / "voices" / name).mkdir(parents=True)
        (tmp_path / "voices" / name / "prompt.wav").touch()
    (tmp_path / "voices" / "Bob" / "prompt.txt").write_text("Hello.")
    status, said = run("list")
    assert status == 0
    assert said.startswith("Ann: voices/Ann/prompt.txt is missing")
    assert said.endswith("\nBob: Hello.\n")


def test_the_released_speakers_are_imported_once(run: Run, toy_models: Path, tmp_path: Path) -> None:
    speakers = tmp_path / "speakers"
    speakers.mkdir()
    texts = {"Tingting": "Hello.", "TingtingRAP": "Yo.", "Tingting哼唱": "La."}
    (speakers / "speakers_info.json").write_text(json.dumps(texts))
    for name in texts:
        shutil.copy(SPEECH, speakers / f"{name}_prompt.wav")
    status, said = run("import", speakers, "--models", toy_models)
    assert (status, said.count("\n")) == (0, 3)
    assert run("list") == (0, "Tingting: Hello.\nTingtingRAP: Yo.\nTingting哼唱: La.\n")
    again = "Tingting is here already.\nTingtingRAP is here already.\nTingting哼唱 is here already.\n"
    assert run("import", speakers, "--models", toy_models) == (0, again)


@pytest.mark.parametrize("content", [None, "", "[]", '{"Ann": 1}'])
def test_a_folder_without_speakers_is_told(run: Run, tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "speakers_info.json").write_text(content)
    status, said = run("import", tmp_path, "--models", tmp_path)
    assert status == 2
    assert "speakers_info.json is missing, or doesn't hold" in said
