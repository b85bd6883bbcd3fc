import itertools

from hypothesis import given
from hypothesis import strategies as st

from edge_audio.dialogue.context import UNKNOWN, Context
from edge_audio.llm.chat_model import Message


def test_turns_stand_in_order_behind_the_system_prompt() -> None:
    context = Context("Be kind.", 1000)
    context.user_said("Hello.")
    context.assistant_said("Hi there.")
    assert context.messages() == (
        Message("system", "Be kind."),
        Message("user", "Hello."),
        Message("assistant", "Hi there."),
    )


def test_it_knows_whether_the_user_was_asked_something() -> None:
    context = Context("", 1000)
    assert not context.asks
    context.user_said("What is it?")
    assert not context.asks
    context.assistant_said("It is blue. Do you like it?")
    assert context.asks
    context.user_said("I do.")
    context.assistant_said("Good.")
    assert not context.asks


def test_turns_without_an_answer_between_them_are_one_message() -> None:
    context = Context("", 1000)
    context.user_said("What is")
    context.assistant_said("  ")
    context.user_said("the time?")
    assert context.messages() == (Message("user", "What is the time?"),)


def test_taking_back_removes_the_latest_turn_only_if_it_was_not_answered() -> None:
    context = Context("", 1000)
    context.user_said("One.")
    context.user_said("Two.")
    assert context.take_back()
    assert context.messages() == (Message("user", "One."),)
    context.assistant_said("Yes?")
    assert not context.take_back()
    assert [m.text for m in context.messages()] == ["One.", "Yes?"]


def test_over_budget_the_older_half_goes_at_once_and_the_system_prompt_stays() -> None:
    context = Context("Be kind.", 200)
    changed = 0
    before: tuple[Message, ...] = context.messages()
    for number in range(60):
        context.user_said(f"Question number {number}, with some words.")
        context.assistant_said(f"Answer number {number}, with some words.")
        after = context.messages()
        changed += after[: len(before)] != before
        before = after
    assert before[0] == Message("system", "Be kind.")
    assert before[1].role == "user"
    assert before[-1].text.startswith("Answer number 59")
    assert changed < 60 / 4  # the prefix stays cached most of the time


@given(st.lists(st.tuples(st.booleans(), st.text(max_size=300)), max_size=60), st.integers(64, 400))
def test_the_history_stays_within_its_budget_and_alternates(
    said: list[tuple[bool, str]], budget: int
) -> None:
    context = Context("s", budget)
    for by_user, text in said:
        if by_user:
            context.user_said(text)
        else:
            context.assistant_said(text)
        messages = context.messages()[1:]
        latest = 2 * (300 // 4 + 4)  # one exchange may come on top before the next turn condenses
        assert sum(len(m.text) // 4 + 4 for m in messages) <= budget + latest + 80
        assert not any(a.role == b.role == "user" for a, b in itertools.pairwise(messages))


def test_words_that_are_known_later_take_their_place() -> None:
    context = Context("", 1000)
    first, second = context.user_said(None), context.user_said(None)
    assert context.messages() == (Message("user", f"{UNKNOWN} {UNKNOWN}"),)
    context.transcribed(second, "Two.")
    context.transcribed(first, "One.")
    assert context.messages() == (Message("user", "One. Two."),)


def test_words_of_a_turn_that_was_taken_back_are_forgotten() -> None:
    context = Context("", 1000)
    said = context.user_said(None)
    context.take_back()
    context.user_said(None)
    context.transcribed(said, "One.")
    assert context.messages() == (Message("user", UNKNOWN),)


def test_turns_in_a_script_without_blanks_are_joined_without_one() -> None:
    context = Context("", 1000)
    context.user_said("现在")
    context.user_said("几点？")
    assert context.messages() == (Message("user", "现在几点？"),)


def test_a_question_is_one_in_any_script() -> None:
    context = Context("", 1000)
    context.assistant_said("何をお探しですか。")
    assert context.asks
    context.assistant_said("你还好吗？")
    assert context.asks
