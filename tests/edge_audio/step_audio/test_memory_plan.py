import msgspec
import pytest

from edge_audio.step_audio.component import RECORD, ExportRecord
from edge_audio.step_audio.memory_plan import memory_lines, plan_memory
from runtime.errors import UserError

LANGUAGE_MODEL = {
    "layers": 32,
    "groups": 4,
    "head_size": 128,
    "vocabulary": 100,
    "logits": 100,
    "max_length": 32768,
    "end_of_turn": 3,
    "step_bytes": 1,
}


def write_component(folder, precision, size, settings=None):
    """Write a component whose one file has `size` bytes, none of them on the disk."""
    folder.mkdir(parents=True)
    with (folder / "weights.bin").open("wb") as file:
        file.truncate(size)
    name = folder.name.removesuffix("-music")
    record = ExportRecord(name, precision, 18, {}, {"weights.bin": size}, settings or {}, {})
    (folder / RECORD).write_bytes(msgspec.json.encode(record))


def test_weights_are_the_files_and_the_language_model_keeps_keys_and_values(tmp_path):
    write_component(tmp_path / "flow-music", "fp32", 400)
    write_component(tmp_path / "lm", "int8", 1000, LANGUAGE_MODEL)
    flow, lm = plan_memory([tmp_path]).components
    assert (flow.name, flow.precision, flow.total_bytes) == ("flow-music", "fp32", 400)
    assert lm.weights_bytes == 1000
    assert lm.cache_bytes == 2 * 32 * 4 * 128 * 4 * 8192


def test_each_precision_of_the_language_model_makes_a_set_the_smallest_first(tmp_path):
    write_component(tmp_path / "a" / "flow", "fp32", 400)
    write_component(tmp_path / "a" / "lm", "fp16", 7 << 30, LANGUAGE_MODEL)
    write_component(tmp_path / "b" / "lm", "int4", 2 << 30, LANGUAGE_MODEL)
    small, large = plan_memory([tmp_path / "a", tmp_path / "b"]).sets
    assert [part.precision for part in small.components] == ["fp32", "int4"]
    assert small.total_bytes == 400 + (2 << 30) + (1 << 30)
    assert small.fits_gb == (8, 16, 32, 64)
    assert large.fits_gb == (16, 32, 64)


def test_a_set_that_just_fills_its_share_fits_and_one_byte_more_does_not(tmp_path):
    write_component(tmp_path / "a" / "flow", "fp32", 6 << 30)
    write_component(tmp_path / "b" / "flow", "bf16", (6 << 30) + 1)
    assert [each.fits_gb[0] for each in plan_memory([tmp_path]).sets] == [8, 16]


def test_the_text_names_components_and_sizes_that_fit(tmp_path):
    write_component(tmp_path / "flow", "fp32", 100 << 30)
    component, fits = memory_lines(plan_memory([tmp_path]))
    assert component.split() == ["flow", "fp32", "107374.2", "MB"]
    assert fits == "107374.2 MB fit none of the sizes: flow fp32"


def test_a_folder_without_components_is_an_error(tmp_path):
    with pytest.raises(UserError, match="no exported component"):
        plan_memory([tmp_path])


def test_a_component_that_is_not_whole_is_an_error(tmp_path):
    write_component(tmp_path / "flow", "fp32", 10)
    (tmp_path / "flow" / "weights.bin").write_bytes(b"")
    with pytest.raises(UserError, match="missing or incomplete"):
        plan_memory([tmp_path])
