import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.turns.policy import EndOfTurnPolicy, Evidence

ASKED, COMPLETE, OPEN = "What time is it?", "Tell me a story.", "What is the"
SOUND = st.one_of(st.none(), st.floats(0, 1))
WORDS = st.one_of(st.none(), st.sampled_from([ASKED, COMPLETE, OPEN]))


def policy() -> EndOfTurnPolicy:
    return EndOfTurnPolicy(threshold=0.5, certainty=0.9, pause_ms=400)


def known(p_audio: float | None, text: str | None, p_complete: float | None = None) -> Evidence:
    return Evidence(p_audio, text, p_complete, "en")


def wait_ms(p_audio: float | None, text: str | None, p_complete: float | None = None) -> float:
    return policy().silence_ms(known(p_audio, text, p_complete))


def test_what_asks_and_sounds_complete_ends_soonest_and_what_reads_unfinished_last() -> None:
    waits_ms = [
        wait_ms(sound, text)
        for sound, text in ((0.9, ASKED), (None, ASKED), (0.9, COMPLETE), (0.1, COMPLETE), (0.9, OPEN))
    ]
    assert waits_ms == sorted(waits_ms)
    assert waits_ms[0] < 150
    assert 200 < waits_ms[2] < 400
    assert waits_ms[-1] > 1200


def test_words_that_read_unfinished_outweigh_the_sound() -> None:
    assert wait_ms(1.0, OPEN) == wait_ms(0.0, OPEN)


def test_where_nobody_tells_words_the_sound_decides() -> None:
    assert wait_ms(0.9, None) < wait_ms(None, None) < wait_ms(0.1, None)


def test_a_speaker_who_pauses_long_is_given_time() -> None:
    slow = policy()
    for _ in range(3):
        slow.went_on(1200, known(None, OPEN))
    assert slow.silence_ms(known(None, OPEN)) > 1.4 * wait_ms(None, OPEN)


def test_pauses_in_mid_sentence_delay_no_answer_to_a_whole_one() -> None:
    speaker = policy()
    for _ in range(9):
        speaker.went_on(1200, known(None, OPEN))
    assert speaker.silence_ms(known(None, COMPLETE)) == wait_ms(None, COMPLETE)
    speaker.went_on(1200, known(None, COMPLETE))
    assert speaker.silence_ms(known(None, COMPLETE)) > wait_ms(None, COMPLETE)


def test_many_short_pauses_make_nobody_hasty() -> None:
    speaker = policy()
    for _ in range(99):
        speaker.went_on(130, known(None, COMPLETE))
    assert speaker.silence_ms(known(None, COMPLETE)) == wait_ms(None, COMPLETE)


@given(SOUND, WORDS, SOUND, st.floats(0, 5000), st.floats(0, 5000))
def test_longer_silence_is_never_less_likely_the_end(
    p_audio: float | None, text: str | None, p_complete: float | None, one_ms: float, other_ms: float
) -> None:
    shorter, longer = (
        policy().probability(ms, known(p_audio, text, p_complete)) for ms in sorted((one_ms, other_ms))
    )
    assert shorter <= longer


@given(SOUND, WORDS, SOUND, st.floats(0.51, 0.99))
def test_a_certainty_is_reached_when_it_is_said_to_be(
    p_audio: float | None, text: str | None, p_complete: float | None, certainty: float
) -> None:
    silence_ms = policy().silence_ms(known(p_audio, text, p_complete), certainty=certainty)
    reached = policy().probability(silence_ms, known(p_audio, text, p_complete))
    assert reached == pytest.approx(certainty) or silence_ms in (0.0, 2500.0)


@given(SOUND, st.one_of(st.none(), st.text()))
def test_no_turn_waits_for_ever(p_audio: float | None, text: str | None) -> None:
    assert 0 <= wait_ms(p_audio, text) <= 2500


def test_the_chat_model_s_view_of_the_words_outweighs_our_rules() -> None:
    half = "Could you explain to me"
    assert wait_ms(None, half, 0.04) > 1000 > wait_ms(None, half)
    assert wait_ms(None, "I like her very", 0.9) < wait_ms(None, "I like her very")


def test_of_one_word_the_chat_model_makes_nothing_unless_none_ends_so() -> None:
    assert wait_ms(None, "Stop.", 0.25) == wait_ms(None, "Stop.")
    assert wait_ms(None, "Please explain.", 0.03) > 1.5 * wait_ms(None, "Stop.", 0.25)
    assert wait_ms(None, "What time?", 0.0005) > 1500


def test_a_question_of_which_the_chat_model_is_not_sure_is_answered_soon_all_the_same() -> None:
    assert wait_ms(None, "Why do people like music?", 0.5) == 0
    assert wait_ms(None, "Why do people like music?", 0.3) < 200
    assert wait_ms(None, "How long does it take?", 0.001) > 1000
    assert wait_ms(None, "Could you tell my friend?", 0.1) > 700


def test_what_is_told_is_given_time_to_lead_up_to_a_question() -> None:
    told = "I saw an old friend yesterday."
    assert 800 < wait_ms(0.9, told, 0.9) < 850
    assert wait_ms(0.9, told) == wait_ms(0.9, told, 0.9)
    assert wait_ms(0.9, told + " What do I ask her?", 0.9) == 0


def test_who_was_asked_tells_an_answer_and_leads_up_to_nothing() -> None:
    answering = policy()
    answering.turn_begins(asked=True)
    assert answering.silence_ms(known(0.9, "I like blue.", 0.9)) == 0
    answering.turn_begins(asked=False)
    assert answering.silence_ms(known(0.9, "I like blue.", 0.9)) > 800


def test_a_clause_that_leads_up_to_a_main_one_outlasts_a_second_even_if_the_chat_model_is_content() -> None:
    assert wait_ms(None, "When my grandmother was young.", 0.4) > 1200


def test_while_somebody_speaks_only_words_that_are_likely_all_count_as_such() -> None:
    assert policy().all_said(known(None, "What is the capital of Italy?", 0.99)) > 0.9
    assert policy().all_said(known(None, "What do I need to bake an apple?", 0.12)) < 0.5
    assert policy().all_said(known(None, "Hang on.", 0.42)) < 0.5
    assert policy().all_said(known(None, "I saw an old friend yesterday.", 0.9)) < 0.6
    assert policy().all_said(known(None, "What is the capital of Italy?", None)) > 0.5


def test_german_verbs_that_end_on_a_preposition_are_answered_as_soon_as_english_ones() -> None:
    english = policy().silence_ms(Evidence(0.9, "Turn the light on.", None, "en"))
    for text in ("Mach das Licht an.", "Schalte den Fernseher an.", "Es ist was."):
        assert policy().silence_ms(Evidence(0.9, text, None, "de")) == english
    assert policy().silence_ms(Evidence(0.9, "Erinnere mich an.", None, "de")) > 4 * english


@pytest.mark.parametrize("text", ["Выключи свет и", "Doe het licht an the", "What is the"])
@pytest.mark.parametrize("language", ["ru", "nl", None])
@given(p_audio=SOUND, p_complete=SOUND)
def test_where_no_rule_knows_the_language_none_speaks(
    text: str, language: str | None, p_audio: float | None, p_complete: float | None
) -> None:
    by_sound = policy().silence_ms(Evidence(p_audio))
    evidence = Evidence(p_audio, text, p_complete, language)
    if p_complete is None:
        assert policy().silence_ms(evidence) == by_sound
    else:
        plain = Evidence(p_audio, "Thirteen green bottles", p_complete, "en")
        assert policy().silence_ms(evidence) == policy().silence_ms(plain)


def test_signs_without_blanks_between_them_are_counted_for_the_chat_model() -> None:
    sure = policy().silence_ms(Evidence(None, "今天天气怎么样", 0.99, "zh"))
    assert sure < policy().silence_ms(Evidence(None, "今天天气怎么样", None, "zh"))
    assert policy().silence_ms(Evidence(None, "停", 0.25, "zh")) == policy().silence_ms(
        Evidence(None, "停", None, "zh")
    )
