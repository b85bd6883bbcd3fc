"""A recording at its own sample rate."""

import os
from dataclasses import dataclass

import numpy as np
import soundfile

from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.step_audio.features.resampler import SincResampler
from runtime.errors import UserError


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Recorded speech, to be turned into codes or a voice.

    Raises `UserError` if it is empty or has samples that are no finite numbers.
    """

    pcm: Samples
    rate_hz: int

    def __post_init__(self) -> None:
        if not len(self.pcm):
            raise UserError("The recording holds no sound.", _SPEECH)
        if not np.all(np.isfinite(self.pcm)):
            raise UserError("The recording has samples that are no numbers (NaN or infinity).", _SPEECH)

    def at(self, rate_hz: int) -> Samples:
        """Return the samples at another rate, converted as in the release."""
        return SincResampler(self.rate_hz, rate_hz)(self.pcm)


_SPEECH = "Choose another recording of speech."


def read_recording(path: str | os.PathLike[str]) -> Recording:
    """Read an audio file without changing its rate; channels are averaged.

    Raises `UserError` as `read_audio` does.
    """
    try:
        rate_hz = soundfile.info(path).samplerate
    except (soundfile.LibsndfileError, TypeError):
        rate_hz = INPUT_RATE_HZ  # reading it will report what is wrong with the file
    return Recording(read_audio(path, rate_hz), rate_hz)
