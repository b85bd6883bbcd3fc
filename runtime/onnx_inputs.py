"""What an ONNX file says of its inputs, read without loading its weights."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import UserError

Axes = tuple[int | str, ...]
"""A shape: a number for a fixed axis, the name of one that varies."""

# Numbers of fields in onnx.proto.
_GRAPH = 7
_INITIALIZER, _INPUT = 5, 11
_TENSOR_NAME = 8
_VALUE_NAME, _TYPE = 1, 2
_TENSOR_TYPE, _SHAPE, _AXIS = 1, 2, 1
_LENGTH, _AXIS_NAME = 1, 2


def read_inputs(path: Path) -> dict[str, Axes]:
    """Return the shape of every input of the graph at `path`, in order.

    Weights that are listed among the inputs, as in old files, are left out. Raises `UserError` if the file is
    no ONNX model, or a part of one.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _inputs(_Message(data, 0, len(data)))
    except (OSError, ValueError, IndexError) as error:
        raise UserError(f"{path} is no ONNX model, or not all of it.", "Fetch or export it again.") from error


def _inputs(model: "_Message") -> dict[str, Axes]:
    shapes: dict[str, Axes] = {}
    weights = set()
    for graph in model.messages(_GRAPH):
        for field, message in graph.fields():
            if field == _INITIALIZER and isinstance(message, _Message):
                weights.add(message.text(_TENSOR_NAME))
            elif field == _INPUT and isinstance(message, _Message):
                shapes[message.text(_VALUE_NAME)] = _axes(message)
    return {name: axes for name, axes in shapes.items() if name not in weights}


def _axes(value: "_Message") -> Axes:
    return tuple(
        _axis(axis)
        for kind in value.messages(_TYPE)
        for tensor in kind.messages(_TENSOR_TYPE)
        for shape in tensor.messages(_SHAPE)
        for axis in shape.messages(_AXIS)
    )


def _axis(axis: "_Message") -> int | str:
    lengths = [value for field, value in axis.fields() if field == _LENGTH and isinstance(value, int)]
    return lengths[-1] if lengths else axis.text(_AXIS_NAME)


@dataclass(frozen=True, slots=True)
class _Message:
    """A Protocol Buffers message, somewhere in a file."""

    data: mmap.mmap
    begin: int
    end: int

    def messages(self, field: int) -> Iterator["_Message"]:
        """Yield what the field of that number holds, each time that it occurs."""
        for number, value in self.fields():
            if number == field and isinstance(value, _Message):
                yield value

    def text(self, field: int) -> str:
        """Return the text of the field of that number, empty if there is none."""
        texts = [self.data[part.begin : part.end] for part in self.messages(field)]
        return texts[-1].decode() if texts else ""

    def fields(self) -> Iterator[tuple[int, "int | _Message"]]:
        """Yield all numbers of fields with what they hold; raises `ValueError` where that makes no sense."""
        place = self.begin
        while place < self.end:
            key, place = self._varint(place)
            match key & 7:
                case 0:
                    value, place = self._varint(place)
                    yield key >> 3, value
                    continue
                case 1:
                    length = 8
                case 2:
                    length, place = self._varint(place)
                case 5:
                    length = 4
                case _:
                    raise ValueError("no Protocol Buffers message")
            if place + length > self.end:
                raise ValueError("a part of a Protocol Buffers message")
            yield key >> 3, _Message(self.data, place, place + length)
            place += length

    def _varint(self, place: int) -> tuple[int, int]:
        """Return the number that begins at `place`, seven bits in each byte, and where it ends."""
        value = shift = 0
        while True:
            byte = self.data[place]
            value |= (byte & 0x7F) << shift
            place, shift = place + 1, shift + 7
            if byte < 0x80:
                return value, place
            if shift > 63:
                raise ValueError("no Protocol Buffers number")
