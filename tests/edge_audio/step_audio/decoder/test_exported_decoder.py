import json
import shutil
from pathlib import Path

import pytest

from edge_audio.step_audio.decoder.exported import exported_decoder
from runtime.errors import UserError


def test_flow_and_vocoder_of_one_release_make_a_decoder(toy_models: Path) -> None:
    assert exported_decoder(toy_models).sample_rate_hz == 22_050
    assert exported_decoder(toy_models, suffix="-music").sample_rate_hz == 22_050


def test_those_of_different_spectrograms_are_told(toy_models: Path, tmp_path: Path) -> None:
    shutil.copytree(toy_models, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "flow" / "export.json"
    record = json.loads(path.read_text())
    record["settings"]["hop_samples"] = 128
    path.write_text(json.dumps(record))
    with pytest.raises(UserError, match="flow and hift belong to different spectrograms"):
        exported_decoder(tmp_path)


def test_one_that_is_not_there_is_named(toy_models: Path, tmp_path: Path) -> None:
    shutil.copytree(toy_models / "flow", tmp_path / "flow")
    with pytest.raises(UserError, match="hift"):
        exported_decoder(tmp_path)
