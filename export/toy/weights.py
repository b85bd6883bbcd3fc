"""Random weights under which a network's values neither vanish nor explode."""

from collections.abc import Mapping

import torch

from export.checkpoint import Shape


def random_tensor(name: str, shape: Shape, generator: torch.Generator) -> torch.Tensor:
    """Return a float32 tensor for the parameter `name`, none of it zero, so that a forgotten one shows.

    Matrices and kernels keep the variance of what goes through them; norms scale by about 1.
    """
    values = torch.randn(shape, generator=generator)
    if name.endswith("bias"):
        return 0.1 * values
    if len(shape) < 2:
        return 1.0 + 0.1 * values
    fan_in = values[0].numel()
    scaled: torch.Tensor = values / fan_in**0.5
    return scaled


def random_tensors(shapes: Mapping[str, Shape], generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Return random tensors for all of `shapes`."""
    return {name: random_tensor(name, shape, generator) for name, shape in shapes.items()}
