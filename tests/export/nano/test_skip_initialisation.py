"""An untrained estimator with a skip path returns the prior spectrogram less the noise."""

import pytest
import torch

from export.flow.estimator import Estimator
from export.nano.decoder import SIZES, new_flow
from export.nano.features import MEL_BANDS
from export.nano.skip_initialisation import initialise_skip

FRAMES = 60


@pytest.mark.parametrize("time", [0.0, 0.5])
@torch.no_grad()
def test_the_noise_and_the_prior_get_through(time: float) -> None:
    torch.manual_seed(3)
    estimator = new_flow().decoder.estimator
    x, mu = torch.randn(2, MEL_BANDS, FRAMES), -6 + 2 * torch.randn(2, MEL_BANDS, FRAMES)
    made = estimator(x, mu, torch.full((2,), time), torch.randn(2, MEL_BANDS), torch.zeros_like(x))
    wrong = made - (mu - x)
    # A constant offset is allowed: it is learned at once.
    assert wrong.std() < 0.2 * (mu - x).std()


@torch.no_grad()
def test_without_skip_initialisation_hardly_anything_does() -> None:
    torch.manual_seed(3)
    x = torch.randn(1, MEL_BANDS, FRAMES)
    quiet = torch.zeros_like(x)
    made = Estimator(SIZES.estimator)(x, quiet, torch.zeros(1), torch.zeros(1, MEL_BANDS), quiet)
    together = torch.corrcoef(torch.stack((made.flatten(), -x.flatten())))[0, 1]
    assert abs(together) < 0.3


def test_too_few_channels_for_the_bands_are_refused() -> None:
    with pytest.raises(ValueError, match="192 channels can't carry 160 bands"):
        initialise_skip(Estimator(SIZES.estimator), 160)
