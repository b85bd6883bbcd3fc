"""A conversation of one turn, as meters meet it."""

from collections import Counter
from dataclasses import dataclass, field

from edge_audio.metrics.meter import Meter
from tests.support.spoken_turn import TURN


@dataclass
class HeldConversation:
    """What meters ask of a conversation."""

    time_s: float = 0.0
    counters: Counter[str] = field(default_factory=lambda: Counter(frames_dropped=3))

    def now_s(self) -> float:
        return self.time_s


def hold(meter: Meter) -> list[str]:
    """Let `meter` measure the turn; return what it says that the user should know."""
    conversation = HeldConversation()
    remarks = []
    for conversation.time_s, event in TURN:
        remarks.append(meter.measure(event, conversation))
    return [remark for remark in remarks if remark is not None]
