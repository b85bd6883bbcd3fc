"""A room in which an open loudspeaker is heard by a microphone, with what makes that hard."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.audio.resample import resample


@dataclass(frozen=True, slots=True)
class SimulatedRoom:
    """The way from a loudspeaker to a microphone."""

    reverberation_s: float = 0.4
    """In this time the sound dies away by 60 dB."""
    echo_db: float = -10.0
    """Level at the microphone against what is played."""
    delay_s: float = 0.08
    """Of the direct sound, buffers and air together."""
    jumps: tuple[tuple[float, float], ...] = ()
    """When the delay becomes another, and which."""
    drift_ppm: float = 0.0
    """How much faster the loudspeaker's clock goes than the microphone's."""
    drive: float = 0.0
    """How hard the loudspeaker is driven: what is played times this is softly clipped; 0 is a perfect one."""
    noise_db: float = -65.0
    """Level of the room itself."""
    seed: int = 0

    def hears(self, played: Samples, rate_hz: int) -> Samples:
        """Return what the microphone hears, at 16 kHz, while `played` is played."""
        sound = np.tanh(self.drive * played) / self.drive if self.drive else played
        sound = resample(sound.astype(np.float32), rate_hz, INPUT_RATE_HZ)
        response = self._response()
        size = len(sound) + len(response)
        echo = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)[: len(sound)]
        echo = np.interp(self._heard_from(len(sound)), np.arange(len(sound)), echo, left=0.0, right=0.0)
        noise = np.random.default_rng(self.seed + 1).standard_normal(len(sound))
        return (10 ** (self.echo_db / 20) * echo + 10 ** (self.noise_db / 20) * noise).astype(np.float32)

    def _heard_from(self, count: int) -> NDArray[np.float64]:
        """Where in the echo each sample is heard from."""
        at_s = np.arange(count) / INPUT_RATE_HZ
        delay_s = np.full(count, self.delay_s)
        for from_s, becomes_s in self.jumps:
            delay_s[at_s >= from_s] = becomes_s
        place = (at_s - delay_s) * INPUT_RATE_HZ
        return place * (1 + self.drift_ppm * 1e-6) if self.drift_ppm else np.round(place)

    def _response(self) -> NDArray[np.float64]:
        """The direct sound, early reflections and diffuse reverberation; its energy is 1."""
        chance = np.random.default_rng(self.seed)
        response = np.zeros(round((self.reverberation_s + 0.05) * INPUT_RATE_HZ))
        response[0] = 1.0
        for _ in range(10):
            at_s = chance.uniform(0.002, 0.04)
            loss = 10 ** (-3 * at_s / self.reverberation_s) * np.sqrt(0.003 / (at_s + 0.003))
            response[round(at_s * INPUT_RATE_HZ)] += 0.6 * loss * chance.choice([-1, 1])
        at_s = np.arange(len(response)) / INPUT_RATE_HZ
        diffuse = chance.standard_normal(len(response)) * 10 ** (-3 * at_s / self.reverberation_s)
        diffuse *= np.minimum(1.0, at_s / 0.01)
        response += diffuse * np.sqrt(0.8 * np.sum(response**2) / np.sum(diffuse**2))
        return response / np.sqrt(np.sum(response**2))
