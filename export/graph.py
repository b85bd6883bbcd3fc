"""From a PyTorch module to an ONNX file."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx_ir.passes.common import ClearMetadataAndDocStringPass

OPSET = 18
"""Version of the ONNX operators: 23 breaks ONNX Runtime for masks that are broadcast."""

Dynamic = Mapping[str, Mapping[int, Any]]
"""For each input with lengths that vary: axis to `torch.export.Dim`."""


def export_graph(
    module: torch.nn.Module,
    inputs: Mapping[str, torch.Tensor],
    outputs: Sequence[str],
    path: Path,
    dynamic: Dynamic | None = None,
) -> None:
    """Write `module`, called with `inputs` in their order, as the ONNX file `path`, weights inside.

    Lengths not named in `dynamic` are fixed at those of `inputs`. For models under 2 GB: the language model
    keeps its weights in a file beside the graph, which its own exporter writes.
    """
    shapes = {name: dict((dynamic or {}).get(name, {})) or None for name in inputs}
    with torch.no_grad(), quiet():
        program = torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=tuple(shapes.values()),
            verbose=False,
        )
    assert program is not None
    # The exporter notes at each node the lines of Python that it is from, with the paths of their files: a
    # fifth of a small graph, and nobody else's business.
    ClearMetadataAndDocStringPass()(program.model)
    program.save(path, external_data=False)


def opset_of(model: onnx.ModelProto) -> int:
    """Return the version of the ONNX operators that a graph from elsewhere is written in."""
    version: int = next(each.version for each in model.opset_import if not each.domain)
    return version


@contextmanager
def quiet() -> Iterator[None]:
    """Keep exporters' notes about optional packages and their own internals off the terminal."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
