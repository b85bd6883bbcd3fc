"""Imports run one way: speech knows the runtime, export knows both, and no room knows a room above it."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent

FORBIDDEN = {
    "runtime": {"edge_audio", "export", "torch", "onnx", "transformers", "optimum", "safetensors"},
    "edge_audio": {"export", "torch", "onnx", "transformers", "optimum", "safetensors"},
    "export": set(),
}


def imported(file: Path) -> set[str]:
    """Return the dotted names of all modules that a file imports, wherever it does, and for types too."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def files(room: str) -> list[Path]:
    found = sorted((CHECKOUT / room).rglob("*.py"))
    assert found
    return found


def module_of(file: Path) -> str:
    parts = file.relative_to(CHECKOUT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """Return the room that a module lies in: a folder of a package, or a loose file beside the folders."""
    return ".".join(module.split(".")[:2])


def arrows(package: str, *, by_room: bool) -> dict[str, set[str]]:
    """Return which modules, or rooms, of a package import which others; its public door imports all."""
    modules = {module_of(file): file for file in files(package)}
    found: dict[str, set[str]] = {}
    for module, file in modules.items():
        if module == package:
            continue
        others = {name for name in imported(file) if name in modules and name not in (package, module)}
        if by_room:
            others = {room_of(other) for other in others} - {room_of(module)}
        else:
            # A folder's own file has no code: whoever imports from the folder names a file in it.
            others = {other for other in others if modules[other].name != "__init__.py"}
        found.setdefault(room_of(module) if by_room else module, set()).update(others)
    return found


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_package_imports_nothing_from_the_packages_above_it(room: str) -> None:
    for file in files(room):
        tops = {name.partition(".")[0] for name in imported(file)}
        assert not tops & FORBIDDEN[room], file


@pytest.mark.parametrize("by_room", [True, False], ids=["rooms", "files"])
@pytest.mark.parametrize("package", FORBIDDEN)
def test_there_is_no_circle(package: str, by_room: bool) -> None:
    """So that there are floors, and each room stands above all that it imports."""
    try:
        TopologicalSorter(arrows(package, by_room=by_room)).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_export_knows_only_step_audio_its_tags_and_how_sound_is_kept() -> None:
    for file in files("export"):
        speech = {name for name in imported(file) if name.startswith("edge_audio.")}
        speech = {name for name in speech if (CHECKOUT / name.replace(".", "/")).with_suffix(".py").is_file()}
        others = {name for name in speech if not name.startswith("edge_audio.step_audio")}
        assert others <= {
            "edge_audio.audio.frame",
            "edge_audio.audio.files",
            "edge_audio.audio.log_mel",
            "edge_audio.tts.tags",
        }, file
