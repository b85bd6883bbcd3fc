"""Scripted conversations: what people do, and what breaks, one thing at a time."""

from dataclasses import replace
from typing import Any

import pytest

from edge_audio.events import Notice, ReplyStarted, SpeculationStarted, TurnEnded, TurnFinished
from tests.simulation.conversation_promises import check_all
from tests.simulation.scenario import Act, Costs, Do, Faults, Noise, Scenario, Speak, Type
from tests.simulation.simulation import Course, converse

ASK = Act(Speak(("what", "is", "that", "over", "there"), ends="?"), 1.0)
ASKED = "what is that over there?"


def held(*acts: Act, **settings: Any) -> Course:
    """Hold a conversation that must keep all promises."""
    course = converse(Scenario(acts, **settings))
    check_all(course)
    return course


def turns(course: Course) -> list[str | None]:
    return [event.user_text for event in course.of(TurnEnded)]


# What people do.


def test_a_question_is_answered_from_a_speculation() -> None:
    course = held(ASK)
    assert turns(course) == [ASKED]
    (report,) = course.reports
    assert report.speculations["committed"] == 1
    assert report.response_gap_ms is not None
    assert report.response_gap_ms < 600


def test_a_pause_inside_a_turn_splits_nothing() -> None:
    course = held(Act(Speak(("I", "want", "to"), ends="")), Act(Speak(("go", "there")), 1.0))
    assert turns(course) == ["I want to go there."]


def test_what_is_told_is_answered_sooner_if_the_assistant_had_asked() -> None:
    told = Act(Speak(("I", "like", "blue")), 15.0)
    after_s = {}
    for ends in (".", "?"):
        course = held(ASK, told, reply_ends=ends)
        assert turns(course) == [ASKED, "I like blue."]
        after_s[ends] = course.reports[1].turn_end_s - course.reports[1].speech_end_s
    assert after_s["?"] < after_s["."] - 0.2


def test_a_correction_withdraws_the_reply_that_has_just_begun() -> None:
    course = held(ASK, Act(Speak(("the", "red", "one")), 0.1, "reply began"), reply_words=30, seed=3)
    assert turns(course) == [ASKED, f"{ASKED} the red one."]
    assert [report.interrupted for report in course.reports] == [True, False]


def test_who_begins_just_as_the_reply_does_is_heard() -> None:
    for step in range(-10, 10):
        alone_s = held(ASK).times(ReplyStarted)[0]
        onset_s = alone_s + 0.02 * step
        more = Act(Speak(("and", "why", "please")), onset_s - (1.0 + 5 * 0.25))
        course = held(ASK, more)
        assert turns(course)[-1] in (f"{ASKED} and why please.", "and why please.")


def test_double_talk_is_one_turn() -> None:
    course = held(ASK, Act(Speak(("I", "know", "it")), 0.3, "during"))
    assert len(turns(course)) == 1


def test_a_monologue_is_one_turn() -> None:
    parts = [
        Act(Speak((*(f"u{part}x{word}" for word in range(20)), "and"), ends=""), 0.6) for part in range(8)
    ]
    course = held(*parts, Act(Speak(("that", "is", "all")), 0.6))
    (said,) = turns(course)
    assert said is not None
    assert len(said.split()) == 8 * 21 + 3


def test_a_noise_is_no_turn() -> None:
    course = held(Act(Noise(0.5)), Act(Noise(3.0)))
    assert not turns(course)
    assert not course.of(SpeculationStarted)


def test_a_typed_line_takes_up_a_turn_that_was_not_answered() -> None:
    course = held(ASK, Act(Type("please"), 0.01, "turn ended"), costs=Costs(first_text_s=0.5), effort="none")
    assert turns(course) == [ASKED, f"{ASKED} please"]


def test_what_is_typed_while_the_user_speaks_is_answered_alone() -> None:
    course = held(ASK, Act(Type("never mind"), 0.6, "during"))
    assert turns(course) == ["never mind"]


def test_stop_silences_the_reply_and_the_conversation_goes_on() -> None:
    course = held(ASK, Act(Do("stop"), 0.5, "reply began"), Act(ASK.what, 2.0), reply_words=30, seed=3)
    assert [report.interrupted for report in course.reports] == [True, False]
    assert turns(course) == [ASKED, ASKED]


def test_push_to_talk_ends_the_turn_when_it_is_let_go() -> None:
    course = held(
        Act(Do("press to talk")),
        Act(Speak(("I", "want", "to"), ends="")),
        Act(Do("let go"), 0.05),
    )
    assert turns(course) == ["I want to"]
    assert course.times(TurnEnded)[0] - course.by_hand[-1][0] < 0.5


def test_push_to_talk_that_is_pressed_again_at_once_has_ended_nothing() -> None:
    course = held(
        Act(Do("press to talk")),
        Act(Speak(("I", "want", "to"), ends="")),
        Act(Do("let go"), 0.02),
        Act(Do("press to talk"), 0.05),
        Act(Speak(("go", "there", "and"), ends=""), 0.0),
        Act(Speak(("come", "back")), 0.5),
        Act(Do("let go"), 0.05),
        costs=Costs(asr_s=0.3),
    )
    assert turns(course) == ["I want to go there and come back."]


def test_who_is_muted_is_not_heard() -> None:
    course = held(Act(Do("mute")), ASK, Act(Do("unmute")), Act(Type("hello"), 1.0))
    assert turns(course) == ["hello"]


def test_a_reply_that_can_not_be_interrupted_is_said_to_its_end() -> None:
    course = held(ASK, Act(Speak(("stop", "it")), 0.5, "reply began"), barge_in=False, reply_words=30, seed=3)
    assert [report.interrupted for report in course.reports] == [False]


def test_a_turn_goes_on_before_its_reply_can_be_heard_though_replies_can_not_be_interrupted() -> None:
    more = Act(Speak(("and", "why", "is", "it", "red"), ends="?"), 0.1, "turn ended")
    course = held(ASK, more, barge_in=False, costs=Costs(first_text_s=0.6))
    assert turns(course) == [ASKED, f"{ASKED} and why is it red?"]
    assert len(course.reports) == 1


# What breaks.


@pytest.mark.parametrize("what", ["chat", "voice", "end_of_turn"])
@pytest.mark.parametrize("hears", ["text", "codes", "both"])
def test_a_model_that_always_fails_leaves_no_turn_without_a_word(what: str, hears: str) -> None:
    faults = Faults(**{what: 1.0})
    course = held(ASK, Act(ASK.what, 3.0), Act(Type("t"), 9.0), hears=hears, faults=faults)
    assert len(turns(course)) == 3
    if what != "end_of_turn":  # which mostly isn't waited for
        assert len(course.of(Notice)) >= 3
    if what == "chat":
        assert all("Sorry" in report.heard_text or report.error for report in course.reports)


def test_a_recognizer_that_always_fails_tells_so() -> None:
    course = held(ASK, Act(ASK.what, 3.0), Act(Type("t"), 9.0), faults=Faults(recognizer=1.0))
    assert turns(course) == ["t"]
    assert len(course.of(Notice)) >= 2


def test_a_server_that_stalls_can_be_talked_to() -> None:
    course = held(ASK, Act(Speak(("are", "you", "there"), ends="?"), 5.0), faults=Faults(stall=1.0))
    assert turns(course) == [ASKED, f"{ASKED} are you there?"]
    assert course.times(TurnFinished)[0] - course.times(TurnEnded)[1] < 30


@pytest.mark.parametrize("moment_s", [-1.0, -0.5, 0.05, 0.3, 0.6, 1.5])
def test_a_microphone_that_is_unplugged_ends_no_conversation(moment_s: float) -> None:
    """Silence is heard while it is away, in the middle of a word, of a pause or of a reply."""
    away = Act(Do("unplug"), 1.25 + moment_s, "during")
    course = held(ASK, away, Act(Do("plug in"), 5.0), ASK, reply_words=20)
    assert turns(course)[-1] == ASKED
    assert not course.reports[-1].interrupted


@pytest.mark.parametrize("drift", [-0.001, 0.001])
def test_clocks_that_drift_apart_change_no_word(drift: float) -> None:
    acts = [replace(ASK, delay_s=30.0), Act(Noise(0.5), 0.2, "reply began")] * 20
    course = held(*acts, reply_words=40, faults=Faults(drift=drift))
    assert turns(course) == [ASKED] * 20
    assert all(report.heard_text == report.reply_text for report in course.reports)


def test_a_slow_processor_answers_late_and_all_the_same() -> None:
    acts = (ASK, Act(ASK.what, 6.0), Act(Noise(0.3), 0.5, "reply began"))
    quick, slow = held(*acts), held(*acts, costs=replace(Costs(), times=10.0))
    assert turns(slow) == turns(quick)
    assert slow.reports[0].response_gap_ms > quick.reports[0].response_gap_ms
