"""The linguistic encoder with float16 matrices, for accelerators: norms, attention and sums stay float32."""

import copy

import torch
from torch import Tensor, nn


class HalfLinear(nn.Module):
    """A linear layer that multiplies in float16; what goes in, what comes out and the bias are float32."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight = nn.Parameter(linear.weight.detach().to(torch.float16))
        self.bias = nn.Parameter(linear.bias.detach())

    def forward(self, values: Tensor) -> Tensor:
        """Return the layer's output, float32."""
        product = nn.functional.linear(values.to(torch.float16), self.weight)
        return product.to(torch.float32) + self.bias


def with_half_weights(module: nn.Module) -> nn.Module:
    """Return a copy of `module` whose linear layers are `HalfLinear`."""
    half = copy.deepcopy(module)
    for name, child in module.named_modules():
        if isinstance(child, nn.Linear):
            half.set_submodule(name, HalfLinear(child))
    return half
