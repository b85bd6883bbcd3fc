from pathlib import Path

from export.semantic.golden import checks

GOLDEN = Path(__file__).parents[2] / "data" / "golden"


def test_the_graph_and_both_tokenizers_equal_the_golden_data(tmp_path: Path) -> None:
    outcome = list(checks(GOLDEN, tmp_path))
    assert {check.by for check in outcome} == {"torch", "onnx", "numpy"}
    assert [check for check in outcome if not check.passed] == []
    assert sum(check.total for check in outcome) > 5000
