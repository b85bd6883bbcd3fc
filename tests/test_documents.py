"""The code in README and docs/python-api.md runs, in virtual time and with scripted models."""

import ast
import asyncio
import importlib
import logging
import re
import sys
from collections.abc import Iterator
from inspect import CO_COROUTINE
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import edge_audio
from edge_audio.asr.recognizer import Transcript, Word
from edge_audio.commands.adapters import show_adapters
from edge_audio.testing import ScriptedDevice, ScriptedRecognizer, models, run_virtual
from tests.support.stage import Stage

CHECKOUT = Path(__file__).parents[1]
API = CHECKOUT / "docs" / "python-api.md"
ADAPTERS = CHECKOUT / "docs" / "adapters.md"
MORSE_VOICE = CHECKOUT / "tests" / "data" / "morse_voice"


def blocks(document: Path, language: str) -> list[str]:
    """Return the code blocks of a document."""
    return re.findall(rf"^```{language}\n(.*?)^```$", document.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def is_program(block: str) -> bool:
    return "asyncio.run(" in block


def compiled(block: str) -> CodeType:
    return compile(block, "block", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


@pytest.fixture
def namespace() -> dict[str, Any]:
    """What a fragment may name: the public names, and what the text around it speaks of."""
    public = {name: getattr(edge_audio, name) for name in edge_audio.__all__}
    return public | {"asyncio": asyncio, "np": np, "device_of": lambda room: ScriptedDevice([(0.5, 1.5)])}


@pytest.fixture(autouse=True)
def level() -> Iterator[None]:
    """Keeps the logger's level as it was."""
    yield
    logging.getLogger("edge_audio").setLevel(logging.NOTSET)


@pytest.mark.parametrize("document", [CHECKOUT / "README.md", API], ids=lambda document: document.stem)
def test_every_program_runs_as_it_stands(
    document: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(asyncio, "run", run_virtual)
    programs = [block for block in blocks(document, "python") if is_program(block)]
    assert programs
    for program in programs:
        exec(program, {"__name__": "__main__"})
        assert "What time is it?" in capsys.readouterr().out


async def run_fragment(code: CodeType, namespace: dict[str, Any]) -> None:
    result = eval(code, namespace)
    if code.co_flags & CO_COROUTINE:
        await result


def fragments() -> list[str]:
    return [block for block in blocks(API, "python") if not is_program(block)]


def test_every_fragment_runs_in_a_conversation(
    stage: Stage, namespace: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stage.recognizer = ScriptedRecognizer(Transcript("It leaves.", (Word("It", 0.1, 0.2),)))

    async def converse(fragment: str) -> None:
        said = [] if "say(" in fragment else [(0.5, 1.5)]
        async with edge_audio.Assistant.open(device=ScriptedDevice(said)) as assistant:
            namespace["assistant"] = assistant
            await run_fragment(compiled(fragment), namespace)

    for fragment in fragments():
        if "edge_audio.blocking" in fragment:
            exec(fragment, dict(namespace))
        elif "speech.save" in fragment:  # it writes on a thread
            asyncio.run(run_fragment(compiled(fragment), namespace))
        else:
            run_virtual(converse(fragment))
            if "def test_" in fragment:
                namespace["test_it_knows_the_weather"]()


def test_the_models_of_your_own_converse(stage: Stage, namespace: dict[str, Any]) -> None:
    for fragment in fragments():
        if "class " in fragment:
            exec(fragment, namespace)

    async def main() -> list[tuple[str, str]]:
        played: list[np.ndarray] = []
        line = namespace["Line"](played.append)
        scripted = models(recognizer=namespace["LoudnessRecognizer"](), chat=namespace["Parrot"]())
        async with edge_audio.Assistant.open(models=scripted, device=line) as assistant:
            events = assistant.events()
            for number in range(400):
                loud = 0.5 if 20 <= number < 80 else 0.0
                line.incoming.put_nowait(np.full(320, loud, np.float32))
                await asyncio.sleep(0.02)
            line.incoming.put_nowait(None)
            turns = [event.report async for event in events if isinstance(event, edge_audio.TurnFinished)]
        assert len(played) == 400
        assert np.concatenate(played).any()
        return [(turn.user_text, turn.heard_text) for turn in turns]

    assert run_virtual(main()) == [("That was loud.", "That was loud.")]


def test_the_adapter_of_the_tutorial_is_the_one_that_is_built_and_installed_in_a_test() -> None:
    *code, _ = blocks(ADAPTERS, "python")
    assert "\n\n\n".join(map(str.strip, code)) == (MORSE_VOICE / "morse_voice.py").read_text().strip()
    assert blocks(ADAPTERS, "toml")[0] == (MORSE_VOICE / "pyproject.toml").read_text()


def test_the_test_of_the_tutorial_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(MORSE_VOICE)
    namespace: dict[str, Any] = {}
    exec(blocks(ADAPTERS, "python")[-1], namespace)
    namespace["test_it_is_heard_to_its_end"]()


def test_what_the_tutorial_says_of_adapters_is_what_the_command_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    about = tmp_path / "morse_voice-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: morse-voice\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[edge_audio.tts]\nmorse = morse_voice:MorseConfig\n")
    code = (MORSE_VOICE / "morse_voice.py").read_text()
    monkeypatch.syspath_prepend(tmp_path)
    for text, console in zip((code, "import nunpy"), blocks(ADAPTERS, "console"), strict=True):
        (tmp_path / "morse_voice.py").write_text(text)
        monkeypatch.delitem(sys.modules, "morse_voice", raising=False)
        importlib.invalidate_caches()
        show_adapters(Console(), as_json=False)
        listed = console[console.index("  morse:") :]
        assert listed in capsys.readouterr().out


def test_every_public_name_is_in_the_api_s_page() -> None:
    text = API.read_text("utf-8")
    for name in edge_audio.__all__:
        assert name.startswith("__") or name in text, name


def test_every_link_between_the_documents_leads_somewhere() -> None:
    for document in (CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *CHECKOUT.glob("docs/*.md")):
        for target in re.findall(r"\]\(([^)#]+)", document.read_text("utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"
