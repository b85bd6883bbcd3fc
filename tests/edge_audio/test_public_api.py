"""What `from edge_audio import …` gives, and what it costs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import edge_audio

SOURCE = Path(edge_audio.__file__).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", edge_audio.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(edge_audio, name) is not None
    assert name in dir(edge_audio)


def test_type_checkers_and_the_interpreter_see_the_same_names() -> None:
    seen = re.findall(r"^    from ([\w.]+) import \w+ as (\w+)$", SOURCE, re.MULTILINE)
    assert {name: home for home, name in seen} == edge_audio._HOMES


def test_another_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        edge_audio.nonsense  # noqa: B018


def test_importing_the_package_is_fast_and_imports_no_library_of_a_model() -> None:
    heavy = "onnxruntime torch ctranslate2 faster_whisper xllamacpp hibari livekit sounddevice httpx".split()
    program = (
        "import sys, time; began = time.perf_counter(); import edge_audio; "
        "took = time.perf_counter() - began; edge_audio.Assistant; "
        f"print(took, *[name for name in {heavy} if name in sys.modules])"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    took, *imported = min(runs, key=lambda run: float(run.stdout.split()[0])).stdout.split()
    assert float(took) <= 0.2
    assert imported == []


def test_the_packages_are_typed() -> None:
    for package in ("edge_audio", "runtime"):
        assert (Path(edge_audio.__file__).parents[1] / package / "py.typed").is_file()
