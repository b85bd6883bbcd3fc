"""Replies that are held because somebody may be interrupting them."""

from dataclasses import replace

import pytest

from edge_audio.dialogue.dialogue import WORDLESS_MS
from edge_audio.events import ReplyPaused, ReplyResumed, ReplyStarted, SpeechStarted, TurnFinished
from tests.simulation.scenario import Act, Costs, Noise, Scenario, Speak, Type
from tests.simulation.simulation import HOLD_MS, converse

ASK = Act(Speak(("what", "is", "it"), ends="?"), 1.0)
SLOW = Costs(asr_s=2.5)
"""The recognizer takes longer than a reply is held."""


@pytest.mark.parametrize("before_end_s", [0.0, 0.02, 0.05, 0.1, 0.14])
def test_speech_as_a_reply_ends_does_not_silence_the_next(before_end_s: float) -> None:
    """The reply is held when all of it is out already, and no more comes to let it go on."""
    alone = converse(Scenario((ASK,), output_latency_s=0.15))
    length_s = alone.times(TurnFinished)[0] - alone.times(ReplyStarted)[0]
    begin_s = length_s - before_end_s - 0.064  # until it is noticed
    again = Act(Speak(("and", "now", "what"), ends="?"), begin_s, "reply began")
    course = converse(Scenario((ASK, again), output_latency_s=0.15))
    assert not course.wrongs
    assert len(course.times(ReplyStarted)) == 2


def test_a_reply_that_went_on_falls_silent_again_when_the_user_does_not_stop() -> None:
    first = Act(Noise(3.4), 0.3, "reply began")
    second = Act(Noise(0.5), 0.3)
    course = converse(Scenario((ASK, first, second), costs=SLOW, reply_words=30, seed=3))
    assert not course.wrongs
    onsets_s = course.times(SpeechStarted)[1:]
    assert course.times(ReplyPaused) == onsets_s
    waited_ms = 1000 * (course.times(ReplyResumed)[0] - onsets_s[0])
    assert HOLD_MS - 1 <= waited_ms <= 2 * HOLD_MS + 1


def test_words_that_come_in_bits_hold_the_reply_once() -> None:
    bits = [Act(Noise(0.2), 0.3, "reply began"), Act(Noise(0.2), 0.2), Act(Noise(0.2), 0.2)]
    scenario = Scenario((ASK, *bits), costs=SLOW, reply_words=30, seed=3)
    course = converse(scenario)
    assert len(course.times(SpeechStarted)) == 4
    assert len(course.times(ReplyPaused)) == len(course.times(ReplyResumed)) == 1
    # It goes on for good.
    typed = converse(replace(scenario, acts=(*scenario.acts, Act(Type("And?"), 20.0))))
    assert len(typed.times(ReplyStarted)) == 2


def test_a_reply_gets_on_under_knocks_in_quick_succession() -> None:
    knocks = [Act(Noise(0.1), 0.5, "reply began"), *[Act(Noise(0.1), 0.4)] * 60]
    course = converse(Scenario((ASK, *knocks), reply_words=30, seed=3))
    assert not course.wrongs
    (over_s,) = course.times(TurnFinished)
    assert over_s < course.times(SpeechStarted)[-10]


def test_sound_that_lasts_interrupts_also_after_a_cough_where_nobody_tells_words() -> None:
    cough, speech = Act(Noise(0.3), 0.5, "reply began"), Act(Noise(1.5), 0.25)
    course = converse(Scenario((ASK, cough, speech), hears="codes", reply_words=30, seed=3))
    assert course.times(TurnFinished)[0] - course.times(SpeechStarted)[-1] == pytest.approx(
        WORDLESS_MS / 1000
    )


def test_two_coughs_are_no_long_sound_where_nobody_tells_words() -> None:
    coughs = Act(Noise(0.25), 0.5, "reply began"), Act(Noise(0.25), 0.35)
    slow = Costs(asr_s=0.6)
    course = converse(Scenario((ASK, *coughs), hears="codes", costs=slow, reply_words=30, seed=3))
    assert len(course.times(SpeechStarted)) == 3
    assert [report.interrupted for report in course.reports] == [False]


def test_sound_that_comes_in_bits_for_long_interrupts_where_nobody_tells_words() -> None:
    """The tokenizer is not done before the next bit: the reply must not be held for as long as they come."""
    bits = [Act(Noise(0.2), 0.5, "reply began"), *[Act(Noise(0.2), 0.25)] * 30]
    slow = Costs(asr_s=1.0)
    course = converse(Scenario((ASK, *bits), hears="codes", costs=slow, reply_words=30, seed=3))
    held_s = course.times(TurnFinished)[0] - course.times(ReplyPaused)[0]
    assert course.reports[0].interrupted
    assert held_s < 2 * HOLD_MS / 1000
