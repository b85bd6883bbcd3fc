from pathlib import Path

import numpy as np
import pytest

from edge_audio.step_audio.features.prompt_mel import PromptMel
from edge_audio.step_audio.features.recording import read_recording

GOLDEN = Path(__file__).parents[3] / "data" / "golden"


def by_definition(pcm: np.ndarray, rate: int, size: int, hop: int, bands: int, top_hz: float) -> np.ndarray:
    """The spectrogram from its formulas, with a sum for the Fourier transform, in double precision."""
    padded = np.pad(pcm.astype(np.float64), (size - hop) // 2, mode="reflect")
    n, bins = np.arange(size), np.arange(size // 2 + 1)
    waves = np.exp(-2j * np.pi * np.outer(bins, n) / size) * np.sin(np.pi * n / size) ** 2
    columns = [waves @ padded[start : start + size] for start in range(0, len(padded) - size + 1, hop)]
    magnitude = np.sqrt(np.abs(np.array(columns)) ** 2 + 1e-9)
    mels = np.linspace(0, 15 + 27 * np.log(top_hz / 1000) / np.log(6.4), bands + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))
    values = []
    for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False):
        hz = bins * rate / size
        triangle = np.clip(np.minimum((hz - low) / (middle - low), (high - hz) / (high - middle)), 0, None)
        values.append(magnitude @ (triangle * 2 / (high - low)))
    return np.log(np.maximum(np.array(values).T, 1e-5))


@pytest.mark.parametrize("name", ["speech_a_native", "speech_b"])
def test_it_is_the_reference_decoders_spectrogram(name: str) -> None:
    golden = np.load(GOLDEN / "features" / "prompt.npz")
    pcm = read_recording(GOLDEN / "audio" / f"{name}.wav").at(22_050)
    np.testing.assert_allclose(pcm[:2000], golden[f"{name}_wav22k_first2000"], rtol=0, atol=1e-6)
    mel = PromptMel(22_050, 1024, 256, 80, 8000.0)(pcm)
    assert mel.dtype == np.float32
    np.testing.assert_allclose(mel, golden[f"{name}_prompt_mel"], rtol=0, atol=2e-3)
    assert np.abs(mel - golden[f"{name}_prompt_mel"]).mean() < 5e-5


@pytest.mark.parametrize(
    ("rate", "size", "hop", "bands", "top_hz"),
    [(22_050, 1024, 256, 80, 8000.0), (24_000, 512, 128, 40, 12_000.0), (16_000, 400, 100, 20, 4000.0)],
)
def test_it_takes_the_parameters_of_any_decoder(
    rate: int, size: int, hop: int, bands: int, top_hz: float
) -> None:
    pcm = np.random.default_rng(size).normal(0, 0.1, 5000).astype(np.float32)
    mel = PromptMel(rate, size, hop, bands, top_hz)(pcm)
    assert mel.shape == (5000 // hop, bands)
    np.testing.assert_allclose(mel, by_definition(pcm, rate, size, hop, bands, top_hz), atol=1e-3)


def test_silence_lies_on_the_floor_of_its_bands() -> None:
    mel = PromptMel(22_050, 1024, 256, 80, 8000.0)(np.zeros(4096, np.float32))
    assert mel.min() >= np.log(np.float32(1e-5))
    assert mel.max() < -10


def test_the_shortest_recording_is_what_can_be_mirrored() -> None:
    mel = PromptMel(22_050, 1024, 256, 80, 8000.0)
    assert mel.least_samples == 385
    assert mel(np.ones(385, np.float32)).shape == (1, 80)
    with pytest.raises(ValueError, match="385"):
        mel(np.ones(384, np.float32))
