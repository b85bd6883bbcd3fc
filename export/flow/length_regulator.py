"""The length regulator: one vector for every code becomes one for every mel frame."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from export.checkpoint import Tensors
from export.flow.activation import Mish

_STRIDE = 3
"""From one convolution in `model` to the next: itself, norm, Mish."""


@dataclass(frozen=True, slots=True)
class RegulatorSizes:
    """Dimensions of the regulator."""

    convolutions: int
    """Of width 3; one of width 1 follows."""
    groups: int
    """Of each norm."""

    @classmethod
    def of(cls, tensors: Tensors, groups: int) -> "RegulatorSizes":
        """Read them off the regulator's tensors; only the number of groups doesn't show in a shape."""
        convolutions = 0
        while f"model.{_STRIDE * convolutions + 1}.weight" in tensors.shapes:
            convolutions += 1
        return cls(convolutions, groups)


class LengthRegulator(nn.Module):
    """Interpolates between codes, then smooths with convolutions."""

    def __init__(self, bands: int, sizes: RegulatorSizes) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(sizes.convolutions):
            layers += [nn.Conv1d(bands, bands, 3, padding=1), nn.GroupNorm(sizes.groups, bands), Mish()]
        self.model = nn.Sequential(*layers, nn.Conv1d(bands, bands, 1))

    def forward(self, x: Tensor, positions: Tensor) -> Tensor:
        """Turn (codes, bands) into (bands, frames); `positions` (frames,) is where each frame lies.

        A position counts codes: 2.25 is a quarter of the way from the code 2 to the code 3. Positions lie
        between 0 and codes - 1.
        """
        before = positions.floor()
        part = (positions - before)[:, None]
        index = before.to(torch.int64)
        after = (index + 1).clamp(max=x.shape[0] - 1)
        between = x[index] * (1.0 - part) + x[after] * part
        result: Tensor = self.model(between.T[None])[0]
        return result
