import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.turns.policy import EndOfTurnPolicy

ASKED, COMPLETE, OPEN = "What time is it?", "Tell me a story.", "What is the"
SOUND = st.one_of(st.none(), st.floats(0, 1))
WORDS = st.one_of(st.none(), st.sampled_from([ASKED, COMPLETE, OPEN]))


def policy() -> EndOfTurnPolicy:
    return EndOfTurnPolicy(threshold=0.5, certainty=0.9, pause_ms=400)


def test_what_asks_and_sounds_complete_ends_soonest_and_what_reads_unfinished_last() -> None:
    waits_ms = [
        policy().silence_ms(sound, text)
        for sound, text in ((0.9, ASKED), (None, ASKED), (0.9, COMPLETE), (0.1, COMPLETE), (0.9, OPEN))
    ]
    assert waits_ms == sorted(waits_ms)
    assert waits_ms[0] < 150
    assert 200 < waits_ms[2] < 400
    assert waits_ms[-1] > 1200


def test_words_that_read_unfinished_outweigh_the_sound() -> None:
    assert policy().silence_ms(1.0, OPEN) == policy().silence_ms(0.0, OPEN)


def test_where_nobody_tells_words_the_sound_decides() -> None:
    assert policy().silence_ms(0.9, None) < policy().silence_ms(None, None) < policy().silence_ms(0.1, None)


def test_a_speaker_who_pauses_long_is_given_time() -> None:
    slow = policy()
    for _ in range(3):
        slow.went_on(1200, OPEN)
    assert slow.silence_ms(None, OPEN) > 1.4 * policy().silence_ms(None, OPEN)


def test_pauses_in_mid_sentence_delay_no_answer_to_a_whole_one() -> None:
    speaker = policy()
    for _ in range(9):
        speaker.went_on(1200, OPEN)
    assert speaker.silence_ms(None, COMPLETE) == policy().silence_ms(None, COMPLETE)
    speaker.went_on(1200, COMPLETE)
    assert speaker.silence_ms(None, COMPLETE) > policy().silence_ms(None, COMPLETE)


def test_many_short_pauses_make_nobody_hasty() -> None:
    speaker = policy()
    for _ in range(99):
        speaker.went_on(130, COMPLETE)
    assert speaker.silence_ms(None, COMPLETE) == policy().silence_ms(None, COMPLETE)


@given(SOUND, WORDS, SOUND, st.floats(0, 5000), st.floats(0, 5000))
def test_longer_silence_is_never_less_likely_the_end(
    sound: float | None, text: str | None, whole: float | None, one_ms: float, other_ms: float
) -> None:
    shorter, longer = (policy().probability(ms, sound, text, whole) for ms in sorted((one_ms, other_ms)))
    assert shorter <= longer


@given(SOUND, WORDS, SOUND, st.floats(0.51, 0.99))
def test_a_certainty_is_reached_when_it_is_said_to_be(
    sound: float | None, text: str | None, whole: float | None, certainty: float
) -> None:
    silence_ms = policy().silence_ms(sound, text, whole, certainty=certainty)
    reached = policy().probability(silence_ms, sound, text, whole)
    assert reached == pytest.approx(certainty) or silence_ms in (0.0, 2500.0)


@given(SOUND, st.one_of(st.none(), st.text()))
def test_no_turn_waits_for_ever(sound: float | None, text: str | None) -> None:
    assert 0 <= policy().silence_ms(sound, text) <= 2500


def test_the_chat_model_s_view_of_the_words_outweighs_our_rules() -> None:
    half = "Could you explain to me"
    assert policy().silence_ms(None, half, 0.04) > 1000 > policy().silence_ms(None, half)
    assert policy().silence_ms(None, "I like her very", 0.9) < policy().silence_ms(None, "I like her very")


def test_of_one_word_the_chat_model_makes_nothing_unless_none_ends_so() -> None:
    assert policy().silence_ms(None, "Stop.", 0.25) == policy().silence_ms(None, "Stop.")
    assert policy().silence_ms(None, "Please explain.", 0.03) > 1.5 * policy().silence_ms(None, "Stop.", 0.25)
    assert policy().silence_ms(None, "What time?", 0.0005) > 1500


def test_a_question_of_which_the_chat_model_is_not_sure_is_answered_soon_all_the_same() -> None:
    assert policy().silence_ms(None, "Why do people like music?", 0.5) == 0
    assert policy().silence_ms(None, "Why do people like music?", 0.3) < 200
    assert policy().silence_ms(None, "How long does it take?", 0.001) > 1000
    assert policy().silence_ms(None, "Could you tell my friend?", 0.1) > 700


def test_what_is_told_is_given_time_to_lead_up_to_a_question() -> None:
    told = "I saw an old friend yesterday."
    assert 800 < policy().silence_ms(0.9, told, 0.9) < 850
    assert policy().silence_ms(0.9, told) == policy().silence_ms(0.9, told, 0.9)
    assert policy().silence_ms(0.9, told + " What do I ask her?", 0.9) == 0


def test_who_was_asked_tells_an_answer_and_leads_up_to_nothing() -> None:
    answering = policy()
    answering.turn_begins(asked=True)
    assert answering.silence_ms(0.9, "I like blue.", 0.9) == 0
    answering.turn_begins(asked=False)
    assert answering.silence_ms(0.9, "I like blue.", 0.9) > 800


def test_a_clause_that_leads_up_to_a_main_one_outlasts_a_second_even_if_the_chat_model_is_content() -> None:
    assert policy().silence_ms(None, "When my grandmother was young.", 0.4) > 1200


def test_while_somebody_speaks_only_words_that_are_likely_all_count_as_such() -> None:
    assert policy().all_said("What is the capital of Italy?", 0.99) > 0.9
    assert policy().all_said("What do I need to bake an apple?", 0.12) < 0.5
    assert policy().all_said("Hang on.", 0.42) < 0.5
    assert policy().all_said("I saw an old friend yesterday.", 0.9) < 0.6
    assert policy().all_said("What is the capital of Italy?", None) > 0.5
