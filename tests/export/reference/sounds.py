"""Sounds, and what the reference's features are of them: the textbook definitions in float64, plainly."""

from pathlib import Path

import numpy as np
import soundfile

from tests.export.reference.weights import write_json

SAMPLES = {
    "speech_a_native": (48000, 48000 + 777),
    "speech_a": (16000, 2880 * 7 + 1500),
    "speech_b": (16000, 2880 * 5 + 901),
    "synth_c": (16000, 2880 * 4 + 500),
    "synth_d": (16000, 2880 * 3),
}
"""Rate in Hz and length of each file."""


def write_sounds(folder: Path, seed: int) -> dict[str, tuple[np.ndarray, int]]:
    """Write 16-bit files into `folder`; returns their samples in [-1, 1) and rates."""
    folder.mkdir()
    generator = np.random.default_rng(seed)
    sounds, entries = {}, []
    for name, (rate, count) in SAMPLES.items():
        pcm = np.round(sweep(generator, rate, count) * 32768).astype(np.int16)
        soundfile.write(folder / f"{name}.wav", pcm, rate, subtype="PCM_16")
        sounds[name] = pcm / 32768, rate
        entries.append({"file": f"{name}.wav", "source": "synthetic", "sample_rate": rate, "samples": count})
    write_json(folder / "audio.json", entries)
    return sounds


def sweep(generator: np.random.Generator, rate: int, count: int) -> np.ndarray:
    """Return a harmonic sweep between two silences, with noise everywhere."""
    time = np.arange(count) / rate
    pitch = generator.uniform(90, 180) * (1 + 0.4 * np.sin(2 * np.pi * generator.uniform(0.7, 1.6) * time))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    voice = sum(np.sin(k * phase + generator.uniform(0, 6)) / k for k in range(1, 12))
    syllables = 0.5 - 0.5 * np.cos(2 * np.pi * generator.uniform(2.5, 4.5) * time)
    heard = (time > 0.15 * time[-1]) & (time < 0.8 * time[-1])
    return 0.2 * voice * syllables * heard + 0.003 * generator.standard_normal(count)


def resampled(pcm: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Return torchaudio's default: a sinc of 6 zero crossings under a Hann window, rolled off at 0.99."""
    if from_hz == to_hz:
        return pcm
    common = np.gcd(from_hz, to_hz)
    old, new = int(from_hz // common), int(to_hz // common)
    base = min(old, new) * 0.99
    reach = int(np.ceil(6 * old / base)) + 1
    made = np.arange(int(np.ceil(new * len(pcm) / old)))
    nearest = made * old // new
    sample = nearest[:, None] + np.arange(-reach, reach + 1)
    time = np.clip((sample / old - made[:, None] / new) * base, -6, 6)
    weight = np.sinc(time) * np.cos(time * np.pi / 12) ** 2 * base / old
    inside = (sample >= 0) & (sample < len(pcm))
    return np.sum(np.where(inside, pcm[np.clip(sample, 0, len(pcm) - 1)], 0.0) * weight, axis=1)


def levelled(pcm: np.ndarray) -> np.ndarray:
    """Return `energy_norm`."""
    return pcm / max(np.abs(pcm).max(), 0.01) * 0.999


def span(pcm: np.ndarray) -> tuple[int, int]:
    """Return what librosa's trim at 20 dB with windows of 512 every 128 samples returns."""
    padded = np.concatenate((np.zeros(256), pcm, np.zeros(256)))
    power = [np.mean(padded[start : start + 512] ** 2) for start in range(0, len(pcm) + 1, 128)]
    level = 10 * np.log10(np.maximum(power, 1e-10))
    loud = np.nonzero(level > level.max() - 20)[0]
    return int(loud[0]) * 128, min(len(pcm), int(loud[-1] + 1) * 128)


def trimmed(pcm: np.ndarray) -> np.ndarray:
    """Return `trim_silence`: 50 ms before the speech, 220 ms behind it, in units of 15 ms."""
    start, end = span(pcm)
    result = np.zeros(int(np.ceil((end - start) / 240) * 240) + 4320)
    for place in range(len(result)):
        source = start - 800 + place
        if 0 <= source < len(pcm):
            result[place] = pcm[source]
    return result


def frames(pcm: np.ndarray, size: int, hop: int) -> np.ndarray:
    count = 1 + (len(pcm) - size) // hop
    return np.stack([pcm[i * hop : i * hop + size] for i in range(count)])


def triangles(bins: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return a triangle for each three `edges` in a row over `bins`, shape (bands, bins)."""
    return np.stack(
        [
            np.clip(np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)), 0, None)
            for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False)
        ]
    )


def slaney(rate: int, size: int, bands: int, top_hz: float) -> np.ndarray:
    """Return librosa's mel filters, shape (bands, bins)."""

    def hz(mel: float) -> float:
        return 200 / 3 * mel if mel < 15 else 1000 * np.exp(np.log(6.4) / 27 * (mel - 15))

    top = 15 + 27 * np.log(top_hz / 1000) / np.log(6.4)
    edges = np.array([hz(mel) for mel in np.linspace(0, top, bands + 2)])
    filters = triangles(np.arange(size // 2 + 1) * rate / size, edges)
    return filters * (2 / (edges[2:] - edges[:-2]))[:, None]


def hann(size: int) -> np.ndarray:
    return np.sin(np.pi * np.arange(size) / size) ** 2


def prompt_mel(pcm: np.ndarray, rate: int) -> np.ndarray:
    """Return the decoder's log-mel, shape (frames, 80)."""
    padded = np.pad(pcm, 384, mode="reflect")
    spectrum = np.fft.rfft(frames(padded, 1024, 256) * hann(1024))
    magnitude = np.sqrt(np.abs(spectrum) ** 2 + 1e-9)
    return np.log(np.maximum(magnitude @ slaney(rate, 1024, 80, 8000).T, 1e-5))


def whisper_mel(pcm: np.ndarray) -> np.ndarray:
    """Return Whisper's log-mel, shape (128, hops)."""
    spectrum = np.fft.rfft(frames(np.pad(pcm, 200, mode="reflect"), 400, 160) * hann(400))
    power = np.abs(spectrum[: len(pcm) // 160]) ** 2
    log_mel = np.log10(np.maximum(power @ slaney(16000, 400, 128, 8000).T, 1e-10)).T
    return (np.maximum(log_mel, log_mel.max() - 8) + 4) / 4


def fbank(pcm: np.ndarray, window: np.ndarray, scale: float) -> np.ndarray:
    """Return Kaldi's log filter bank, shape (frames, 80)."""
    if len(pcm) < 400:
        return np.zeros((0, 80))
    cut = frames(pcm * scale, 400, 160)
    cut = cut - cut.mean(axis=1, keepdims=True)
    cut = cut - 0.97 * np.concatenate((cut[:, :1], cut[:, :-1]), axis=1)
    power = np.abs(np.fft.rfft(cut * window, 512)) ** 2

    def mel(hz: np.ndarray) -> np.ndarray:
        return 1127 * np.log(1 + hz / 700)

    edges = np.linspace(mel(np.array(20.0)), mel(np.array(8000.0)), 82)
    energy = power @ triangles(mel(np.arange(257) * 16000 / 512), edges).T
    return np.log(np.maximum(energy, np.finfo(np.float32).eps))


HAMMING = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(400) / 399)
POVEY = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 399)) ** 0.85
