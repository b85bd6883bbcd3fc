import pytest

from edge_audio.dialogue.speculation import EFFORTS, Moment, SpeculationPolicy


def wants(policy: SpeculationPolicy, moment: Moment, *, p_complete: float = 0.95, started: int = 0) -> bool:
    return policy.wants(moment, p_complete=p_complete, started=started, session_s=60.0)


def test_more_effort_speculates_sooner() -> None:
    moments: tuple[Moment, ...] = ("changed", "settled", "pause")
    wanted = {name: [m for m in moments if wants(SpeculationPolicy(e), m)] for name, e in EFFORTS.items()}
    assert wanted["eager"] == ["changed", "settled", "pause"]
    assert wanted["balanced"] == ["changed", "settled", "pause"]
    assert wanted["frugal"] == ["pause"]


def test_of_words_just_heard_one_must_be_surer_than_of_those_heard_twice() -> None:
    policy = SpeculationPolicy(EFFORTS["balanced"])
    assert wants(policy, "settled", p_complete=0.7)
    assert not wants(policy, "changed", p_complete=0.7)


@pytest.mark.parametrize("effort", EFFORTS.values())
def test_words_that_are_hardly_whole_are_not_answered(effort) -> None:
    assert not wants(SpeculationPolicy(effort), "pause", p_complete=0.2)


@pytest.mark.parametrize("effort", EFFORTS.values())
def test_a_turn_has_its_share_of_speculations(effort) -> None:
    policy = SpeculationPolicy(effort)
    for _ in range(20):
        policy.ended("pause", "committed", 0.5)
    assert wants(policy, "pause", started=effort.per_turn - 1)
    assert not wants(policy, "pause", started=effort.per_turn)


def test_what_does_badly_is_left_and_tried_again_later() -> None:
    policy = SpeculationPolicy(EFFORTS["balanced"])
    for _ in range(9):
        policy.ended("settled", "superseded", 0.2)
    assert not wants(policy, "settled")
    assert wants(policy, "pause")
    for _ in range(40):
        policy.ended("pause", "committed", 0.5)
    assert wants(policy, "settled")


@pytest.mark.parametrize("effort", EFFORTS.values())
def test_where_all_went_badly_it_is_tried_again_after_some_turns(effort) -> None:
    policy = SpeculationPolicy(effort)
    for _ in range(40):
        policy.ended("pause", "cancelled", 0.01)
    assert not wants(policy, "pause")
    turns = 0
    while not wants(policy, "pause"):
        policy.none_ended()
        turns += 1
    assert turns < 80


def test_too_much_waste_ends_speculation_until_time_has_passed() -> None:
    policy = SpeculationPolicy(EFFORTS["balanced"])
    for _ in range(10):
        policy.ended("pause", "committed", 0.5)
    policy.ended("pause", "cancelled", 30.0)
    assert policy.wasted_s == 30.0
    assert not policy.wants("pause", p_complete=0.95, started=0, session_s=60.0)
    assert policy.wants("pause", p_complete=0.95, started=0, session_s=120.0)


def test_at_a_pause_one_is_begun_as_late_as_its_first_sound_is_ready_in_time() -> None:
    policy = SpeculationPolicy(EFFORTS["balanced"])
    assert policy.start_ms(100.0, 900.0) == 100.0, "nothing is known of how long one takes"
    policy.made(0.3)
    assert policy.start_ms(100.0, 900.0) == pytest.approx(450.0)
    assert policy.start_ms(100.0, 200.0) == 100.0
    policy.made(0.5)
    assert policy.start_ms(100.0, 900.0) == pytest.approx(150.0), "a slow one counts at once"
    for _ in range(9):
        policy.made(0.2)
    assert policy.start_ms(100.0, 900.0) == pytest.approx(600.0, abs=1.0)
