"""What a process holds, counted so exactly that a small leak shows."""

import asyncio
import ctypes
import gc
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from runtime.memory import give_back

_PAGE = os.sysconf("SC_PAGE_SIZE")


class _MallocInfo(ctypes.Structure):
    """glibc's `struct mallinfo2`."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


@dataclass(frozen=True)
class Footprint:
    """What this process holds after a garbage collection."""

    threads: int
    """Python's and the libraries' own."""
    files: int
    """Open file descriptors."""
    heap_bytes: int
    """What libraries and arrays have allocated and not freed. Exact, unlike the resident memory, which
    also has what is freed and not given back."""
    blocks: int
    """Python's own small blocks that are in use."""
    resident_bytes: int

    @classmethod
    def now(cls) -> "Footprint":
        gc.collect()
        give_back()
        return cls(
            len(os.listdir("/proc/self/task")),
            len(os.listdir("/proc/self/fd")),
            _heap_bytes(),
            sys.getallocatedblocks(),
            int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE,
        )


def assert_nothing_is_left(before: Footprint, after: Footprint) -> None:
    """A hundred cycles may leave 10 kB each: caches of Python, glibc and ONNX Runtime leave 1 to 3."""
    assert after.threads <= before.threads
    assert after.files <= before.files
    assert after.heap_bytes - before.heap_bytes < 1_000_000
    assert after.blocks - before.blocks < 2_000
    assert after.resident_bytes - before.resident_bytes < 20_000_000


async def hundred(cycle: Callable[[int], Awaitable[None]], *, warm: int = 10) -> tuple[Footprint, Footprint]:
    """Run `cycle` with 0 to 99, after some that fill caches; return what is held before and after."""
    threads = set(threading.enumerate())
    for number in range(warm):
        await cycle(number)
    await _ended(threads)
    before = Footprint.now()
    for number in range(100):
        await cycle(number)
    await _ended(threads)
    return before, Footprint.now()


async def _ended(older: set[threading.Thread]) -> None:
    """Wait until all younger threads have ended, for which a busy machine takes its time."""
    async with asyncio.timeout(10):
        while set(threading.enumerate()) - older:  # noqa: ASYNC110  a thread tells nobody
            await asyncio.sleep(0.02)


def _heap_bytes() -> int:
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo is None:  # before glibc 2.33, and with other C libraries
        return 0
    mallinfo.restype = _MallocInfo
    info = mallinfo()
    return int(info.uordblks + info.hblkhd)
