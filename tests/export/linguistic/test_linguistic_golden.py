from pathlib import Path

from export.linguistic.golden import checks

GOLDEN = Path(__file__).parents[2] / "data" / "golden"


def test_module_and_graph_equal_the_golden_data(tmp_path: Path) -> None:
    outcome = list(checks(GOLDEN, tmp_path))
    assert {check.by for check in outcome} == {"torch", "onnx"}
    assert [check for check in outcome if not check.passed] == []
    assert sum(check.total for check in outcome) > 1000
