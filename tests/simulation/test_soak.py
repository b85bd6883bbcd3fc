"""An hour of conversation without a break; `make soak` makes it a day."""

import pytest
from soak import soak


@pytest.mark.parametrize("hears", ["text", "codes"])
def test_an_hour_of_conversation_leaves_nothing_behind(hears: str) -> None:
    held = soak(1.0, hears=hears)  # type: ignore[arg-type]
    half = held[len(held) // 2 :]
    assert held[-1].turns > 300
    assert {holding.tasks for holding in half} == {held[0].tasks}
    assert {holding.timers for holding in half} == {0}
    assert {holding.files for holding in half} == {held[0].files}
    # The history and the simulation's own are full by then; each turn makes some thousand blocks.
    assert half[-1].blocks - half[0].blocks < 1_500
