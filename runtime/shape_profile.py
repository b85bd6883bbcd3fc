"""Shape profiles: between which lengths a TensorRT engine is built, and for which one it is made fast."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from runtime.errors import UserError

Shape = tuple[int, ...]

_AXIS = re.compile(r"(?:(\d+)\*)?([A-Za-z_]\w*)")
"""How a graph names an axis whose length varies: `frames`, or a multiple of it, `256*frames`."""


class Lengths(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The lengths of one axis; in a config file `[shortest, usual, longest]`."""

    shortest: int
    """0 or more."""
    usual: int
    """What the engine is tuned for."""
    longest: int
    """More than this the engine refuses; its memory grows with it."""

    def __post_init__(self) -> None:
        """Raise `ValueError` unless the lengths are in order."""
        if not 0 <= self.shortest <= self.usual <= self.longest or self.longest == 0:
            raise ValueError(f"lengths must ascend: {self.shortest}, {self.usual}, {self.longest}")


Profile = Mapping[str, Lengths]
"""Lengths by the name of the axis, as the graph has it."""


class ShapeRange(msgspec.Struct, frozen=True):
    """The shapes of one input that an engine takes."""

    shortest: Shape
    usual: Shape
    longest: Shape


def input_shapes(inputs: Mapping[str, Sequence[int | str]], profile: Profile) -> dict[str, ShapeRange]:
    """Return the shapes of every input with an axis that varies.

    `inputs` are shapes as a graph declares them: a number for a fixed axis, a name for one that varies.
    Raises `UserError` if `profile` lacks a name.
    """
    return {
        name: ShapeRange(
            tuple(_length(axis, profile, name).shortest for axis in axes),
            tuple(_length(axis, profile, name).usual for axis in axes),
            tuple(_length(axis, profile, name).longest for axis in axes),
        )
        for name, axes in inputs.items()
        if any(isinstance(axis, str) for axis in axes)
    }


def _length(axis: int | str, profile: Profile, name: str) -> Lengths:
    if isinstance(axis, int):
        return Lengths(axis, axis, axis)
    match = _AXIS.fullmatch(axis)
    if match is None or match[2] not in profile:
        raise UserError(
            f"The shape profile has no lengths for {axis!r}, an axis of the input {name}.",
            f"It has {', '.join(profile) or 'none at all'}: add one.",
        )
    times, lengths = int(match[1] or 1), profile[match[2]]
    return Lengths(times * lengths.shortest, times * lengths.usual, times * lengths.longest)
