"""The keyboard: keystrokes become commands while the conversation goes on."""

import asyncio
import codecs
import os
import re
import signal
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TextIO

from edge_audio.terminal.raw_mode import single_keys

LINE_LIMIT = 1000
"""Longest typed line in characters; further ones are ignored."""

_QUIT_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_ESCAPE = "\x1b"
_ENTER = "\r\n"
_BACKSPACE = "\x7f\b"

_KEY = re.compile(r"\x1b(?:[\[O][0-?]*[ -/]*[@-~]?|[^\x1b])|.", re.DOTALL)
"""One keystroke: an arrow or function key (ECMA-48 control sequence), Alt with a key, or a character."""


class Commands(Protocol):
    """What the user can do by hand."""

    def mute(self, on: bool) -> None:
        """Stop hearing, or hear again."""
        ...

    def push_to_talk(self, talking: bool) -> None:
        """Start to speak, or finish."""
        ...

    def interrupt(self) -> None:
        """Silence the reply."""
        ...

    def close(self) -> None:
        """End the conversation."""
        ...

    def user_typed(self, text: str) -> None:
        """Take a typed line as a turn."""
        ...


@dataclass(slots=True)
class Controls:
    """What the keys are set to: written by the `Keyboard`, shown by the view."""

    muted: bool = False
    talking: bool = False
    """True while push-to-talk is on."""
    line: str | None = None
    """The line being typed; None while keys are commands."""
    active: bool = False
    """True while there is a keyboard to listen to."""


class Keyboard:
    """Turns keystrokes into commands.

    Keys: ``m`` mute, space push-to-talk (on, then done), ``s`` stop the reply, ``t`` or Enter start a
    line, ``q`` or Ctrl-C quit. In a line: Enter says it, Esc leaves it, Backspace and Ctrl-U delete.
    """

    def __init__(self, commands: Commands, controls: Controls, stdin: TextIO | None = None) -> None:
        """`stdin` is the process's own if None; it is read only where it is a terminal."""
        self._commands = commands
        self._controls = controls
        self._stdin = sys.stdin if stdin is None else stdin
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")

    async def run(self) -> None:
        """Actor body: serve the keys until cancelled; the terminal is left as it was found.

        Ctrl-C, `kill` and a closed terminal quit as well; a second Ctrl-C doesn't wait for the end. These
        are all there is where standard input is no terminal, or one that another job uses.
        """
        loop = asyncio.get_running_loop()
        with _signals_quit(loop, self._commands), single_keys(self._stdin) as terminal:
            if terminal is not None:
                loop.add_reader(terminal, self._read, terminal)
                self._controls.active = True
            try:
                await loop.create_future()
            finally:
                if terminal is not None:
                    self._unplug(terminal)

    def _read(self, terminal: int) -> None:
        try:
            data = os.read(terminal, 1024)
        except OSError:  # the terminal is gone
            data = b""
        if data:
            self.feed(data)
        else:
            self._unplug(terminal)

    def _unplug(self, terminal: int) -> None:
        asyncio.get_running_loop().remove_reader(terminal)
        self._controls.active = False

    def feed(self, data: bytes) -> None:
        """Handle what the terminal sent: UTF-8, in pieces of any size."""
        for key in _KEY.findall(self._decoder.decode(data)):
            if len(key) > 1:
                continue
            if self._controls.line is None:
                self._command(key)
            else:
                self._edit(self._controls.line, key)

    def _command(self, key: str) -> None:
        controls, commands = self._controls, self._commands
        match key.lower():
            case "m":
                controls.muted, controls.talking = not controls.muted, False
                commands.mute(controls.muted)
            case " ":
                controls.talking = not controls.talking
                controls.muted = not controls.talking
                commands.push_to_talk(controls.talking)
            case "s":
                commands.interrupt()
            case "q":
                commands.close()
            case "t" | "\r" | "\n":
                controls.line = ""

    def _edit(self, line: str, key: str) -> None:
        if key in _ENTER:
            self._controls.line = None
            if text := line.strip():
                self._commands.user_typed(text)
        elif key == _ESCAPE:
            self._controls.line = None
        elif key in _BACKSPACE:
            self._controls.line = _without_last(line)
        elif key == "\x15":  # Ctrl-U
            self._controls.line = ""
        elif key.isprintable():
            self._controls.line = (line + key)[:LINE_LIMIT]


def _without_last(line: str) -> str:
    """Remove the last letter, with the accents that combine with it."""
    end = len(line) - 1
    while end > 0 and unicodedata.combining(line[end]):
        end -= 1
    return line[: max(end, 0)]


@contextmanager
def _signals_quit(loop: asyncio.AbstractEventLoop, commands: Commands) -> Iterator[None]:
    """Within the block, the signals that end a process quit in good order; a second Ctrl-C doesn't wait."""

    def quit_in_order() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        commands.close()

    for number in _QUIT_SIGNALS:
        loop.add_signal_handler(number, quit_in_order)
    try:
        yield
    finally:
        for number in _QUIT_SIGNALS:
            loop.remove_signal_handler(number)
