from edge_audio.bench.nano.speed import speed_metrics
from edge_audio.bench.nano.voice_process import Speed


def metrics(speed: Speed) -> dict[str, tuple[float | None, bool | None]]:
    return {metric.name: (metric.value, metric.passed) for metric in speed_metrics(speed)}


def test_speed_within_the_bars_passes() -> None:
    speed = Speed([100.0] * 90 + [290.0] * 10, 20.0, 50.0, 249.0, one_core=True)
    assert metrics(speed) == {
        "first audio p50": (100.0, True),
        "first audio p90": (119.0, True),
        "first audio p95": (290.0, True),
        "real-time factor": (0.4, True),
        "resident memory": (249.0, True),
    }


def test_each_metric_has_a_bar_of_its_own() -> None:
    found = metrics(Speed([100.0] * 90 + [310.0] * 10, 30.0, 50.0, 251.0, one_core=True))
    assert [name for name, (_, passed) in found.items() if not passed] == [
        "first audio p95",
        "real-time factor",
        "resident memory",
    ]


def test_a_voice_without_sound_has_no_times() -> None:
    found = metrics(Speed([], 1.0, 0.0, 100.0, one_core=False))
    assert found["first audio p95"] == (None, None)
    assert found["real-time factor"] == (None, None)
