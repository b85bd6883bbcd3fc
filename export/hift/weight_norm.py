"""Weight norm, undone: a kernel kept as length and direction becomes one tensor."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from export.checkpoint import Shape, Tensors

_LENGTH, _DIRECTION = "_g", "_v"
"""What weight norm appends to the name of a weight."""

_NEWER_NAMES = (
    ("parametrizations.weight.original0", "weight_g"),
    ("parametrizations.weight.original1", "weight_v"),
)
"""What newer versions of torch call the two."""

_PREFIX = "generator."
"""Checkpoints saved along with what trained them keep the vocoder under this name."""


def load_weight_normed(tensors: Tensors, module: torch.nn.Module) -> None:
    """Fill `module`, which has plain weights, with `tensors`, where any weight may be a pair.

    Names and shapes must be exactly the module's. Raises `UserError`, naming file and tensor.
    """
    released = tensors.renamed(_released_name)
    expected: dict[str, Shape] = {}
    for name, value in module.state_dict().items():
        shape = tuple(value.shape)
        if name + _LENGTH in released.shapes or name + _DIRECTION in released.shapes:
            expected[name + _LENGTH] = (shape[0], *(1 for _ in shape[1:]))
            expected[name + _DIRECTION] = shape
        else:
            expected[name] = shape
    released.check(expected)
    folded(tensors).load_into(module)


def folded(tensors: Tensors) -> Tensors:
    """Return `tensors` with every pair `weight_g`, `weight_v` replaced by the `weight` that it stands for.

    Raises `UserError` for a length without a direction.
    """
    released = tensors.renamed(_released_name)
    shapes: dict[str, Shape] = {}
    readers: dict[str, Callable[[], torch.Tensor]] = {}
    for name, shape in released.shapes.items():
        if name.endswith("weight" + _LENGTH):
            released.size(name.removesuffix(_LENGTH) + _DIRECTION)
            continue
        plain = name.removesuffix(_DIRECTION) if name.endswith("weight" + _DIRECTION) else name
        shapes[plain] = shape
        readers[plain] = _Weight(released, plain, pair=plain != name)
    return replace(released, shapes=shapes, _readers=readers)


@dataclass(frozen=True, slots=True)
class _Weight:
    """Reads one tensor: as it is stored, or the product of a pair."""

    tensors: Tensors
    name: str
    pair: bool

    def __call__(self) -> torch.Tensor:
        if not self.pair:
            return self.tensors.read(self.name)
        length = self.tensors.read(self.name + _LENGTH).to(torch.float32)
        direction = self.tensors.read(self.name + _DIRECTION).to(torch.float32)
        others = tuple(range(1, direction.dim()))
        weight: torch.Tensor = direction * (
            length / torch.linalg.vector_norm(direction, dim=others, keepdim=True)
        )
        return weight


def _released_name(name: str) -> str:
    """Return what the release calls a tensor."""
    name = name.removeprefix(_PREFIX)
    for newer, released in _NEWER_NAMES:
        if name.endswith(newer):
            return name.removesuffix(newer) + released
    return name
