import json
from pathlib import Path

import numpy as np
import pytest

from edge_audio.step_audio.features.trim import speech_span, trim_silence

GOLDEN = Path(__file__).parents[3] / "data" / "golden" / "preprocess"
CASES = json.loads((GOLDEN / "cases.json").read_bytes())["trim_silence"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_silence_is_trimmed_exactly_as_in_the_reference(case: dict) -> None:
    golden = np.load(GOLDEN / "trim_silence.npz")
    pcm = golden[f"{case['case']}_in"]
    assert list(speech_span(pcm)) == case["librosa_index"]
    trimmed = trim_silence(pcm)
    assert trimmed.dtype == np.float32
    np.testing.assert_array_equal(trimmed, golden[f"{case['case']}_out"])


def test_50_ms_before_the_speech_and_220_ms_after_it_stay() -> None:
    quiet = np.full(16_000, 1e-3, np.float32)
    speech = np.tile(np.array([0.5, -0.5], np.float32), 4800)
    pcm = np.concatenate([quiet, speech, quiet])
    start, end = speech_span(pcm)
    assert start <= 16_000
    assert end >= 25_600
    trimmed = trim_silence(pcm)
    np.testing.assert_array_equal(trimmed, pcm[start - 800 :][: len(trimmed)])
    assert 3520 <= len(trimmed) - 800 - (end - start) < 3520 + 240
