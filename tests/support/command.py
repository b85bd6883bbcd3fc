"""The command in a process of its own, as a user starts it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

_PATIENCE_S = 120


def command(*arguments: str | Path, folder: Path, **options: Any) -> subprocess.Popen[str]:
    """Start `edge-audio` in `folder`."""
    program = [sys.executable, "-c", "from edge_audio.cli import run; run()", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(program, cwd=folder, **(pipes | options))


def completed(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `edge-audio` in `folder` to its end; it is killed after `_PATIENCE_S`."""
    with command(*arguments, folder=folder) as it:
        try:
            out, error = it.communicate(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            it.kill()
            raise
    return subprocess.CompletedProcess(it.args, it.returncode, out, error)
