import json
import math
from pathlib import Path

import numpy as np
import pytest

from edge_audio.step_audio.features.resampler import SincResampler

GOLDEN = Path(__file__).parents[3] / "data" / "golden" / "preprocess"
CASES = [case for case in json.loads((GOLDEN / "cases.json").read_bytes())["resample"] if "n_in" in case]


def by_definition(pcm: np.ndarray, from_hz: int, to_hz: int, index: int) -> float:
    """One sample of the result: the sum over all samples, in double but for its place in its period."""
    common = math.gcd(from_hz, to_hz)
    step, phases = from_hz // common, to_hz // common
    period, phase = divmod(index, phases)
    cutoff = 0.99 * min(step, phases)
    place = float(np.float32(phase) / np.float32(phases))
    time = ((np.arange(len(pcm)) - period * step) / step - place) * cutoff
    window = np.where(np.abs(time) < 6, np.cos(np.pi * time / 12) ** 2, 0)
    return float(np.sum(pcm * np.sinc(time) * window) * cutoff / step)


@pytest.mark.parametrize("case", [case for case in CASES if case["n_out"]], ids=lambda case: case["case"])
def test_it_converts_as_the_reference_does(case: dict) -> None:
    golden = np.load(GOLDEN / "resample.npz")
    converted = SincResampler(case["orig"], case["new"])(golden[f"{case['case']}_in"])
    assert converted.dtype == np.float32
    np.testing.assert_allclose(converted, golden[f"{case['case']}_out"], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("from_hz", "to_hz"),
    [(48_000, 16_000), (192_000, 16_000), (44_056, 16_000), (16_000, 16_001), (8000, 48_000)],
)
def test_it_is_a_windowed_sinc_for_any_pair_of_rates(from_hz: int, to_hz: int) -> None:
    pcm = np.random.default_rng(from_hz).normal(0, 0.2, 5000).astype(np.float32)
    converted = SincResampler(from_hz, to_hz)(pcm)
    assert len(converted) == -(-len(pcm) * to_hz // from_hz)
    for index in np.linspace(0, len(converted) - 1, 50).astype(int):
        assert converted[index] == pytest.approx(by_definition(pcm, from_hz, to_hz, index), abs=1e-6)


def test_a_sample_less_than_single_precision_tells_is_not_made() -> None:
    # 1,814,354 * 160 / 441 is 658,269.025, which is 658,269 in the reference's single precision.
    assert len(SincResampler(44_100, 16_000)(np.zeros(1_814_354, np.float32))) == 658_269


def test_one_sample_is_enough() -> None:
    assert len(SincResampler(44_100, 16_000)(np.ones(1, np.float32))) == 1


def test_equal_rates_pass_samples_through() -> None:
    pcm = np.ones(7, np.float32)
    assert SincResampler(16_000, 16_000)(pcm) is pcm


def test_there_is_nothing_to_convert_in_an_empty_recording() -> None:
    with pytest.raises(ValueError, match="empty"):
        SincResampler(48_000, 16_000)(np.zeros(0, np.float32))


@pytest.mark.parametrize(("from_hz", "to_hz"), [(0, 16_000), (16_000, -1)])
def test_rates_are_positive(from_hz: int, to_hz: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        SincResampler(from_hz, to_hz)
