from io import StringIO

import msgspec
import pytest
from rich.console import Console

from edge_audio.bench.nano.metric import Bar, Metric, table_of
from edge_audio.bench.nano.part import Part


def metric(value: float | None, bar: Bar | None) -> Metric:
    return Metric(Part.SPEECH, "word errors (stub)", "ann", value, "%", bar, "original 10.0 %")


@pytest.mark.parametrize(
    ("value", "bar", "passed", "verdict"),
    [
        (25.0, Bar(25.0), True, "passed"),
        (25.1, Bar(25.0), False, "missed"),
        (0.8, Bar(0.8, at_least=True), True, "passed"),
        (0.79, Bar(0.8, at_least=True), False, "missed"),
        (None, Bar(25.0), None, "not measured"),
        (25.0, None, None, ""),
    ],
)
def test_a_metric_is_held_against_its_bar(
    value: float | None, bar: Bar | None, passed: bool | None, verdict: str
) -> None:
    assert metric(value, bar).passed is passed
    assert metric(value, bar).verdict == verdict


def test_the_table_tells_metric_bar_and_verdict_in_a_line() -> None:
    printed = StringIO()
    metrics = [metric(30.0, Bar(25.0)), metric(None, Bar(25.0)), metric(3.25, None)]
    Console(width=120, file=printed).print(table_of(metrics))
    lines = [line.split() for line in printed.getvalue().splitlines()[1:]]
    start = "speech ann word errors (stub)".split()
    assert lines == [
        [*start, *"30 % ≤ 25 missed original 10.0 %".split()],
        [*start, *"- % ≤ 25 not measured original 10.0 %".split()],
        [*start, *"3.25 % original 10.0 %".split()],
    ]


def test_json_tells_the_bar_and_whether_it_was_reached() -> None:
    told = msgspec.json.decode(msgspec.json.encode(metric(30.0, Bar(25.0)).as_dict()))
    assert told["part"] == "speech"
    assert told["value"] == 30.0
    assert told["bar"] == {"limit": 25.0, "at_least": False}
    assert told["passed"] is False
