"""The rehearsal: a made-up echo, from which an echo canceller learns before it hears a real one."""

from collections.abc import Iterator

import numpy as np

from edge_audio.audio.frame import FRAME_SAMPLES, Samples
from edge_audio.audio.room import Room

_SOUND_S, _SILENCE_S = 3.0, 0.8
_SYLLABLES_HZ = 4.0
_SOUND_DB, _NOISE_DB = -26.0, -70.0
"""A voice at its usual level, in a quiet room."""

_ECHO_DB = -15.0
"""Weaker than most loudspeakers' echo, stronger than headphones': it should be wrong by little."""


def rehearsal(played_rate_hz: int) -> Iterator[tuple[Samples, Samples]]:
    """Yield what is played and what is heard of it in a made-up room, 20 ms at a time, always the same.

    What is played is noise with the colour and rhythm of speech, then silence.
    """
    chance = np.random.default_rng(0)
    room = Room(played_rate_hz, _ECHO_DB)
    sound = _speechlike(played_rate_hz, chance)
    count = played_rate_hz // 50
    for at in range(0, len(sound) - count + 1, count):
        played = sound[at : at + count]
        noise = 10 ** (_NOISE_DB / 20) * chance.standard_normal(FRAME_SAMPLES)
        yield played, room.echo(played) + noise.astype(np.float32)


def _speechlike(rate_hz: int, chance: np.random.Generator) -> Samples:
    count = round(_SOUND_S * rate_hz)
    hz = np.fft.rfftfreq(count, 1 / rate_hz)
    colour = np.where((hz > 100) & (hz < 7000), 1 / np.maximum(hz, 500.0), 0.0)
    noise = np.fft.irfft(np.fft.rfft(chance.standard_normal(count)) * colour, count)
    noise *= np.sin(np.pi * _SYLLABLES_HZ * np.arange(count) / rate_hz) ** 2
    noise *= 10 ** (_SOUND_DB / 20) / np.sqrt(np.mean(noise**2))
    return np.concatenate((noise, np.zeros(round(_SILENCE_S * rate_hz)))).astype(np.float32)
