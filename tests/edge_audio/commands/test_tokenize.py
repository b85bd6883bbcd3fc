import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from edge_audio.commands.tokenize import segmentation, tokenize
from edge_audio.step_audio.tokenizer.semantic import Segmentation
from runtime.errors import UserError

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    pcm = 0.1 * np.random.default_rng(5).standard_normal(44_100)
    soundfile.write(tmp_path / "in.wav", pcm, 44_100)
    return tmp_path / "in.wav"


def printed(
    recording: Path, models: Path, captured: Captured, live: Segmentation | None, as_json: bool
) -> str:
    tokenize(recording, models=models, live=live, as_json=as_json, console=Console())
    return captured.readouterr().out


def test_json_has_both_books_and_the_ids(recording: Path, tokenizer_models: Path, capsys: Captured) -> None:
    found = json.loads(printed(recording, tokenizer_models, capsys, None, as_json=True))
    assert found["schema_version"] == 1
    assert found["duration_s"] == 1.0
    assert len(found["vq02"]) == 16
    assert len(found["vq06"]) == 25
    groups = found["ids"]
    assert groups[:5] == [
        65536 + found["vq02"][0],
        65536 + found["vq02"][1],
        *(66560 + code for code in found["vq06"][:3]),
    ]
    assert len(groups) == 8 * 5
    assert found["compare"] is None


def test_compare_tells_the_agreement_under_a_segmentation(
    recording: Path, tokenizer_models: Path, capsys: Captured
) -> None:
    found = json.loads(printed(recording, tokenizer_models, capsys, Segmentation(0.24, 0.0), as_json=True))
    assert found["compare"]["segment_s"] == 0.24
    assert 0 <= found["compare"]["vq02_percent"] <= 100
    assert 0 <= found["compare"]["vq06_percent"] < 100


def test_the_text_has_the_names_of_the_release(
    recording: Path, tokenizer_models: Path, capsys: Captured
) -> None:
    lines = printed(recording, tokenizer_models, capsys, Segmentation(), as_json=False).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["vq02", "vq06", "ids", "live:"]
    assert len(lines[2].split(": ")[1].split()) == 40


def test_a_recording_under_16_khz_is_refused(tmp_path: Path, tokenizer_models: Path) -> None:
    soundfile.write(tmp_path / "low.wav", np.zeros(8000), 8000)
    with pytest.raises(UserError, match="8000 Hz"):
        tokenize(tmp_path / "low.wav", models=tokenizer_models, live=None, as_json=False, console=Console())


def test_a_recording_too_short_for_codes_has_none(
    tmp_path: Path, tokenizer_models: Path, capsys: Captured
) -> None:
    soundfile.write(tmp_path / "short.wav", np.zeros(300), 16_000)
    found = json.loads(
        printed(tmp_path / "short.wav", tokenizer_models, capsys, Segmentation(), as_json=True)
    )
    assert (found["vq02"], found["vq06"], found["ids"]) == ([], [], [])
    assert found["compare"]["vq06_percent"] is None


def test_lengths_that_are_not_given_are_the_defaults() -> None:
    assert segmentation(None, None) == Segmentation()
    assert segmentation(0.5, None) == Segmentation(segment_s=0.5)
    with pytest.raises(UserError):
        segmentation(0.0, None)
