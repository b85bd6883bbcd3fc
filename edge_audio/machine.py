"""The machine: its processor and load, and what this process takes of it."""

import os
import platform
import time
from pathlib import Path
from typing import Any

_IMPORTED_S = time.monotonic()


def machine_load() -> dict[str, Any]:
    """Cores, the load of the last minute (processes that ran or wanted to) and the processor's name."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_1min": round(os.getloadavg()[0], 2),
        "processor": _processor(),
    }


def resident_mb() -> float:
    """Memory that this process holds resident now, in MB (10^6 bytes); 0 where that can't be told."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def process_age_s() -> float:
    """Seconds since this process was started, imports included; since this module's import elsewhere."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    except OSError:
        return round(time.monotonic() - _IMPORTED_S, 2)
    return round(time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"), 2)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
