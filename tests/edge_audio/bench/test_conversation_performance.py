import numpy as np
import pytest

from edge_audio.audio.frame import FRAME_S, FRAME_SAMPLES
from edge_audio.bench.conversation.material import Part, SpokenTurn, read_material, read_noise
from edge_audio.bench.conversation.performance import Performance
from edge_audio.events import Event, ReplyStarted, TurnFinished, TurnReport

material = read_material()


class Stage:
    """Runs a performance frame by frame, with an assistant that does what a test says."""

    def __init__(self, *turns: SpokenTurn, noise: str | None = None) -> None:
        self.idle = True
        self.spoken = 0
        self.frames = 0
        part = Part("part", turns, noise)
        self.performance = Performance(material, part, self._count)
        self.performance.follow(self)

    def _count(self) -> None:
        self.spoken += 1

    @property
    def now_s(self) -> float:
        return self.frames * FRAME_S

    @property
    def begins(self) -> list[tuple[str, float]]:
        return [(heard.cue.clip.name, heard.began_s) for heard in self.performance.performed]

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / FRAME_S)):
            self.performance.frame(self.frames * FRAME_SAMPLES)
            self.frames += 1

    def tell(self, event: Event) -> None:
        self.performance.watch(event)

    def answer(self, epoch: int) -> None:
        """The assistant begins to answer now."""
        self.idle = False
        self.tell(ReplyStarted(epoch, self.now_s, self.now_s))

    def finish(self, epoch: int) -> None:
        """The reply is over."""
        self.idle = True
        self.tell(TurnFinished(epoch, TurnReport("")))


def length_s(name: str) -> float:
    return len(material.clips[name].samples()) * FRAME_S / FRAME_SAMPLES


def test_a_turn_waits_for_half_a_second_of_silence() -> None:
    stage = Stage(SpokenTurn("01"), SpokenTurn("02"))
    stage.run(0.6 + length_s("01"))
    stage.answer(1)
    stage.run(3.0)
    stage.finish(1)
    over_s = stage.now_s
    stage.run(5.0)
    (first, second) = stage.begins
    assert first == ("01", pytest.approx(0.48, abs=0.03))
    assert second == ("02", pytest.approx(over_s + 0.5, abs=0.03))
    assert stage.spoken == 2


def test_a_sound_is_heard_over_the_reply_to_its_turn() -> None:
    stage = Stage(SpokenTurn("01", sound="cough-1", sound_s=0.7))
    stage.run(0.6 + length_s("01"))
    stage.answer(1)
    began_s = stage.now_s
    stage.run(3.0)
    assert stage.begins[1] == ("cough-1", pytest.approx(began_s + 0.4, abs=0.03))
    assert stage.spoken == 1


def test_a_sound_that_comes_too_late_for_its_reply_is_left_out() -> None:
    stage = Stage(SpokenTurn("01", sound="cough-1", sound_s=0.7), SpokenTurn("02"))
    stage.run(0.6 + length_s("01"))
    stage.answer(1)
    stage.run(0.3)
    stage.finish(1)
    stage.run(6.0)
    assert [name for name, _ in stage.begins] == ["01", "02"]
    assert stage.performance.missed == 1


def test_an_interruption_has_its_onset_after_the_first_sound_of_the_reply() -> None:
    stage = Stage(SpokenTurn("01"), SpokenTurn("stop", into_reply_s=1.2))
    stage.run(0.6 + length_s("01"))
    stage.answer(1)
    began_s = stage.now_s
    stage.run(4.0)
    assert stage.begins[1] == ("stop", pytest.approx(began_s + 0.9, abs=0.03))


def test_an_interruption_follows_a_sound_over_the_same_reply() -> None:
    stage = Stage(SpokenTurn("01", sound="cough-1", sound_s=0.5), SpokenTurn("stop", into_reply_s=2.0))
    stage.run(0.6 + length_s("01"))
    stage.answer(1)
    began_s = stage.now_s
    stage.run(5.0)
    assert [name for name, _ in stage.begins] == ["01", "cough-1", "stop"]
    assert stage.begins[2][1] == pytest.approx(began_s + 1.7, abs=0.03)


def test_an_interruption_is_spoken_in_silence_where_there_is_nothing_to_interrupt() -> None:
    stage = Stage(SpokenTurn("01"), SpokenTurn("stop", into_reply_s=1.2))
    stage.run(0.6 + length_s("01"))
    stage.answer(1)
    stage.run(0.4)
    stage.finish(1)
    over_s = stage.now_s
    stage.run(3.0)
    assert stage.begins[1] == ("stop", pytest.approx(over_s + 0.5, abs=0.03))


def test_the_reply_to_an_earlier_turn_is_no_cue() -> None:
    stage = Stage(SpokenTurn("01"), SpokenTurn("02"), SpokenTurn("stop", into_reply_s=0.5))
    stage.run(0.6 + length_s("01"))
    stage.answer(1)
    stage.run(1.0)
    stage.finish(1)
    stage.run(0.7 + length_s("02"))
    stage.idle = False
    stage.run(2.0)
    assert [name for name, _ in stage.begins] == ["01", "02"]
    stage.answer(2)
    stage.run(1.0)
    assert [name for name, _ in stage.begins] == ["01", "02", "stop"]


def test_a_silence_that_never_comes_is_not_waited_for() -> None:
    stage = Stage(SpokenTurn("01"), SpokenTurn("02"))
    stage.run(0.6 + length_s("01"))
    stage.idle = False
    stage.run(29.0)
    assert len(stage.begins) == 1
    stage.run(3.0)
    assert len(stage.begins) == 2


def test_a_noise_goes_on_until_the_last_answer() -> None:
    stage = Stage(SpokenTurn("01"), noise="fan")
    fan = read_noise("fan")
    first = stage.performance.frame(0)
    np.testing.assert_array_equal(first, fan[:FRAME_SAMPLES])
    stage.frames = 1
    stage.run(0.6 + length_s("01"))
    stage.idle = False
    stage.run(4.0)
    frame = stage.performance.frame(stage.frames * FRAME_SAMPLES)
    start = stage.frames * FRAME_SAMPLES % len(fan)
    np.testing.assert_array_equal(frame, np.resize(np.roll(fan, -start), FRAME_SAMPLES))
    assert not stage.performance.exhausted
    stage.idle = True
    stage.run(0.6)
    assert stage.performance.exhausted
    assert not stage.performance.frame(stage.frames * FRAME_SAMPLES).any()
