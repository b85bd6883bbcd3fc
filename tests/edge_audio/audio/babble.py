"""A stand-in for speech, for what listens to its structure and not to its words."""

import numpy as np

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples


def babble(seconds: float, pitch_hz: float, seed: int, rate_hz: int = INPUT_RATE_HZ) -> Samples:
    """Something like speech: syllables of 0.2 s, each with its own pitch and colour, and pauses."""
    chance = np.random.default_rng(seed)
    t = np.arange(rate_hz // 5) / rate_hz
    shape = np.sqrt(np.abs(np.sin(np.pi * t / t[-1])))
    syllables = []
    for _ in range(round(seconds * 5)):
        hz = pitch_hz * chance.uniform(0.8, 1.3) * (1 + chance.uniform(-0.3, 0.3) * t)
        partials = np.arange(1, 3_500 // round(pitch_hz))
        weights = chance.uniform(0, 1, len(partials)) / np.sqrt(partials)
        voice = np.sin(2 * np.pi * np.outer(partials, np.cumsum(hz) / rate_hz)).T @ weights
        breath = 0.3 * chance.standard_normal(len(t))
        syllables.append(shape * (voice + breath) * (chance.random() > 0.2))
    pcm = np.concatenate(syllables)
    return (0.3 * pcm / np.abs(pcm).max()).astype(np.float32)
