"""The command: what it asks for, prints and writes."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from edge_audio.bench.nano.bench import Findings, Plan
from edge_audio.bench.nano.metric import Bar, Metric
from edge_audio.bench.nano.part import Part
from edge_audio.bench.nano.transcription import Transcriber
from edge_audio.commands import bench
from edge_audio.commands.bench_group import bench_app
from edge_audio.config import Config
from runtime.errors import UserError

METRICS = [Metric(Part.STEADINESS, "runaways", "all", 2, "", Bar(0), "sentences: 500")]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """What was asked for, of a bench that takes no time."""
    plans: list[Plan] = []

    async def measure(
        config: Config, plan: Plan, transcribers: Sequence[Transcriber], console: Console
    ) -> Findings:
        plans.append(plan)
        return Findings(list(METRICS), {"steadiness": []}, {"models": "nano"})

    monkeypatch.setattr(bench, "measure_nano", measure)
    return plans


def test_the_table_is_printed_and_all_is_written(asked: list[Plan], tmp_path: Path) -> None:
    out = tmp_path / "nano.json"
    options = ["-n", "20", "--only", "steadiness", "--only", "tags", "--json", str(out)]
    result = CliRunner().invoke(bench_app, ["nano", "--corpus", "held-out", *options])
    assert result.exit_code == 0, result.output
    assert asked == [Plan(Path("held-out"), 20, (Part.STEADINESS, Part.TAGS), None)]
    assert "runaways" in result.output
    assert "missed" in result.output
    assert json.loads(out.read_text())["figures"][0]["passed"] is False


def test_where_no_json_can_be_written_nothing_is_measured(asked: list[Plan], tmp_path: Path) -> None:
    plan = Plan(Path("held-out"), parts=(Part.TAGS,))
    with pytest.raises(UserError, match="does not exist"):
        bench.bench_nano(None, plan, tmp_path / "nowhere" / "nano.json", Console(quiet=True))
    assert asked == []


def test_recordings_without_resynthesis_are_refused(asked: list[Plan]) -> None:
    plan = Plan(Path("held-out"), parts=(Part.TAGS,), recordings=Path("others"))
    with pytest.raises(UserError, match="--recordings"):
        bench.bench_nano(None, plan, None, Console(quiet=True))
    assert asked == []
