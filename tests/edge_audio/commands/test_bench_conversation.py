import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from edge_audio.bench.conversation.summary import Run, summary
from edge_audio.commands import bench
from runtime.errors import UserError

FIGURES = summary(Run([], []), Run([], [])) | {
    "models": {"asr": "tiny"},
    "load": {"processor": "x", "cores": 2, "load_1min": 0.1},
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """How many turns were asked for, by a bench that takes no time."""
    turns: list[Any] = []

    async def measure(config: Any, console: Any, count: int | None) -> dict[str, Any]:
        turns.append(count)
        return dict(FIGURES)

    monkeypatch.setattr(bench, "measure_conversation", measure)
    return turns


def run(picture: Path, *, as_json: bool) -> None:
    bench.bench_conversation(None, turns=3, picture=picture, as_json=as_json, console=Console(stderr=as_json))


def test_json_is_all_that_is_printed(
    asked: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path / "picture.svg", as_json=True)
    assert json.loads(capsys.readouterr().out)["turns"] == 0
    assert asked == [3]
    assert (tmp_path / "picture.svg").read_text().startswith("<svg")


def test_a_table_names_every_figure(
    asked: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path / "picture.svg", as_json=False)
    printed = "".join(capsys.readouterr().out.split())  # a long path is broken over lines
    assert all(name in printed for name in ("response_gap_ms", "commit_rate", "picture.svg"))


def test_where_no_picture_can_be_written_nothing_is_measured(asked: list[Any], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        run(tmp_path / "nowhere" / "picture.svg", as_json=True)
    assert asked == []
