"""A random flow model as the release has it: `flow.pt`, and its part of `cosyvoice.yaml`."""

from pathlib import Path
from typing import Any

import torch

from export.flow.conformer import ConformerSizes
from export.flow.estimator import EstimatorSizes
from export.flow.flow import Flow, FlowSizes
from export.flow.length_regulator import RegulatorSizes
from export.layout.flow import write_flow_file
from export.toy.size import Size
from export.toy.weights import random_tensors

_REGULATOR = RegulatorSizes(convolutions=4, groups=1)

_GUIDANCE = 0.7
"""As CosyVoice has it."""

_RELEASED = FlowSizes(
    vocabulary=5120,
    bands=80,
    embedding=192,
    regulator=_REGULATOR,
    encoder=ConformerSizes(inputs=512, width=512, heads=8, hidden=2048, layers=6),
    estimator=EstimatorSizes(
        inputs=320,
        bands=80,
        channels=(256, 256),
        time_inputs=320,
        time_width=1024,
        heads=8,
        attention_width=512,
        hidden=(1024, 1024),
        transformers=4,
        middle_blocks=12,
    ),
)
"""The dimensions of CosyVoice-300M-25Hz, as far as they are known."""

_TINY = FlowSizes(
    vocabulary=5120,
    bands=80,
    embedding=192,
    regulator=_REGULATOR,
    encoder=ConformerSizes(inputs=32, width=32, heads=2, hidden=64, layers=2),
    estimator=EstimatorSizes(
        inputs=320,
        bands=80,
        channels=(16, 16),
        time_inputs=320,
        time_width=64,
        heads=2,
        attention_width=16,
        hidden=(64, 64),
        transformers=1,
        middle_blocks=1,
    ),
)


def write_flow(folder: Path, size: Size, generator: torch.Generator) -> dict[str, Any]:
    """Write `flow.pt` into the decoder's folder; returns the model's section of `cosyvoice.yaml`."""
    sizes = _RELEASED if size is Size.RELEASED else _TINY
    with torch.device("meta"):
        model = Flow(sizes)
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    return write_flow_file(folder, sizes, random_tensors(shapes, generator), _GUIDANCE)
