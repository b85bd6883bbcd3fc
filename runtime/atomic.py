"""Atomic writes: a file or a folder appears complete under its name, or not at all.

It is written beside its target, under a hidden name with the number of the process, and renamed when it is
complete. What a killed process left there is removed by the next one that writes the same target.
"""

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from runtime.errors import UserError

_NAME_CHARACTERS = 40
"""How much of its target's name a hidden name carries: with all of it, a long name would grow too long."""


class AtomicFile:
    """A file in the making, which takes the place of its target upon `commit`.

    Until then a file that is already there is untouched; after `abort` nothing is left. As a context
    manager it commits at the end of the block, and aborts if the block fails.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Create the hidden file. Raises `UserError` at once where the target can't be written."""
        # A link stays a link: what it points to is replaced.
        self.path = Path(os.path.realpath(path))
        if self.path.is_dir():
            raise UserError(f"{path} is a folder.", "Name a file inside it.")
        if self.path.exists() and not self.path.is_file():
            raise UserError(f"{path} is a device or a pipe, not a file.", "Name an ordinary file.")
        self._part = _hidden_beside(self.path)
        self._done = False
        try:
            if self.path.exists():
                self.path.open("r+b").close()  # renaming needs no permission to write it, but we ask for it
            _remove_abandoned(self.path)
            self.file: BinaryIO = self._part.open("xb")
        except FileNotFoundError as error:
            raise UserError(f"The folder {self.path.parent} does not exist.", "Create it first.") from error
        except OSError as error:
            cause = f"{path} can't be written ({error.strerror})."
            raise UserError(cause, "Choose a place where you may write.") from error

    def write(self, data: bytes) -> None:
        """Append `data`. Raises `UserError`, leaving nothing, if that fails (disk full)."""
        try:
            self.file.write(data)
        except OSError as error:
            self.abort()
            raise not_written(self.path, error) from error

    def commit(self) -> None:
        """Put the file in its place. Raises `UserError`, leaving nothing, if that fails (disk full)."""
        if self._done:
            return
        try:
            self.file.close()
            self._part.replace(self.path)
        except OSError as error:
            self.abort()
            raise not_written(self.path, error) from error
        self._done = True

    def abort(self) -> None:
        """Remove the hidden file. Does nothing after `commit`."""
        if self._done:
            return
        self._done = True
        with suppress(OSError):  # what could not be flushed is thrown away anyway
            self.file.close()
        self._part.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.commit()
        else:
            self.abort()


@contextmanager
def atomic_folder(path: str | os.PathLike[str], *, replace: bool = True) -> Iterator[Path]:
    """Give an empty folder to fill, which takes the name `path` when the block ends well.

    A folder that already has that name is replaced then, not before; without `replace` it stays, and the
    new one is refused. When the block fails, nothing is left. Raises `UserError` if the disk is full, the
    place can't be written or, without `replace`, the name is taken.
    """
    target = Path(os.path.realpath(path))
    part = _hidden_beside(target)
    try:
        _remove_abandoned(target)
        part.mkdir(parents=True)
        yield part
        if replace:
            replace_folder(part, target)
        else:
            part.rename(target)  # fails where a folder has that name, unless it is empty
    except OSError as error:
        cause = f"{path} can't be written ({error.strerror or error})."
        raise UserError(cause, "Free space, or choose another place.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def replace_folder(folder: Path, target: Path) -> None:
    """Rename `folder` to `target` and remove what had that name, which keeps it if the renaming fails.

    Both are in the same file system. Raises `OSError`.
    """
    old = _hidden_beside(target)
    try:
        _remove_abandoned(target)
        if target.exists():
            target.rename(old)
        folder.rename(target)
    finally:
        if old.exists() and not target.exists():
            old.rename(target)
        shutil.rmtree(old, ignore_errors=True)


def remove_folder(folder: Path) -> None:
    """Remove `folder`, whose name is gone at once: no half folder keeps it. Raises `OSError`."""
    _remove_abandoned(folder)
    old = _hidden_beside(folder)
    folder.rename(old)
    shutil.rmtree(old, ignore_errors=True)


def not_written(path: Path, error: OSError) -> UserError:
    """Return what to raise for a write to `path` that failed with `error`."""
    return UserError(f"{path} could not be written ({error.strerror or error}).", "Make room on the disk.")


def _hidden_beside(target: Path) -> Path:
    return target.with_name(f"{_hidden_start(target)}{os.getpid()}-{secrets.token_hex(4)}.part")


def _hidden_start(target: Path) -> str:
    return f".{target.name[:_NAME_CHARACTERS]}."


def _remove_abandoned(target: Path) -> None:
    """Remove what processes left beside `target` that were killed before they could do so themselves."""
    pattern = re.compile(re.escape(_hidden_start(target)) + r"(\d{1,9})-[0-9a-f]{8}\.part")
    with suppress(OSError):  # a folder that can't be listed may still be written
        for path in target.parent.iterdir():
            if not (match := pattern.fullmatch(path.name)) or _is_running(int(match[1])):
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    return True
