"""Random weights, and files of them, for golden data that nothing of this project computes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor


class Weights:
    """Named random tensors: kept and saved in the type of the file, read in float64."""

    def __init__(self, seed: int, dtype: torch.dtype = torch.float32) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._dtype = dtype
        self.tensors: dict[str, Tensor] = {}

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name].double()

    def add(self, name: str, *shape: int, around: float = 0.0, deviation: float | None = None) -> None:
        """Draw a tensor; by default matrices and kernels keep the variance of what goes through them."""
        if deviation is None:
            fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 0
            deviation = fan_in**-0.5 if fan_in else 0.1
        values = torch.randn(shape, generator=self._generator) * deviation + around
        self.tensors[name] = values.to(self._dtype)

    def linear(self, name: str, inputs: int, outputs: int, *, bias: bool = True) -> None:
        self.add(f"{name}.weight", outputs, inputs)
        if bias:
            self.add(f"{name}.bias", outputs)

    def conv(self, name: str, inputs: int, outputs: int, kernel: int) -> None:
        self.add(f"{name}.weight", outputs, inputs, kernel)
        self.add(f"{name}.bias", outputs)

    def norm(self, name: str, width: int) -> None:
        self.add(f"{name}.weight", width, around=1.0)
        self.add(f"{name}.bias", width)

    def apply(self, name: str, x: Tensor) -> Tensor:
        """Put `x` (…, inputs) through a linear layer."""
        y = x @ self[f"{name}.weight"].T
        return y + self[f"{name}.bias"] if f"{name}.bias" in self.tensors else y

    def normed(self, name: str, x: Tensor, epsilon: float) -> Tensor:
        """Put `x` (…, width) through a LayerNorm."""
        centred = x - x.mean(-1, keepdim=True)
        scale = (centred.square().mean(-1, keepdim=True) + epsilon).rsqrt()
        return centred * scale * self[f"{name}.weight"] + self[f"{name}.bias"]

    def save(self, path: Path) -> None:
        save_file(self.tensors, path)


def write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    """Write an .npz file; what is float64 becomes float32."""
    single = {name: np.asarray(value) for name, value in arrays.items()}
    np.savez(
        path,
        **{name: a.astype(np.float32) if a.dtype == np.float64 else a for name, a in single.items()},
    )


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
