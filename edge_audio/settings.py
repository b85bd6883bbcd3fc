"""What the tables of a config file are made of: typed structs, and the types of their fields.

Each seam has a struct of the keys that its table has whatever the adapter, beside the seam's Protocol; each
adapter has a struct of its own that adds the adapter's keys, and loads it. `edge_audio.tables` reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeVar

import msgspec
from msgspec import Meta

Milliseconds = Annotated[int, Meta(ge=0, le=60_000)]
Seconds = Annotated[float, Meta(gt=0.0, le=3600.0)]
Probability = Annotated[float, Meta(ge=0.0, le=1.0)]
Threads = Annotated[int, Meta(ge=1, le=256)]
Speed = Annotated[float, Meta(ge=0.5, le=2.0)]
"""1.0 is the voice's own pace, 2.0 twice as fast."""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a config file. A key that it doesn't have is an error, and so is a value of another type."""

    renamed: ClassVar[Mapping[str, str]] = {}
    """Names that keys had in earlier versions, and what they are called today; both are read."""
    folders: ClassVar[tuple[str, ...]] = ()
    """Keys that hold the path of a folder, which may be relative to the config file."""


_TableT = TypeVar("_TableT", bound=Table)


@dataclass(frozen=True, slots=True)
class Shared:
    """What adapters are loaded with beside their own table."""

    tables: tuple[Table, ...] = ()
    """Those of the config that several adapters read, such as ``[step_audio]``."""
    conversations: int = 1
    """How many conversations are to share the models at a time, at most."""

    def find(self, kind: type[_TableT]) -> _TableT | None:
        """Return the table of this kind; None if the config has none."""
        return next((table for table in self.tables if isinstance(table, kind)), None)


class AdapterConfig(Table, frozen=True):
    """The table of an adapter: what all seams have in common.

    Its `load` makes the adapter. The module of such a struct is imported whenever a config is read, so it
    imports its libraries only where it loads them.
    """

    packages: ClassVar[tuple[str, ...]] = ()
    """Packages, as pip names them, whose version may change what the adapter computes; for recordings."""

    def check(self, shared: Shared) -> None:
        """Raise `ValueError` if the adapter can't do with what the config says; loads nothing."""

    def models(self) -> tuple[str, ...]:
        """Return the models that it loads, by name in `edge-audio models` or by path; for recordings."""
        return ()
