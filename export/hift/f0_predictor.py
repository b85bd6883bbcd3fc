"""The pitch of speech, read off its mel spectrogram."""

import torch
from torch import nn

LAYERS = 5
"""Convolutions of the predictor (Step-Audio release)."""

KERNEL = 3
"""Frames that each of them sees (Step-Audio release)."""


class F0Predictor(nn.Module):
    """Five convolutions and a linear layer; the pitch is the absolute value of what comes out."""

    def __init__(self, bands: int, channels: int) -> None:
        super().__init__()
        self.condnet = nn.Sequential()
        for layer in range(LAYERS):
            size = bands if layer == 0 else channels
            self.condnet.append(nn.Conv1d(size, channels, KERNEL, padding=KERNEL // 2))
            self.condnet.append(nn.ELU())
        self.classifier = nn.Linear(channels, 1)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        """Return the pitch in Hz, shape (batch, frames), of `mel`, shape (batch, bands, frames)."""
        hidden = self.condnet(mel).transpose(1, 2)
        f0: torch.Tensor = self.classifier(hidden).squeeze(-1).abs()
        return f0
