"""Imports run one way: speech knows the runtime, export knows both, and the device needs no PyTorch."""

import ast
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent

FORBIDDEN = {
    "runtime": {"edge_audio", "export", "torch", "onnx", "transformers", "optimum", "safetensors"},
    "edge_audio": {"export", "torch", "onnx", "transformers", "optimum", "safetensors"},
    "export": set(),
}


def imported(file: Path) -> set[str]:
    """Return the dotted names of all modules that a file imports, wherever it does."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def files(room: str) -> list[Path]:
    found = sorted((CHECKOUT / room).rglob("*.py"))
    assert found
    return found


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_imports_nothing_from_the_rooms_above_it(room: str) -> None:
    for file in files(room):
        tops = {name.partition(".")[0] for name in imported(file)}
        assert not tops & FORBIDDEN[room], file


def test_export_knows_only_step_audio_its_tags_and_how_sound_is_kept() -> None:
    for file in files("export"):
        speech = {name for name in imported(file) if name.startswith("edge_audio")}
        others = {name for name in speech if not name.startswith("edge_audio.step_audio")}
        assert others <= {
            "edge_audio.audio.frame",
            "edge_audio.audio.files",
            "edge_audio.audio.log_mel",
            "edge_audio.tts.tags",
        }, file
