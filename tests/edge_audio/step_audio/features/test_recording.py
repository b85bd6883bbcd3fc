from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_audio.step_audio.features.recording import Recording, read_recording
from runtime.errors import UserError

GOLDEN = Path(__file__).parents[3] / "data" / "golden"


def test_a_file_keeps_its_rate() -> None:
    recording = read_recording(GOLDEN / "audio" / "speech_a_native.wav")
    assert recording.rate_hz == 44_100
    assert recording.pcm.shape == (110_250,)


def test_channels_are_averaged_before_the_rate_is_converted(tmp_path: Path) -> None:
    golden = np.load(GOLDEN / "preprocess" / "resample.npz")
    soundfile.write(tmp_path / "stereo.wav", golden["stereo_in"].T, 48_000, subtype="FLOAT")
    mono = read_recording(tmp_path / "stereo.wav").at(16_000)
    np.testing.assert_allclose(mono, golden["stereo_out"], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("pcm", "cause"), [([], "no sound"), ([0.1, np.nan], "no numbers"), ([np.inf, 0.1], "no numbers")]
)
def test_what_no_code_could_be_made_of_is_refused(pcm: list[float], cause: str) -> None:
    with pytest.raises(UserError, match=cause):
        Recording(np.array(pcm, np.float32), 16_000)


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    for path in (text, tmp_path / "missing.wav", tmp_path):
        with pytest.raises(UserError, match=str(path)):
            read_recording(path)
