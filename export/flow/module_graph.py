"""A PyTorch module in the place of the graph that is exported from it."""

from collections.abc import Mapping

import torch
from torch import nn

from runtime.session import Array
from runtime.worker import CancelToken


class ModuleGraph:
    """Runs a module as `OnnxSession` runs a graph; the inputs have the names of the module's arguments."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module.eval()

    def run(self, feeds: Mapping[str, Array], token: CancelToken | None = None) -> list[Array]:
        """Return the module's outputs."""
        if token is not None:
            token.raise_if_cancelled()
        with torch.inference_mode():
            outputs = self._module(**{name: torch.from_numpy(value) for name, value in feeds.items()})
        return [output.numpy() for output in (outputs if isinstance(outputs, tuple) else (outputs,))]
