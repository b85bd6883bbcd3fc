import numpy as np
import pytest

from edge_audio.audio.log_mel import LogMel


def hz_of_mel(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))


def by_definition(pcm: np.ndarray, bands: int) -> np.ndarray:
    """The spectrogram from its formulas, with a sum for the Fourier transform, in double precision."""
    padded = np.pad(pcm.astype(np.float64), 200, mode="reflect")
    n, bins = np.arange(400), np.arange(201)
    waves = np.exp(-2j * np.pi * np.outer(bins, n) / 400)
    hann = np.sin(np.pi * n / 400) ** 2
    power = [np.abs(waves @ (padded[hop * 160 :][:400] * hann)) ** 2 for hop in range(len(pcm) // 160)]
    edges = hz_of_mel(np.linspace(0, 15 + 27 * np.log(8) / np.log(6.4), bands + 2))
    columns = []
    for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False):
        hz = bins * 40.0
        triangle = np.clip(np.minimum((hz - low) / (middle - low), (high - hz) / (high - middle)), 0, None)
        columns.append(np.array(power) @ (triangle * 2 / (high - low)))
    log_mel = np.log10(np.maximum(np.array(columns), 1e-10))
    return (np.maximum(log_mel, log_mel.max() - 8) + 4) / 4


@pytest.mark.parametrize("bands", [80, 128])
@pytest.mark.parametrize("samples", [1600, 3333, 16_000])
def test_it_is_whispers_spectrogram(bands: int, samples: int) -> None:
    rng = np.random.default_rng(samples)
    pcm = (rng.normal(0, 0.1, samples) * np.linspace(1e-4, 1, samples)).astype(np.float32)
    spectrogram = LogMel(bands)(pcm)
    assert spectrogram.shape == (bands, samples // 160)
    assert spectrogram.dtype == np.float32
    np.testing.assert_allclose(spectrogram, by_definition(pcm, bands), atol=1e-4)


def test_silence_has_a_flat_spectrogram() -> None:
    np.testing.assert_allclose(LogMel()(np.zeros(1600, np.float32)), -1.5, atol=1e-6)


def test_sound_shorter_than_a_hop_has_no_columns() -> None:
    assert LogMel()(np.zeros(100, np.float32)).shape == (80, 0)
