"""Sounds of things and of breath, and noises that go on, shaped of random numbers."""

from collections.abc import Callable

import numpy as np

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples


def band(pcm: Samples, low_hz: float, high_hz: float) -> Samples:
    """Return what of `pcm` lies between two frequencies, with soft edges."""
    hz = np.fft.rfftfreq(len(pcm), 1 / INPUT_RATE_HZ)
    gain = 1 / (1 + (low_hz / np.maximum(hz, 1.0)) ** 4) / (1 + (hz / high_hz) ** 4)
    return np.fft.irfft(np.fft.rfft(pcm) * gain, len(pcm)).astype(np.float32)


def burst(seed: int, length_s: float, rise_s: float, decay_s: float) -> Samples:
    """Return white noise that rises, and dies away exponentially."""
    count = round(length_s * INPUT_RATE_HZ)
    at_s = np.arange(count) / INPUT_RATE_HZ
    envelope = np.minimum(at_s / rise_s, 1.0) * np.exp(-np.maximum(at_s - rise_s, 0.0) / decay_s)
    return (np.random.default_rng(seed).standard_normal(count) * envelope).astype(np.float32)


def mixed(length_s: float, *sounds: tuple[float, Samples]) -> Samples:
    """Return the sum of sounds, each from its time on."""
    pcm = np.zeros(round(length_s * INPUT_RATE_HZ), np.float32)
    for start_s, sound in sounds:
        start = round(start_s * INPUT_RATE_HZ)
        sound = sound[: len(pcm) - start]
        pcm[start : start + len(sound)] += sound
    return pcm


def cough(seed: int, length_s: float, voiced: Samples) -> Samples:
    """Return one cough: a bang of breath, breath through an open throat, and what the voice adds to it."""
    bang = band(burst(seed, 0.12, 0.004, 0.03), 300, 5500)
    breath = 0.45 * band(burst(seed + 1, length_s, 0.03, length_s / 3), 500, 3500)
    return mixed(length_s, (0.0, bang), (0.03, breath), (0.04, voiced))


def keyboard(seed: int, strokes: int) -> Samples:
    """Return typing: each key clicks as it goes down, and less as it comes up."""
    random = np.random.default_rng(seed)
    sounds, at_s = [], 0.02
    for stroke in range(strokes):
        click = random.uniform(0.5, 1.0) * band(burst(seed + stroke, 0.04, 0.001, 0.006), 1200, 6500)
        sounds += [(at_s, click), (at_s + random.uniform(0.05, 0.08), 0.4 * click)]
        at_s += random.uniform(0.09, 0.2)
    return mixed(at_s + 0.1, *sounds)


def knocks(seed: int, times_s: tuple[float, ...]) -> Samples:
    """Return knocks on a wooden door."""
    knock = band(burst(seed, 0.15, 0.001, 0.02), 120, 900)
    return mixed(times_s[-1] + 0.2, *((at_s, knock) for at_s in times_s))


def cup() -> Samples:
    """Return a cup put down: a knock and the ringing of china."""
    at_s = np.arange(round(0.35 * INPUT_RATE_HZ)) / INPUT_RATE_HZ
    ringing = sum(np.exp(-at_s / 0.06) * np.sin(2 * np.pi * hz * at_s) for hz in (2310.0, 3720.0, 5140.0))
    return mixed(
        0.35,
        (0.0, 0.15 * np.asarray(ringing, np.float32)),
        (0.0, band(burst(5, 0.1, 0.001, 0.01), 300, 3000)),
    )


def slam() -> Samples:
    """Return a door that falls shut in the next room."""
    return mixed(
        0.6,
        (0.0, band(burst(6, 0.6, 0.003, 0.06), 40, 500)),
        (0.0, 0.3 * band(burst(7, 0.2, 0.001, 0.02), 800, 4000)),
    )


def fan(count: int) -> Samples:
    """Return the noise of a fan: low, with the hum of its motor."""
    at_s = np.arange(count) / INPUT_RATE_HZ
    hum = sum(np.sin(2 * np.pi * hz * at_s) / part for part, hz in enumerate((100.0, 200.0, 300.0), start=1))
    rush = periodic(count, 101, lambda hz: 1 / np.maximum(hz, 60.0))
    return (rush / rush.std() + 0.4 * np.asarray(hum)).astype(np.float32)


def street(count: int) -> Samples:
    """Return the noise of a street: a rumble that comes and goes, and wet tyres above."""
    at = 2 * np.pi * np.arange(count) / count
    rumble = periodic(count, 102, lambda hz: 1 / np.maximum(hz, 40.0) ** 1.5)
    hiss = periodic(count, 103, lambda hz: 1 / np.sqrt(1 + (hz / 1500) ** 2))
    passing = 1.0 + 0.6 * np.sin(3 * at) + 0.3 * np.sin(5 * at + 1.0)
    return (passing * (rumble / rumble.std() + 0.35 * hiss / hiss.std())).astype(np.float32)


def periodic(count: int, seed: int, gain: Callable[[Samples], Samples]) -> Samples:
    """Return noise of the spectrum `gain` that goes on without a seam when it is repeated."""
    white = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    hz = np.fft.rfftfreq(count, 1 / INPUT_RATE_HZ)
    return np.fft.irfft(white * gain(hz), count).astype(np.float32)
