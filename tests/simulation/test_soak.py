"""An hour of conversation without a break; `make soak` makes it a day."""

import pytest

from tests.simulation.scenario import Hears
from tests.simulation.soak import growth, soak


@pytest.mark.slow
@pytest.mark.parametrize("hears", ["text", "codes"])
def test_an_hour_of_conversation_leaves_nothing_behind(hears: Hears) -> None:
    held = soak(1.0, hears=hears)
    assert held[-1].turns > 300
    assert growth(held) == []
