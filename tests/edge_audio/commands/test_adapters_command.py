import io
import json

import pytest
from rich.console import Console

from edge_audio.commands.adapters import show_adapters


def test_every_adapter_is_listed_with_where_it_comes_from() -> None:
    out = io.StringIO()
    show_adapters(Console(file=out), as_json=False)
    assert (
        "[tts]\n  hibari, the default: edge-audio 0.1.0, edge_audio.tts.hibari\n    The embedded voice"
        in (out.getvalue())
    )


def test_a_program_reads_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    show_adapters(Console(stderr=True), as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["schema_version"] == 1
    (whisper,) = (adapter for adapter in told["adapters"] if adapter["name"] == "whisper")
    assert whisper == {
        "table": "asr",
        "name": "whisper",
        "is_default": True,
        "package": "edge-audio",
        "version": "0.1.0",
        "module": "edge_audio.asr.whisper",
        "summary": "Whisper on CTranslate2.",
        "problem": None,
    }
