import math

import pytest
import torch

from export.hift.spectrum import InverseSpectrum, Spectrum


@pytest.mark.parametrize(("size", "hop", "samples"), [(16, 4, 256), (16, 4, 64), (12, 3, 90), (8, 4, 40)])
def test_it_is_the_fourier_transform(size, hop, samples):
    wav = torch.randn(1, samples, generator=torch.Generator().manual_seed(0))
    window = torch.hann_window(size)
    expected = torch.stft(wav, size, hop, size, window, return_complex=True)
    made = Spectrum(size, hop)(wav[:, None])
    torch.testing.assert_close(made, torch.cat([expected.real, expected.imag], dim=1), rtol=0, atol=2e-6)


@pytest.mark.parametrize(("size", "hop"), [(16, 4), (12, 3)])
def test_the_inverse_gives_every_sample_back_at_the_edges_too(size, hop):
    wav = torch.randn(1, 1, 20 * hop, generator=torch.Generator().manual_seed(1))
    real, imaginary = Spectrum(size, hop)(wav).chunk(2, dim=1)
    log_magnitude = torch.hypot(real, imaginary).log()
    back = InverseSpectrum(size, hop)(log_magnitude, torch.atan2(imaginary, real))
    torch.testing.assert_close(back, wav, rtol=0, atol=2e-6)


def test_magnitudes_beyond_the_limit_are_clipped_and_none_overflows():
    inverse, phase = InverseSpectrum(16, 4), torch.zeros(1, 9, 5)
    at_limit = inverse(torch.full((1, 9, 5), math.log(100.0)), phase)
    torch.testing.assert_close(inverse(torch.full((1, 9, 5), 1e4), phase), at_limit)
    assert inverse(torch.full((1, 9, 5), -torch.inf), phase).abs().max() == 0.0
