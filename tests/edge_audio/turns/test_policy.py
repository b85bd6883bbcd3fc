import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.turns.policy import EndOfTurnPolicy, looks_unfinished

POLICY = EndOfTurnPolicy(threshold=0.5, complete_ms=400, unsure_ms=750, incomplete_ms=1500)


@pytest.mark.parametrize(
    "text",
    [
        "What is the...",
        "What is the",
        "I would like a",
        "What is the name of?",
        "Can you tell me?",
        "Please tell me",
        "Do you know?",
        "I would like to know.",
        "If I am hungry",
        "When I'm tired.",
        "Before I go to bed.",
        "Let me think. When it is hot.",
        "First of all,",
        "I went to the shop and",
        "Um",
        "I need it because",
        "Is it true that",
        "I was asking if you could",
    ],
)
def test_words_that_need_more_are_unfinished(text: str) -> None:
    assert looks_unfinished(text)


@pytest.mark.parametrize(
    "text",
    [
        "What is the capital of France?",
        "Can you tell me how many days are in a week?",
        "When I am tired, what should I do?",
        "When is the next train?",
        "If it rains, take an umbrella.",
        "Where are you from?",
        "What is it for?",
        "Stop.",
        "Thank you.",
        "Tell me a story about a dog.",
        "Do you know what time it is?",
        "Yes",
        "I like to cook for her.",
        "They cost a dollar each.",
        "",
        "...42 is the answer",
        "I like to read before I go to bed.",
    ],
)
def test_whole_sentences_are_finished(text: str) -> None:
    assert not looks_unfinished(text)


def test_what_sounds_and_reads_complete_ends_soonest_and_what_reads_unfinished_last() -> None:
    whole, open_ = "What time is it?", "What is the"
    assert POLICY.silence_ms(0.9, whole) == 400
    assert POLICY.silence_ms(0.1, whole) == 750
    assert POLICY.silence_ms(None, whole) == 750
    assert POLICY.silence_ms(0.9, open_) == 1500
    assert POLICY.silence_ms(0.1, open_) == 1500


@given(st.one_of(st.none(), st.floats(0, 1)), st.text())
def test_any_text_gives_one_of_the_silences(probability: float | None, text: str) -> None:
    assert POLICY.silence_ms(probability, text) in (400, 750, 1500)
