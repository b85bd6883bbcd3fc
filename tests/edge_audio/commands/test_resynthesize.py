"""`edge-audio resynthesize` with a tiny random release: what it writes is noise, its way is the real one."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from edge_audio.step_audio.resynthesis import Piece, Resynthesizer

GOLDEN = Path(__file__).parents[2] / "data" / "golden" / "audio"
SPEECH = GOLDEN / "speech_a_native.wav"

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def config(toy_models: Path, tmp_path: Path) -> Path:
    return write_config(tmp_path, toy_models)


@pytest.fixture
def resynthesize(run: Run, config: Path) -> Run:
    """Run `edge-audio resynthesize IN out.wav` with a config of the tiny release."""
    return lambda audio, *options: run("resynthesize", audio, "out.wav", "--config", config, *options)


@pytest.fixture
def add_voice(run: Run, toy_models: Path) -> Callable[[str], None]:
    """Add a voice of that name, of another recording."""

    def add_voice(name: str) -> None:
        audio = GOLDEN / "speech_b.wav"
        assert (
            run("voices", "add", name, "--audio", audio, "--text", "Hello.", "--models", toy_models)[0] == 0
        )

    return add_voice


def write_config(folder: Path, models: Path, tts: str = 'adapter = "step-audio"\nsteps = 1') -> Path:
    path = folder / "toy.toml"
    path.write_text(f'[tts]\n{tts}\n[step_audio]\nmodels = "{models}"\nthreads = 1\n')
    return path


def told(answer: tuple[int, str]) -> dict[str, Any]:
    """Return the JSON object that a command printed."""
    status, said = answer
    assert status == 0, said
    found: dict[str, Any] = json.loads(said)
    return found


def written() -> np.ndarray:
    pcm, rate_hz = soundfile.read("out.wav")
    assert rate_hz == 24_000
    return np.asarray(pcm)


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_speech_becomes_speech_as_long(resynthesize: Run) -> None:
    found = told(resynthesize(SPEECH, "--json"))
    assert found["schema_version"] == 1
    assert found["duration_s"] == 2.5
    assert found["real_time_factor"] > 0
    assert found["live"] is None
    assert np.abs(written()).max() > 0.001
    assert len(written()) / 24_000 == pytest.approx(found["sound_s"], abs=0.001)
    assert found["sound_s"] == pytest.approx(2.5, abs=0.13)
    info = soundfile.info("out.wav")
    assert (info.channels, info.subtype) == (1, "PCM_16")


def test_a_stream_tells_how_far_behind_it_is(resynthesize: Run) -> None:
    live = told(resynthesize(SPEECH, "--stream", "--json"))["live"]
    assert live["first_s"] == 1.0
    assert 0 < live["p50_s"] <= live["p90_s"] <= live["most_s"] < 2.5
    status, said = resynthesize(SPEECH, "--stream")
    assert status == 0
    assert said.splitlines()[1].startswith("first sound after 1.00 s, then ")


def test_the_default_voice_is_that_of_say(resynthesize: Run, add_voice: Callable[[str], None]) -> None:
    for name in ("Zoe", "Tingting", "TingtingRAP"):
        add_voice(name)
    assert told(resynthesize(SPEECH, "--json"))["voice"] == "Tingting"
    tingting = written()
    assert told(resynthesize(SPEECH, "--json", "--voice", "Zoe"))["voice"] == "Zoe"
    np.testing.assert_array_equal(written(), tingting)  # made of the same recording
    status, said = resynthesize(SPEECH, "--voice", "Bob")
    assert status == 2
    assert "There is no voice called Bob. Choose one of: Tingting, Zoe." in said


def test_own_voice_is_made_of_the_recording(resynthesize: Run, add_voice: Callable[[str], None]) -> None:
    add_voice("Zoe")
    resynthesize(SPEECH)
    zoe = written()
    assert told(resynthesize(SPEECH, "--json", "--own-voice"))["voice"] is None
    assert not np.array_equal(written(), zoe)


def test_without_a_voice_it_is_the_recordings_own(resynthesize: Run) -> None:
    status, said = resynthesize(SPEECH)
    assert status == 0
    assert said.startswith("2.5 s of speech in the recording's own voice, real-time factor ")
    assert said.endswith(": out.wav\n")
    default = written()
    resynthesize(SPEECH, "--own-voice")
    np.testing.assert_array_equal(written(), default)


def test_a_config_that_speaks_with_another_voice_will_do(
    resynthesize: Run, toy_models: Path, tmp_path: Path, add_voice: Callable[[str], None]
) -> None:
    write_config(tmp_path, toy_models, 'adapter = "hibari"')
    add_voice("Zoe")
    assert told(resynthesize(SPEECH, "--json"))["voice"] == "Zoe"


def test_a_voice_and_own_voice_exclude_each_other(resynthesize: Run) -> None:
    status, said = resynthesize(SPEECH, "--own-voice", "--voice", "Zoe")
    assert (status, said.count("\n")) == (2, 1)
    assert "--voice Zoe and --own-voice exclude each other" in said


def test_a_recording_may_be_replaced_by_what_becomes_of_it(run: Run, config: Path, tmp_path: Path) -> None:
    shutil.copy(SPEECH, tmp_path / "speech.wav")
    assert run("resynthesize", "speech.wav", "speech.wav", "--config", config)[0] == 0
    assert soundfile.info("speech.wav").samplerate == 24_000


@pytest.mark.parametrize(
    ("seconds", "level", "rate_hz", "words"),
    [
        (0.0, 0.1, 16_000, "in.wav holds no sound."),
        (0.1, 0.1, 16_000, "The recording is 0.10 s long; a voice needs 1 s."),
        (2.0, 0.0, 16_000, "The recording is silent."),
        (2.0, 0.1, 8000, "in.wav has a rate of 8000 Hz; the tokenizer needs 16000 Hz."),
    ],
)
@pytest.mark.parametrize("options", [(), ("--stream",)])
def test_a_recording_of_no_use_is_told_in_one_line(
    resynthesize: Run,
    tmp_path: Path,
    seconds: float,
    level: float,
    rate_hz: int,
    words: str,
    options: tuple[str, ...],
) -> None:
    soundfile.write(tmp_path / "in.wav", np.full(round(seconds * rate_hz), level), rate_hz)
    status, said = resynthesize("in.wav", *options)
    assert status == 2
    assert said.startswith(f"edge-audio: {words}")
    assert said.count("\n") == 1
    assert files(tmp_path) == {"in.wav", "toy.toml"}


def test_a_recording_too_short_for_codes_is_told_with_a_voice_too(
    resynthesize: Run, tmp_path: Path, add_voice: Callable[[str], None]
) -> None:
    add_voice("Zoe")
    soundfile.write(tmp_path / "in.wav", np.full(800, 0.1), 16_000)
    status, said = resynthesize("in.wav")
    assert (status, said.count("\n")) == (2, 1)
    assert "too short for a code" in said
    assert files(tmp_path) == {"in.wav", "toy.toml", "voices"}


def test_a_config_without_step_audio_is_told(run: Run) -> None:
    status, said = run("resynthesize", SPEECH, "out.wav")
    assert (status, said.count("\n")) == (2, 1)
    assert "names no Step-Audio models. Add a table [step_audio]" in said


def test_models_that_are_missing_are_told(
    resynthesize: Run, toy_models: Path, tmp_path: Path, add_voice: Callable[[str], None]
) -> None:
    write_config(tmp_path, tmp_path / "none")
    status, said = resynthesize(SPEECH)
    assert (status, said.count("\n")) == (2, 1)
    assert "There is no model" in said
    shutil.copytree(toy_models, tmp_path / "models")
    shutil.rmtree(tmp_path / "models" / "semantic")
    add_voice("Zoe")
    write_config(tmp_path, tmp_path / "models")
    status, said = resynthesize(SPEECH)
    assert (status, said.count("\n")) == (2, 1)
    assert "semantic is no exported component" in said
    assert not (tmp_path / "out.wav").exists()


def test_what_is_interrupted_leaves_the_old_file(
    resynthesize: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Resynthesizer.whole

    def interrupted(self: Resynthesizer, *arguments: Any) -> Iterator[Piece]:
        yield next(whole(self, *arguments))
        raise KeyboardInterrupt

    monkeypatch.setattr(Resynthesizer, "whole", interrupted)
    (tmp_path / "out.wav").write_bytes(b"old")
    assert resynthesize(SPEECH)[0] == 130
    assert (tmp_path / "out.wav").read_bytes() == b"old"
    assert files(tmp_path) == {"out.wav", "toy.toml"}
