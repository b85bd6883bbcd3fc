"""Augmentation of the tokenizers' input: vocal tract length, gain and noise, drawn for each crop.

The codes then carry what is said, rather than the speaker's vocal tract, the level or the room.
"""

import numpy as np
import torch
from torch import Tensor

_LOG_POWER_PER_DB = float(np.log(10.0)) / 10
"""A decibel in the filter bank, which is the natural logarithm of a power."""

_DB_PER_LOG_MEL = 40.0
"""Decibels in a unit of the log-mel, which is a fourth of the decimal logarithm of a power."""

_LOG_MEL_RANGE = 2.0
"""The log-mel is clipped this far below its loudest value: 80 dB."""


def augmented(fbank: Tensor, log_mel: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return both spectra (batch, hops, bands) with the same augmentation, drawn for each crop.

    Half of the crops get another vocal tract length (0.88 to 1.14), half another gain (-12 to 0 dB), and 60 %
    noise, 20 to 70 dB below their loudest value.
    """
    size = len(fbank)
    warp = torch.from_numpy(np.where(rng.random(size) < 0.5, rng.uniform(0.88, 1.14, size), 1.0)).float()
    fbank, log_mel = _warped(fbank, warp), _warped(log_mel, warp)
    gain_db = torch.from_numpy(rng.uniform(-12.0, 0.0, size) * (rng.random(size) < 0.5)).float()[
        :, None, None
    ]
    fbank, log_mel = fbank + gain_db * _LOG_POWER_PER_DB, log_mel + gain_db / _DB_PER_LOG_MEL
    below_db = torch.from_numpy(np.where(rng.random(size) < 0.6, rng.uniform(20, 70, size), 90.0)).float()
    tilt_db = torch.from_numpy(rng.uniform(-20.0, 5.0, size)).float()
    fbank = _noisy(fbank, below_db, tilt_db, 1 / _LOG_POWER_PER_DB)
    noisy_log_mel = _noisy(log_mel, below_db, tilt_db, _DB_PER_LOG_MEL)
    return fbank, torch.maximum(noisy_log_mel, log_mel.amax((1, 2), keepdim=True) - _LOG_MEL_RANGE)


def _warped(bands: Tensor, factor: Tensor) -> Tensor:
    """Shift the formants: move bands (batch, hops, bands) up by `factor` (batch,), as a shorter tract does.

    This is vocal tract length perturbation (VTLP).
    """
    count = bands.shape[2]
    places = (torch.arange(count) / factor[:, None]).clamp(max=count - 1.001)
    low = places.floor().long()
    part = (places - low)[:, None]
    index = low[:, None].expand(-1, bands.shape[1], -1)
    return bands.gather(2, index) * (1 - part) + bands.gather(2, index + 1) * part


def _noisy(bands: Tensor, below_db: Tensor, tilt_db: Tensor, unit_db: float) -> Tensor:
    """Add noise that is `below_db` below the loudest value, and `tilt_db` louder in the highest band.

    `unit_db` is how many decibels the unit of `bands` is.
    """
    count = bands.shape[2]
    colour_db = tilt_db[:, None] * (torch.arange(count) / count)
    level_db = bands.amax((1, 2)) * unit_db - below_db
    noise_db = level_db[:, None, None] + colour_db[:, None] + 3.0 * torch.randn(bands.shape)
    unit = unit_db * _LOG_POWER_PER_DB
    return torch.logaddexp(bands * unit, noise_db * _LOG_POWER_PER_DB) / unit
