"""The one file that holds the weights of all graphs of a model, written tensor by tensor."""

from pathlib import Path
from typing import BinaryIO

import torch
from onnx import StringStringEntryProto, TensorProto

WEIGHTS = "weights.bin"

_PAGE_BYTES = 4096
"""Tensors begin at pages, so that a runtime can map them from the file."""

_TYPES = {
    torch.float32: TensorProto.FLOAT,
    torch.float16: TensorProto.FLOAT16,
    torch.bfloat16: TensorProto.BFLOAT16,
    torch.uint8: TensorProto.UINT8,
}


class WeightsFile:
    """Takes tensors one at a time, so that never more than one is in memory."""

    def __init__(self, file: BinaryIO) -> None:
        """Write to `file`, which lies beside the graphs as `weights.bin`."""
        self._file = file
        self.tensors: list[TensorProto] = []
        """What a graph needs to find the tensors that were added: names, shapes, types and places."""
        self.sizes: dict[str, int] = {}
        """Bytes of every tensor, by name."""

    def add(self, name: str, values: torch.Tensor) -> None:
        """Append a tensor, to be used in graphs under `name`."""
        start = -(-self._file.tell() // _PAGE_BYTES) * _PAGE_BYTES
        self._file.seek(start)
        contiguous = values.contiguous()
        self._file.write(contiguous.view(-1).view(torch.uint8).numpy().data)
        tensor = TensorProto(name=name, data_type=_TYPES[values.dtype], dims=values.shape)
        tensor.data_location = TensorProto.EXTERNAL
        place = {"location": WEIGHTS, "offset": start, "length": contiguous.nbytes}
        tensor.external_data.extend(StringStringEntryProto(key=k, value=str(v)) for k, v in place.items())
        self.tensors.append(tensor)
        self.sizes[name] = contiguous.nbytes


def open_weights(folder: Path) -> BinaryIO:
    """Create the weights file in `folder`."""
    return (folder / WEIGHTS).open("wb")
