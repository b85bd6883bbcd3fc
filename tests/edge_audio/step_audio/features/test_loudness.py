import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge_audio.step_audio.features.loudness import RunningPeak, energy_norm

GOLDEN = Path(__file__).parents[3] / "data" / "golden" / "preprocess"
CASES = json.loads((GOLDEN / "cases.json").read_bytes())["energy_norm"]

streams = arrays(np.float32, st.integers(1, 300), elements=st.floats(-1, 1, width=32))


@pytest.mark.parametrize("name", [case["case"] for case in CASES if "peak_in" in case])
def test_a_recording_is_scaled_exactly_as_in_the_reference(name: str) -> None:
    golden = np.load(GOLDEN / "energy_norm.npz")
    levelled = energy_norm(golden[f"{name}_in"])
    assert levelled.dtype == np.float32
    np.testing.assert_array_equal(levelled, golden[f"{name}_out"])


def test_one_sample_that_is_no_number_makes_all_of_them_so() -> None:
    assert np.isnan(energy_norm(np.array([0.1, np.nan, 0.2], np.float32))).all()


def test_an_empty_recording_has_no_level() -> None:
    with pytest.raises(ValueError, match="empty"):
        energy_norm(np.zeros(0, np.float32))


@given(streams, st.lists(st.integers(0, 300)))
def test_where_a_stream_is_cut_makes_no_difference(pcm: np.ndarray, cuts: list[int]) -> None:
    stream = RunningPeak()
    pieces = [stream.push(piece) for piece in np.split(pcm, sorted(min(cut, len(pcm)) for cut in cuts))]
    np.testing.assert_array_equal(np.concatenate(pieces), RunningPeak().push(pcm))


@given(streams)
def test_from_the_loudest_sample_on_a_stream_has_the_level_of_the_recording(pcm: np.ndarray) -> None:
    loudest = int(np.abs(pcm).argmax())
    np.testing.assert_array_equal(RunningPeak().push(pcm)[loudest:], energy_norm(pcm)[loudest:])


@given(streams)
def test_a_stream_never_exceeds_full_level(pcm: np.ndarray) -> None:
    assert np.abs(RunningPeak().push(pcm)).max() <= np.float32(0.999)


@given(streams)
def test_no_step_is_higher_than_under_the_gain_before_it(pcm: np.ndarray) -> None:
    levelled = RunningPeak().push(pcm).astype(np.float64)
    peaks = np.maximum(np.maximum.accumulate(np.abs(pcm.astype(np.float64))), 0.01)
    allowed = np.abs(np.diff(pcm.astype(np.float64))) * 0.999 / peaks[:-1]
    assert (np.abs(np.diff(levelled)) <= allowed + 1e-6).all()


def test_a_stream_that_begins_with_a_known_peak_keeps_its_noise_down() -> None:
    noise = np.full(100, 0.002, np.float32)
    np.testing.assert_allclose(RunningPeak(peak=0.5).push(noise), 0.002 / 0.5 * 0.999, rtol=1e-6)
    np.testing.assert_allclose(RunningPeak(peak=0.0).push(noise), 0.002 / 0.01 * 0.999, rtol=1e-6)


def test_a_stream_tells_its_peak_for_the_next_one() -> None:
    stream = RunningPeak()
    stream.push(np.array([0.1, -0.75, 0.3], np.float32))
    stream.push(np.array([0.2], np.float32))
    assert stream.peak == 0.75
