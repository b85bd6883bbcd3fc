"""The terminal's mode: single keys while they are needed, the old mode afterwards."""

import os
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

_SHOW_CURSOR = "\x1b[?25h"
_HIDE_CURSOR = "\x1b[?25l"


@contextmanager
def single_keys(stdin: TextIO) -> Iterator[int | None]:
    """Within the block, `stdin` gives every key at once and echoes none; yields its descriptor.

    Yields None, and changes nothing, where `stdin` is no terminal or one that another job uses. The old
    mode is back when the block is left, whatever the reason, and while the process is suspended
    (Ctrl-Z). Enter it on the main thread.
    """
    terminal = _foreground_terminal(stdin)
    if terminal is None:
        yield None
        return
    before = termios.tcgetattr(terminal)

    def suspend(number: int, frame: FrameType | None) -> None:
        termios.tcsetattr(terminal, termios.TCSANOW, before)
        _write_to_screen(_SHOW_CURSOR)
        os.kill(os.getpid(), signal.SIGSTOP)
        # The process resumes here when it is continued.
        tty.setcbreak(terminal, termios.TCSANOW)
        _write_to_screen(_HIDE_CURSOR)

    handler_before = signal.signal(signal.SIGTSTP, suspend)
    try:
        tty.setcbreak(terminal, termios.TCSANOW)
        yield terminal
    finally:
        signal.signal(signal.SIGTSTP, handler_before)
        # Never TCSADRAIN: it waits for a screen that may be stopped (Ctrl-S).
        termios.tcsetattr(terminal, termios.TCSANOW, before)


def _foreground_terminal(stdin: TextIO) -> int | None:
    """Return the descriptor of `stdin` if it is a terminal and this process may use it now."""
    try:
        descriptor = stdin.fileno()
        if os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp():
            return descriptor
    except (OSError, ValueError):  # closed, or not a file of the system
        pass
    return None


def _write_to_screen(text: str) -> None:
    """Write past all buffers and locks: a signal handler may run in the middle of a write."""
    if sys.__stdout__ is not None and sys.__stdout__.isatty():
        os.write(sys.__stdout__.fileno(), text.encode())
