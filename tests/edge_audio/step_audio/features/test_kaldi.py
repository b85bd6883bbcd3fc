from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_audio.step_audio.features.kaldi import INT16_SCALE, Fbank

GOLDEN = Path(__file__).parents[3] / "data" / "golden"


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    pcm, _ = soundfile.read(GOLDEN / "audio" / "speech_b.wav", dtype="float32")
    return pcm


def test_it_is_the_speaker_models_filter_bank(speech: np.ndarray) -> None:
    golden = np.load(GOLDEN / "features" / "prompt.npz")
    energies = Fbank("povey", 1.0)(speech)
    assert energies.dtype == np.float32
    np.testing.assert_allclose(energies[:20], golden["speech_b_fbank_raw_first20"], rtol=0, atol=1e-3)
    np.testing.assert_allclose(
        energies - energies.mean(axis=0), golden["speech_b_fbank_mean_normalised"], rtol=0, atol=1e-3
    )


def test_a_frame_depends_on_its_own_samples_only(speech: np.ndarray) -> None:
    fbank = Fbank("hamming", INT16_SCALE)
    whole = fbank(speech)
    for first, frames in [(0, 1), (3, 5), (17, 16), (100, 33)]:
        part = speech[first * 160 : (first + frames - 1) * 160 + 400]
        np.testing.assert_array_equal(fbank(part), whole[first : first + frames])


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (399, 0), (400, 1), (559, 1), (560, 2)])
def test_only_whole_windows_make_frames(samples: int, frames: int) -> None:
    assert Fbank("hamming", 1.0)(np.ones(samples, np.float32)).shape == (frames, 80)


def test_silence_and_a_constant_lie_on_the_floor() -> None:
    floor = np.log(np.finfo(np.float32).eps)
    for level in (0.0, 0.5):
        energies = Fbank("povey", 1.0)(np.full(800, level, np.float32))
        np.testing.assert_allclose(energies, floor, atol=1e-6)


def test_a_tone_is_loudest_in_the_band_around_it() -> None:
    def mel(hz: np.ndarray | float) -> np.ndarray:
        return 1127 * np.log1p(np.asarray(hz) / 700)

    tone = np.sin(2 * np.pi * 1000 * np.arange(1600) / 16_000).astype(np.float32)
    centres = np.linspace(mel(20), mel(8000), 82)[1:-1]
    loudest = Fbank("hamming", 1.0)(tone).mean(axis=0).argmax()
    assert loudest == np.abs(centres - mel(1000)).argmin()
