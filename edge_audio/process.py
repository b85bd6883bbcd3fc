"""What a process that computes with the models sets for itself as a whole."""

import sys

from runtime.memory import keep_heap_small

SWITCH_INTERVAL_S = 0.0005
"""How soon a model's thread gives way to the event loop when both run Python; the default of 5 ms is what
the loop would be late by, several times over (p99 of its lag 16 ms against 11 with all models busy)."""


def tune() -> None:
    """Set up this process for conversations in real time; call it once, before threads are started.

    Its threads then take turns at Python every 0.5 ms, and with glibc all of them share two heaps, as
    `runtime.memory.keep_heap_small` says. The command does so; the library never does by itself.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    keep_heap_small()
