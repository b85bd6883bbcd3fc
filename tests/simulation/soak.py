"""One conversation that lasts a day, with all that happens in one; what it holds on to is measured.

python -m tests.simulation.soak --hours 24
"""

import argparse
import asyncio
import gc
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from edge_audio.events import TurnEnded
from runtime import clock
from runtime.actor import ActorGroup
from tests.simulation.conversation_promises import check_all
from tests.simulation.scenario import Costs, Faults, Hears, Scenario, episodes
from tests.simulation.simulation import Simulation

_QUIET_S = 90.0
"""Silence after each part of the conversation, before it is looked at."""

_EPISODES = 15
"""Things that happen in a part."""

FAULTS = Faults(
    recognizer=0.02,
    end_of_turn=0.02,
    chat=0.05,
    stall=0.01,
    voice=0.03,
    transcriber=0.05,
    silence_heard_as_words=0.1,
    drift=0.0005,
)


@dataclass(frozen=True, slots=True)
class Holding:
    """What the process holds on to between two parts of a conversation."""

    at_s: float
    turns: int
    """So far."""
    blocks: int
    """Python's memory blocks that are in use."""
    tasks: int
    timers: int
    files: int

    @classmethod
    def now(cls, turns: int) -> "Holding":
        """Count, after a garbage collection."""
        gc.collect()
        loop = asyncio.get_running_loop()
        timers = sum(not handle.cancelled() for handle in loop._scheduled)
        files = len(os.listdir("/proc/self/fd"))
        return cls(clock.now(), turns, sys.getallocatedblocks(), len(asyncio.all_tasks()), timers, files)


def soak(
    hours: float, *, hears: Hears, seed: int = 0, show: Callable[[Holding], None] = lambda holding: None
) -> list[Holding]:
    """Converse for so many simulated hours; return what was held, about every tenth of an hour.

    Raises `Broken` where a promise is.
    """
    return clock.run_virtual(_soak(hours, hears, seed, show))


def growth(held: list[Holding]) -> list[str]:
    """Return what has grown in the later half of a conversation, when all that has a bound is full."""
    before, after = held[len(held) // 2], held[-1]
    grown = []
    # What was counted is itself among it: some blocks each time.
    if after.blocks - before.blocks > 1_500 + 10 * len(held):
        grown.append(f"memory by {after.blocks - before.blocks} blocks")
    for name in ("tasks", "timers", "files"):
        counts = {getattr(holding, name) for holding in held[len(held) // 2 :]}
        if len(counts) > 1:
            grown.append(f"{name}: {sorted(counts)}")
    return grown


async def _soak(hours: float, hears: Hears, seed: int, show: Callable[[Holding], None]) -> list[Holding]:
    held: list[Holding] = []
    turns = 0
    scenario = Scenario((), seed=seed, hears=hears, costs=Costs(), faults=FAULTS)
    async with ActorGroup() as group:
        simulation = Simulation(scenario, group)
        group.start(simulation.replies.actor())
        happening = episodes(seed)
        while clock.now() < hours * 3600:
            for _ in range(_EPISODES):
                await simulation.act(next(happening))
            # Whoever left the conversation muted or unplugged comes back.
            for why in ("muted", "unplugged"):
                simulation.ears.deafen(why, False)
            await asyncio.sleep(_QUIET_S)
            course = simulation.course
            assert simulation.idle
            check_all(course)
            turns += len(course.of(TurnEnded))
            course.turn_over()
            if not held or clock.now() - held[-1].at_s >= 360:
                held.append(Holding.now(turns))
                show(held[-1])
    return held


def main() -> None:
    """Soak, print what is held, and fail if it grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hears", choices=("text", "codes", "both"), default="text")
    given = parser.parse_args()
    print("   hours   turns   blocks  tasks  timers  files     CPU s")

    def show(holding: Holding) -> None:
        print(
            f"{holding.at_s / 3600:8.2f}{holding.turns:8}{holding.blocks:9}{holding.tasks:7}"
            f"{holding.timers:8}{holding.files:7}{time.process_time():10.1f}",
            flush=True,
        )

    if grown := growth(soak(given.hours, hears=given.hears, seed=given.seed, show=show)):
        sys.exit(f"This has grown: {', '.join(grown)}.")


if __name__ == "__main__":
    main()
