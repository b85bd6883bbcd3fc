import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.text.turn_end import looks_asked, looks_told, looks_unfinished
from edge_audio.text.words import normalised


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
        "My number is five five five",
        "It is 0 1 7 2",
        "My name is spelled S, M, Y.",
        "We need eggs, butter, milk.",
        "What is, um?",
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
        "We talked about school, what do I ask her?",
        "Wake me at 7.",
        "Do cats, I mean dogs, like water.",
        "They cost a dollar each.",
        "",
        "...42 is the answer",
        "I like to read before I go to bed.",
        "We need eggs, butter and milk.",
        "It starts at seven.",
        "I have two or three.",
        "Yes, please.",
    ],
)
def test_whole_sentences_are_finished(text: str) -> None:
    assert not looks_unfinished(text)


@pytest.mark.parametrize("text", ["What time is it?", "Can you tell me how many days are in a week?"])
def test_questions_are_asked(text: str) -> None:
    assert looks_asked(text)


@pytest.mark.parametrize("text", ["Really?", "Tell me a story.", "What time is it", "", "???"])
def test_what_is_no_whole_question_is_not(text: str) -> None:
    assert not looks_asked(text)


def test_punctuation_and_case_make_no_other_words() -> None:
    assert normalised(" What's up,  DOC?") == normalised("what\u2019s up doc...") == "what's up doc"
    assert normalised("Room 12b") == "room 12b"


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(looks_unfinished(text), bool)
    assert isinstance(looks_asked(text), bool)
    assert normalised(normalised(text)) == normalised(text)


@pytest.mark.parametrize(
    "text",
    [
        "I saw an old friend yesterday.",
        "My number is 555.",
        "Hello. We have two cats.",
        "So there was a dog",
        "I want to buy a present for my sister.",
        "Because of the rain we stayed at home.",
    ],
)
def test_what_is_told_leads_up_to_something(text: str) -> None:
    assert looks_told(text)


@pytest.mark.parametrize(
    "text",
    [
        "I saw an old friend. What do I ask her?",
        "I would like a story.",
        "Well, I want you to stop.",
        "Tell me about my garden.",
        "Thank you, that is enough.",
        "Is that what I said",
        "Iris is a flower.",
        "",
    ],
)
def test_what_asks_for_something_is_not_told(text: str) -> None:
    assert not looks_told(text)
