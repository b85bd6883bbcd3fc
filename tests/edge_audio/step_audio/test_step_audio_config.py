from pathlib import Path

import pytest

from edge_audio.step_audio.config import StepAudioConfig
from edge_audio.step_audio.shape_profiles import PROFILES
from runtime.errors import UserError
from runtime.shape_profile import Lengths


def test_a_placement_says_what_the_config_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    models = StepAudioConfig(
        models="~/models", threads=3, device="tensorrt", devices={"lm": "cuda"}, engine_cache="~/engines"
    )
    placed = models.placement()
    assert (placed.threads, placed.device, placed.devices) == (3, "tensorrt", {"lm": "cuda"})
    assert placed.engine_cache == tmp_path / "engines"
    assert placed.profiles == PROFILES


def test_engines_are_kept_beside_the_models_unless_the_config_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_AUDIO_HOME", str(tmp_path / "home"))
    assert StepAudioConfig(models=str(tmp_path)).placement().engine_cache == tmp_path / "home" / "engines"


def test_a_profile_in_the_config_takes_the_place_of_that_graphs_own(tmp_path: Path) -> None:
    (tmp_path / "hift").mkdir()
    for graph in ("f0.onnx", "stage2.onnx"):
        (tmp_path / "hift" / graph).touch()
    own = {"f0.onnx": {"frames": Lengths(1, 2, 3)}, "stage2.onnx": {"frames": Lengths(4, 5, 6)}}
    placed = StepAudioConfig(models=str(tmp_path), profiles={"hift": own}).placement()
    assert placed.profiles == PROFILES | {"hift": PROFILES["hift"] | own}


def test_a_profile_for_a_graph_that_there_is_not_is_an_error(tmp_path: Path) -> None:
    profiles = {"lm": {"prefil.onnx": {"past": Lengths(1, 2, 3)}}}
    with pytest.raises(UserError, match=r"profile for .*lm/prefil\.onnx, which is not there"):
        StepAudioConfig(models=str(tmp_path), profiles=profiles).placement()
