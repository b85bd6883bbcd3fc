"""ONNX graphs written byte by byte."""

from collections.abc import Sequence
from pathlib import Path

SIZE = 256


def field(number: int, value: int | bytes | str) -> bytes:
    """One field of a protocol buffer: a number, or text, bytes or a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes((value,)))


def value(name: str, *axes: int | str) -> bytes:
    """A float32 input or output."""
    shape = b"".join(field(1, field(2 if isinstance(axis, str) else 1, axis)) for axis in axes)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def matrix(name: str) -> bytes:
    return value(name, SIZE, SIZE)


def node(operator: str, inputs: Sequence[str], output: str) -> bytes:
    return b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, operator)


def model(graph: bytes) -> bytes:
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 17))


def chain(path: Path, operator: str, length: int) -> Path:
    """Write a graph that takes `x` and `y`, then its own result and `y`, `length` times in all."""
    names = ["x", *(f"t{i}" for i in range(1, length)), "out"]
    nodes = [node(operator, (names[i], "y"), names[i + 1]) for i in range(length)]
    graph = b"".join(field(1, each) for each in nodes) + field(2, "chain")
    graph += field(11, matrix("x")) + field(11, matrix("y")) + field(12, matrix("out"))
    path.write_bytes(model(graph))
    return path


def chain_of_products(path: Path, length: int) -> Path:
    """Write a graph that multiplies `x` by `y` `length` times: about 1 ms each."""
    return chain(path, "MatMul", length)
