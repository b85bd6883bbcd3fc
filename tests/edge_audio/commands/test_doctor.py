import json
from io import StringIO

import msgspec
import onnxruntime
import pytest
from rich.console import Console

from edge_audio.commands import doctor as command
from edge_audio.step_audio.component import RECORD, ExportRecord
from edge_audio.step_audio.config import StepAudioConfig
from runtime.errors import UserError


def findings(models=None, step_audio=None):
    return {(each.kind, each.name): each for each in command.diagnose(models, step_audio).findings}


def write_component(folder, files=None):
    folder.mkdir()
    record = ExportRecord(folder.name.removesuffix("-music"), "fp32", 18, {}, files or {}, {}, {})
    (folder / RECORD).write_bytes(msgspec.json.encode(record))


def no_library(name):
    raise OSError(f"{name}: cannot open shared object file")


def test_the_processor_is_always_usable():
    assert findings()["provider", "CPUExecutionProvider"].usable


def test_a_provider_that_is_not_in_the_build_is_told(monkeypatch):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    finding = findings()["provider", "TensorrtExecutionProvider"]
    assert not finding.usable
    assert finding.detail == "not in this build of ONNX Runtime"


def test_a_provider_that_is_listed_but_does_not_start_is_told(monkeypatch):
    listed = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: listed)
    monkeypatch.setattr(command, "provider_works", lambda name: name == "CPUExecutionProvider")
    finding = findings()["provider", "CUDAExecutionProvider"]
    assert not finding.usable
    assert finding.detail == "in this build, but it does not start"


def test_missing_libraries_and_driver_are_findings(monkeypatch):
    monkeypatch.setattr(command.ctypes, "CDLL", no_library)
    found = findings()
    assert not any(found["library", name].usable for name in command.TENSORRT_LIBRARIES)
    assert found["gpu", "CUDA"].detail == "no driver"


def test_the_driver_names_its_devices(monkeypatch):
    class Driver:
        def cuInit(self, flags):  # noqa: N802
            return 0

        def cuDeviceGetCount(self, count):  # noqa: N802
            count._obj.value = 2
            return 0

        def cuDeviceGetName(self, name, size, number):  # noqa: N802
            name.value = b"Card"
            return 0

    monkeypatch.setattr(command.ctypes, "CDLL", lambda name: Driver())
    found = findings()
    assert [found["gpu", f"CUDA {number}"].detail for number in (0, 1)] == ["Card", "Card"]


@pytest.mark.parametrize("error", [UserError("PortAudio is missing.", "Install it."), RuntimeError("odd")])
def test_trouble_with_sound_is_a_finding(monkeypatch, error):
    def fail():
        raise error

    monkeypatch.setattr(command, "list_devices", fail)
    assert not findings()["sound", "PortAudio"].usable


def test_components_are_told_whole_or_not(tmp_path):
    write_component(tmp_path / "lm")
    write_component(tmp_path / "flow-music", {"encoder.onnx": 5})
    found = findings(tmp_path)
    assert found["model", "lm"].usable
    assert not found["model", "flow-music"].usable
    assert "encoder.onnx is missing" in found["model", "flow-music"].detail


def test_a_folder_without_components_is_told(tmp_path):
    assert findings(tmp_path / "nowhere")["model", str(tmp_path / "nowhere")].usable is False


def test_plain_text_and_json_say_the_same(tmp_path, capsys):
    text = StringIO()
    command.doctor(tmp_path, None, Console(file=text), as_json=False)
    command.doctor(tmp_path, None, Console(), as_json=True)
    read = json.loads(capsys.readouterr().out)
    assert read["schema_version"] == 1
    assert all(finding["name"] in text.getvalue() for finding in read["findings"])
    assert len(text.getvalue().splitlines()) == 1 + len(read["findings"])


def test_the_devices_of_a_config_are_told_with_what_they_compute(tmp_path):
    write_component(tmp_path / "lm")
    config = StepAudioConfig(models=str(tmp_path), device="cpu", devices={"lm": "cuda"})
    found = findings(step_audio=config)
    assert found["model", "lm"].usable
    assert found["device", "cpu"].usable
    assert found["device", "cpu"].detail == "for linguistic, semantic, flow, hift"
    assert not found["device", "cuda"].usable
    assert found["device", "cuda"].detail == "for lm, without CUDAExecutionProvider"
    assert not any(kind == "engines" for kind, _ in found)


def test_engines_are_counted_where_the_config_keeps_them(tmp_path):
    config = StepAudioConfig(models=str(tmp_path), device="tensorrt", engine_cache=str(tmp_path / "engines"))
    assert not findings(step_audio=config)["engines", str(tmp_path / "engines")].usable
    for graph in ("hift-f0-1", "hift-stage0-2"):
        (tmp_path / "engines" / graph).mkdir(parents=True)
        (tmp_path / "engines" / graph / "it_sm87.engine").write_bytes(bytes(1_500_000))
        (tmp_path / "engines" / graph / "it_sm87.profile").write_bytes(bytes(100))
    found = findings(step_audio=config)["engines", str(tmp_path / "engines")]
    assert found.usable
    assert found.detail == "2, 3 MB"


def test_a_config_is_read_and_one_that_is_not_there_is_told(tmp_path, capsys):
    (tmp_path / "it.toml").write_text(f'[tts]\nadapter = "step-audio"\n[step_audio]\nmodels = "{tmp_path}"\n')
    command.doctor(None, tmp_path / "it.toml", Console(), as_json=True)
    kinds = {finding["kind"] for finding in json.loads(capsys.readouterr().out)["findings"]}
    assert "device" in kinds
    with pytest.raises(UserError, match="no config file"):
        command.doctor(None, tmp_path / "none.toml", Console(), as_json=True)
