from pathlib import Path

from edge_audio.step_audio.placement import Placement
from edge_audio.step_audio.shape_profiles import PROFILES
from runtime.compute import Compute


def test_a_component_is_computed_where_all_are_unless_it_has_a_device_of_its_own() -> None:
    placement = Placement(3, "tensorrt", {"lm": "cuda"}, Path("engines"))
    assert placement.of("flow") == Compute(3, "tensorrt", Path("engines"), PROFILES["flow"])
    assert placement.of("lm") == Compute(3, "cuda", Path("engines"), PROFILES["lm"])


def test_a_component_without_shape_profiles_has_none() -> None:
    assert Placement().of("speaker") == Compute()
