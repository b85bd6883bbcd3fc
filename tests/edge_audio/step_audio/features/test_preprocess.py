from pathlib import Path

import numpy as np
import pytest

from edge_audio.step_audio.features.preprocess import preprocess
from edge_audio.step_audio.features.recording import Recording, read_recording
from runtime.errors import UserError

GOLDEN = Path(__file__).parents[3] / "data" / "golden"


@pytest.mark.parametrize("trim", [False, True])
def test_a_recording_is_prepared_as_in_the_reference(trim: bool) -> None:
    golden = np.load(GOLDEN / "preprocess" / "preprocess.npz")[f"native_trim{trim:d}_norm1"]
    prepared = preprocess(read_recording(GOLDEN / "audio" / "speech_a_native.wav"), trim=trim)
    np.testing.assert_allclose(prepared, golden, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rate_hz", [8000, 11_025, 15_999])
def test_a_rate_under_16_khz_is_refused(rate_hz: int) -> None:
    with pytest.raises(UserError, match=f"{rate_hz} Hz"):
        preprocess(Recording(np.ones(rate_hz, np.float32), rate_hz), trim=False)


def test_16_khz_is_only_levelled() -> None:
    pcm = np.linspace(-0.5, 0.25, 100, dtype=np.float32)
    np.testing.assert_allclose(preprocess(Recording(pcm, 16_000), trim=False), pcm / 0.5 * 0.999, rtol=1e-6)
