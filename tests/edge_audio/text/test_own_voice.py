import pytest

from edge_audio.text.own_voice import is_own_voice

SAID = "Once there was a little cat who lived by a lake."


@pytest.mark.parametrize("text", ["There was a little cat.", "there was a middle cat who", "lived by a lake"])
def test_an_echo_is_the_reply_s_own_voice(text: str) -> None:
    assert is_own_voice(text, SAID)


@pytest.mark.parametrize(
    "text", ["Stop.", "cat", "What was the cat's name?", "Was there a dog by the lake?", ""]
)
def test_words_about_the_reply_are_not(text: str) -> None:
    assert not is_own_voice(text, SAID)


def test_one_word_of_the_reply_may_become_an_echo_as_long_as_more_may_come() -> None:
    assert is_own_voice("Cat", SAID, partial=True)
    assert not is_own_voice("Stop", SAID, partial=True)


CHINESE = "从前有一只小猫，它住在湖边，每天晚上数星星。"


@pytest.mark.parametrize("text", ["从前有一只小猫", "它住在湖边。", "每天晚上数猩星"])
def test_an_echo_is_known_where_no_blanks_separate_words(text: str) -> None:
    assert is_own_voice(text, CHINESE)


@pytest.mark.parametrize("text", ["停。", "请停一下。", "小猫", "小猫叫什么名字？", "湖边有狗吗？"])
def test_a_word_or_two_of_the_reply_are_no_echo_there(text: str) -> None:
    assert not is_own_voice(text, CHINESE)


def test_a_sign_or_two_of_the_reply_may_become_an_echo() -> None:
    assert is_own_voice("小猫", CHINESE, partial=True)
    assert not is_own_voice("猫小", CHINESE, partial=True)
    assert not is_own_voice("停", CHINESE, partial=True)
