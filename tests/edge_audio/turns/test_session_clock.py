"""Session time over microphones that are slow, fast, away for a while, or served by a busy machine."""

import asyncio
import random

import pytest

from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.turns.session_clock import SessionClock
from runtime import clock

HOUR_S = 3600


def lateness(it: SessionClock, at_s: float) -> float:
    return it.now_s() - at_s


@pytest.mark.parametrize("drift", [0.001, -0.001, 0.0])
def test_after_an_hour_the_time_is_still_that_of_the_input(drift: float) -> None:
    async def main() -> None:
        it = SessionClock()
        assert it.now_s() == 0.0
        for second in range(1, HOUR_S + 1):
            await asyncio.sleep(1 + drift)
            it.heard(second * INPUT_RATE_HZ)
            assert lateness(it, second) == pytest.approx(0.0, abs=0.021)

    clock.run_virtual(main())


def test_frames_that_are_late_on_a_busy_machine_are_told_as_late() -> None:
    async def main() -> None:
        rng = random.Random(3)
        it = SessionClock()
        for tenth in range(1, 6000):
            late_s = rng.choice((0.0, 0.03, 0.09))
            await clock.sleep_until(tenth / 10 + late_s)
            it.heard(tenth * INPUT_RATE_HZ // 10)
            assert lateness(it, tenth / 10) == pytest.approx(late_s)

    clock.run_virtual(main())


def test_time_that_the_input_has_missed_is_not_waited_for_ever() -> None:
    async def main() -> None:
        it = SessionClock()
        for second in range(1, 60):
            missed_s = 2.5 if second > 20 else 0.0
            await clock.sleep_until(second + missed_s)
            it.heard(second * INPUT_RATE_HZ)
            if second > 40:
                assert lateness(it, second) == pytest.approx(0.0)

    clock.run_virtual(main())


def test_between_frames_the_time_goes_on() -> None:
    async def main() -> None:
        it = SessionClock()
        it.heard(INPUT_RATE_HZ)
        await asyncio.sleep(0.25)
        assert it.now_s() == pytest.approx(1.25)

    clock.run_virtual(main())
