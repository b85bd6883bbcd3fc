"""Speech as it is heard elsewhere: from another throat, at another level, in noise."""

import numpy as np
import torch
from torch import Tensor

_LEVEL_DB = float(np.log(10.0)) / 10
"""A decibel in the filter bank, which is the logarithm of a power."""


def disturbed(fbank: Tensor, log_mel: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return both (batch, hops, bands) as heard elsewhere: another throat, level and noise in some crops."""
    size = len(fbank)
    stretch = torch.from_numpy(np.where(rng.random(size) < 0.5, rng.uniform(0.88, 1.14, size), 1.0)).float()
    fbank, log_mel = _stretched(fbank, stretch), _stretched(log_mel, stretch)
    gain_db = torch.from_numpy(rng.uniform(-12.0, 0.0, size) * (rng.random(size) < 0.5)).float()[
        :, None, None
    ]
    fbank, log_mel = fbank + gain_db * _LEVEL_DB, log_mel + gain_db / 40
    below_db = torch.from_numpy(np.where(rng.random(size) < 0.6, rng.uniform(20, 70, size), 90.0)).float()
    tilt = torch.from_numpy(rng.uniform(-20.0, 5.0, size)).float()
    fbank = _noisy(fbank, below_db, tilt, 1 / _LEVEL_DB)
    return fbank, torch.maximum(
        _noisy(log_mel, below_db, tilt, 40.0), log_mel.amax((1, 2), keepdim=True) - 2.0
    )


def _stretched(bands: Tensor, factor: Tensor) -> Tensor:
    """Move bands (batch, hops, bands) up or down by `factor` (batch,), as a shorter or longer throat does."""
    count = bands.shape[2]
    places = (torch.arange(count) / factor[:, None]).clamp(max=count - 1.001)
    low = places.floor().long()
    part = (places - low)[:, None]
    index = low[:, None].expand(-1, bands.shape[1], -1)
    return bands.gather(2, index) * (1 - part) + bands.gather(2, index + 1) * part


def _noisy(bands: Tensor, below_db: Tensor, tilt: Tensor, unit_db: float) -> Tensor:
    """Add noise so many dB below the loudest value; `tilt` dB from the lowest to the highest band."""
    count = bands.shape[2]
    colour = tilt[:, None] * (torch.arange(count) / count)
    level = bands.amax((1, 2)) * unit_db - below_db
    noise_db = level[:, None, None] + colour[:, None] + 3.0 * torch.randn(bands.shape)
    unit = unit_db * _LEVEL_DB
    return torch.logaddexp(bands * unit, noise_db * _LEVEL_DB) / unit
