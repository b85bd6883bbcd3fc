"""Ten thousand random conversations, and the promises in each."""

import pytest

from tests.simulation import scenario as scenario_module
from tests.simulation.conversation_promises import Broken, check_all
from tests.simulation.scenario import Act, Noise, Scenario, Speak, Type, random_scenario
from tests.simulation.shrinking import shrunk
from tests.simulation.simulation import Course, converse

CONVERSATIONS = 10_000
CHUNK = 100


def broken(scenario: Scenario) -> tuple[str, Course | None]:
    """Return which promise is broken, and how, or an empty text; and what happened if it came to an end."""
    course = None
    try:
        course = converse(scenario)
        check_all(course)
    except Broken as failure:
        return str(failure), course
    except BaseException as failure:  # the conversation itself has failed
        return f"{type(failure).__name__}: {failure}", None
    return "", course


def explain(scenario: Scenario, what: str) -> str:
    """Say what breaks, with the simplest scenario in which it does and what happens there."""
    kind = what.partition(":")[0]
    simplest = shrunk(scenario, lambda other: broken(other)[0].partition(":")[0] == kind)
    why, course = broken(simplest)
    lines = [f"{at:9.3f}  {event}" for at, event in course.events] if course is not None else []
    return "\n".join((f"seed {scenario.seed} breaks {what}", "", f"{simplest}", "", why, *lines))


@pytest.mark.parametrize(
    "first",
    [0, *(pytest.param(first, marks=pytest.mark.slow) for first in range(CHUNK, CONVERSATIONS, CHUNK))],
)
def test_the_promises_hold_in_ten_thousand_conversations(first: int) -> None:
    for seed in range(first, first + CHUNK):
        scenario = random_scenario(seed)
        what, _ = broken(scenario)
        if what:
            pytest.fail(explain(scenario, what), pytrace=False)


def test_the_same_scenario_takes_the_same_course() -> None:
    for seed in range(20):
        first, second = converse(random_scenario(seed)), converse(random_scenario(seed))
        assert first.events == second.events
        assert first.prompts == second.prompts
        assert first.player.sounded == second.player.sounded


@pytest.mark.slow
def test_random_conversations_have_everything_in_them() -> None:
    seen = set()
    for seed in range(200):
        course = converse(random_scenario(seed))
        seen |= {type(event).__name__ for _, event in course.events}
        seen |= {what for _, what in course.by_hand}
        seen |= {outcome for turn in course.reports for outcome in turn.speculations}
    assert seen >= {
        "SpeechStarted",
        "ReplyPaused",
        "ReplyResumed",
        "TurnFinished",
        "TurnTranscribed",
        "Notice",
    }
    assert seen >= {"stop", "press to talk", "let go", "mute", "unmute", "unplug", "plug in"}
    assert seen >= {"committed", "cancelled", "superseded", "failed"}


def test_a_scenario_is_shrunk_to_what_matters() -> None:
    acts = random_scenario(7).acts
    cough = Act(Noise(2.0), 1.0)
    line = Act(Type("hello"), 1.0)
    scenario = Scenario((*acts, cough, *acts, line), seed=7, hears="both", effort="eager", barge_in=False)

    def has_both(other: Scenario) -> bool:
        kinds = [type(act.what) for act in other.acts]
        return Noise in kinds and Type in kinds and other.effort == "eager"

    simplest = shrunk(scenario, has_both)
    assert sorted(type(act.what).__name__ for act in simplest.acts) == ["Noise", "Type"]
    assert simplest == Scenario(simplest.acts, effort="eager")


def test_a_broken_promise_is_told_with_its_seed_and_a_scenario_that_can_be_run() -> None:
    scenario = Scenario((Act(Noise(0.5)), Act(Speak(("u1", "u2"))), Act(Type("t"), 9.0)), seed=5)
    course = converse(scenario)
    course.player.wrongs.append("for the test")
    with pytest.raises(Broken, match="for the test"):
        check_all(course)
    assert eval(repr(scenario), vars(scenario_module)) == scenario
