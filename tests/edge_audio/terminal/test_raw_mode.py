import os
import pty
import select
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator

import pytest

CHILD = """
import asyncio, os, sys
from edge_audio.terminal.keys import Controls, Keyboard

class Commands:
    def __init__(self): self.done = asyncio.Event()
    def interrupt(self): print("stop", flush=True)
    def user_typed(self, text): print("say", ascii(text), flush=True)
    def mute(self, on): raise RuntimeError("a bug")
    def close(self): print("quit", flush=True); self.done.set()

async def main():
    commands, controls = Commands(), Controls()
    async def quitter():
        await commands.done.wait()
        keys.cancel()
    asyncio.create_task(quitter())
    keys = asyncio.create_task(Keyboard(commands, controls).run())
    asyncio.get_running_loop().call_soon(lambda: print("ready", controls.active, flush=True))
    try:
        await keys
    except asyncio.CancelledError:
        pass
    print("over", flush=True)

asyncio.run(main())
"""


class Child:
    """A process with a terminal of its own, on which we type and read."""

    def __init__(self) -> None:
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execv(sys.executable, [sys.executable, "-c", CHILD])
        self.screen = ""

    def type(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def read_until(self, text: str) -> None:
        """Wait until the child has written `text`, and forget what it wrote up to it."""
        until = time.monotonic() + 10
        while text not in self.screen:
            assert select.select([self.terminal], [], [], max(0, until - time.monotonic()))[0], self.screen
            self.screen += os.read(self.terminal, 1000).decode()
        self.screen = self.screen.split(text, 1)[1]

    @property
    def waits_for_lines(self) -> bool:
        """Whether the terminal is as it was: it echoes, and gives whole lines."""
        mode = termios.tcgetattr(self.terminal)[3]
        assert bool(mode & termios.ICANON) == bool(mode & termios.ECHO)
        return bool(mode & termios.ICANON)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < until
            time.sleep(0.01)

    def stopped(self) -> bool:
        pid, status = os.waitpid(self.pid, os.WUNTRACED | os.WNOHANG)
        return pid != 0 and os.WIFSTOPPED(status)


@pytest.fixture
def child() -> Iterator[Child]:
    process = Child()
    process.read_until("ready True")
    yield process
    os.close(process.terminal)
    try:
        os.kill(process.pid, signal.SIGKILL)
        os.waitpid(process.pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def test_keys_are_served_at_once_and_not_echoed(child: Child) -> None:
    assert not child.waits_for_lines
    child.type("s")
    child.read_until("stop")
    child.type("té\r")
    child.read_until(r"say '\xe9'")
    assert child.screen.strip() == ""


def test_the_terminal_is_as_before_after_quitting(child: Child) -> None:
    child.type("q")
    child.read_until("over")
    assert child.waits_for_lines


def test_ctrl_c_quits(child: Child) -> None:
    child.type("\x03")
    child.read_until("quit")
    child.read_until("over")
    assert child.waits_for_lines


def test_a_termination_signal_leaves_the_terminal_as_before(child: Child) -> None:
    os.kill(child.pid, signal.SIGTERM)
    child.read_until("over")
    assert child.waits_for_lines


def test_ctrl_z_lends_the_terminal_back_and_continuing_takes_it_again(child: Child) -> None:
    child.type("\x1a")
    child.wait_until(child.stopped)
    assert child.waits_for_lines
    os.kill(child.pid, signal.SIGCONT)
    child.wait_until(lambda: not child.waits_for_lines)
    child.type("s")
    child.read_until("stop")


def test_a_failing_command_leaves_the_terminal_as_before(child: Child) -> None:
    child.type("m")
    child.read_until("a bug")
    child.type("q")
    child.read_until("over")
    assert child.waits_for_lines
