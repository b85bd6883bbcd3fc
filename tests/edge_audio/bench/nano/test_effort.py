from edge_audio.bench.nano.effort import effort_figures
from edge_audio.bench.nano.lone_voice import Effort


def figures(effort: Effort) -> dict[str, tuple[float | None, bool | None]]:
    return {figure.name: (figure.value, figure.passed) for figure in effort_figures(effort)}


def test_effort_within_the_bars_passes() -> None:
    effort = Effort([100.0] * 90 + [290.0] * 10, 20.0, 50.0, 249.0, one_core=True)
    assert figures(effort) == {
        "first audio p50": (100.0, True),
        "first audio p90": (119.0, True),
        "first audio p95": (290.0, True),
        "real-time factor": (0.4, True),
        "resident memory": (249.0, True),
    }


def test_each_figure_has_a_bar_of_its_own() -> None:
    found = figures(Effort([100.0] * 90 + [310.0] * 10, 30.0, 50.0, 251.0, one_core=True))
    assert [name for name, (_, passed) in found.items() if not passed] == [
        "first audio p95",
        "real-time factor",
        "resident memory",
    ]


def test_a_voice_without_sound_has_no_times() -> None:
    found = figures(Effort([], 1.0, 0.0, 100.0, one_core=False))
    assert found["first audio p95"] == (None, None)
    assert found["real-time factor"] == (None, None)
