"""What a user can do wrong gives one clear line with cause and remedy, status 2, and no half a file."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_audio import __version__
from edge_audio.cli import main
from edge_audio.tts.tags import TAGS

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run the command line in an empty folder; returns status, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["edge-audio", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), captured.out, captured.err

    return run


@pytest.fixture
def no_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGE_AUDIO_HOME", str(tmp_path / "empty"))


def require_clear(status: int, error: str, *told: str) -> None:
    assert status == 2
    assert "Traceback" not in error
    assert error.startswith("edge-audio: ")
    assert error.count("\n") == 1
    for words in told:
        assert words in error


def write_audio(path: Path, seconds: float = 0.5) -> Path:
    soundfile.write(path, np.zeros(round(seconds * 16_000), np.float32), 16_000)
    return path


@pytest.mark.parametrize("command", ["talk --input", "listen"])
def test_a_missing_file_is_told(run: Run, command: str) -> None:
    status, _, error = run(*command.split(), "none.wav")
    require_clear(status, error, "none.wav")


@pytest.mark.parametrize("command", ["talk --input", "listen"])
@pytest.mark.parametrize(
    ("name", "content"),
    [("text.wav", b"hello, I am no audio at all" * 40), ("empty.wav", b""), ("short.wav", b"RIFF")],
)
def test_what_is_no_audio_is_told(run: Run, tmp_path: Path, command: str, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    status, _, error = run(*command.split(), name)
    require_clear(status, error, name)


def test_a_cut_off_file_is_told(run: Run, tmp_path: Path) -> None:
    whole = write_audio(tmp_path / "a.wav", 4.0).read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: len(whole) // 2])
    status, _, error = run("listen", "cut.wav")
    require_clear(status, error, "cut.wav")


@pytest.mark.parametrize("option", ["--output", "--report"])
def test_an_output_that_cannot_be_written_is_told_before_anything_runs(
    run: Run, tmp_path: Path, option: str
) -> None:
    write_audio(tmp_path / "in.wav")
    status, _, error = run("talk", "--input", "in.wav", option, "no/such/folder/out")
    require_clear(status, error, "no/such/folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.wav"]


def test_an_unknown_config_key_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text('[tts]\nadapter = "hibari"\nvolume = 3\n')
    status, _, error = run("say", "hi", "--config", "my.toml")
    require_clear(status, error, "my.toml", "tts.volume")


def test_an_unknown_model_is_told_with_the_known_ones(run: Run, tmp_path: Path) -> None:
    write_audio(tmp_path / "in.wav")
    text = '[asr]\nadapter = "whisper"\nmodel = "whisper-gigantic"\n[tts]\nadapter = "hibari"\n'
    (tmp_path / "my.toml").write_text(text)
    status, _, error = run("listen", "in.wav", "--config", "my.toml")
    require_clear(status, error, "whisper-gigantic", "whisper-tiny.en")
    status, _, error = run("models", "fetch", "nope")
    require_clear(status, error, "nope", "whisper-tiny.en")


@pytest.mark.usefixtures("no_models")
def test_a_model_that_is_not_here_is_told_with_the_command_that_fetches_it(run: Run, tmp_path: Path) -> None:
    write_audio(tmp_path / "in.wav")
    status, _, error = run("talk", "--input", "in.wav", "--output", "out.wav")
    require_clear(status, error, "edge-audio models fetch")
    assert not (tmp_path / "out.wav").exists()
    assert list(tmp_path.glob(".*part")) == []


@pytest.mark.models
def test_a_profile_without_recognizer_cannot_talk(run: Run, tmp_path: Path) -> None:
    write_audio(tmp_path / "in.wav")
    (tmp_path / "my.toml").write_text('[tts]\nadapter = "hibari"\n')
    status, _, error = run("talk", "--input", "in.wav", "--config", "my.toml")
    require_clear(status, error, "[asr]")


def test_output_without_input_is_told(run: Run) -> None:
    status, _, error = run("talk", "--output", "out.wav")
    require_clear(status, error, "--input")


def test_models_are_listed_and_located(run: Run) -> None:
    status, out, _ = run("models")
    assert status == 0
    assert "whisper-tiny.en" in out
    assert run("models", "list")[1] == out
    assert run("models", "where")[0] == 0


def test_help_names_every_tag(run: Run) -> None:
    status, out, _ = run("say", "--help")
    assert status == 0
    listed = {name.strip() for name in re.split("[,;:.]", " ".join(out.split()))}
    assert {tag.name for tag in TAGS} <= listed


def test_a_tag_that_the_embedded_voice_can_t_do_is_told(run: Run, tmp_path: Path) -> None:
    status, _, error = run("say", "(happy) Hello.", "--output", "out.wav")
    require_clear(status, error, "hibari can't do (happy)", "fast")
    status, _, error = run("say", "(低音) Hello.", "--output", "out.wav")
    require_clear(status, error, "hibari can't do (低音)", "fast")
    status, _, error = run("say", "Hello.\n(hapy) Hello.", "--output", "out.wav")
    require_clear(status, error, "no tag (hapy)", "happy (高兴1)")
    assert list(tmp_path.iterdir()) == []


def test_help_names_every_command(run: Run) -> None:
    status, out, _ = run("--help")
    assert status == 0
    for command in ("talk", "say", "listen", "models", "devices", "bench"):
        assert command in out


def test_the_command_line_starts_without_the_libraries_of_the_models() -> None:
    program = "import sys, edge_audio.cli; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"numpy", "onnxruntime", "ctranslate2", "xllamacpp"} & set(told.stdout.split())


def test_the_version_is_shown_without_a_command(run: Run) -> None:
    assert run("--version") == (0, f"edge-audio {__version__}\n", "")
