from hypothesis import given
from hypothesis import strategies as st

from edge_audio.dialogue.spoken import SpokenText

TEXT = "Hello there. How are you?"


def spoken() -> SpokenText:
    it = SpokenText()
    it.append(1200, 0, 12)
    it.append(1200, 13, 25)
    return it


def test_nothing_played_is_nothing_heard() -> None:
    assert spoken().heard(TEXT, 0) == ""
    assert spoken().heard(TEXT, -50) == ""
    assert SpokenText().heard(TEXT, 100) == ""


def test_all_played_is_all_heard() -> None:
    assert spoken().heard(TEXT, 2400) == TEXT


def test_a_word_counts_only_when_all_of_it_was_played() -> None:
    assert spoken().heard(TEXT, 499) == ""
    assert spoken().heard(TEXT, 500) == "Hello"
    assert spoken().heard(TEXT, 1199) == "Hello"
    assert spoken().heard(TEXT, 1200) == "Hello there."
    assert spoken().heard(TEXT, 1300) == "Hello there."
    assert spoken().heard(TEXT, 1501) == "Hello there. How"


def test_text_that_was_never_spoken_was_not_heard() -> None:
    it = SpokenText()
    it.append(100, 13, 25)
    assert it.heard(TEXT, 0) == ""


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(1, 20)), min_size=1, max_size=6), st.data())
def test_what_was_heard_grows_with_what_was_played(
    pieces: list[tuple[int, int]], data: st.DataObject
) -> None:
    it, text = SpokenText(), ""
    for samples, letters in pieces:
        it.append(samples, len(text), len(text) + letters)
        text += "a" * letters + " "
    first = data.draw(st.integers(0, it.samples))
    second = data.draw(st.integers(first, it.samples))
    assert it.heard(text, second).startswith(it.heard(text, first))
    assert text.startswith(it.heard(text, second))
    assert it.heard(text, it.samples) == text.rstrip()


def test_the_word_that_was_being_said_is_known_by_its_first_sample() -> None:
    it = spoken()
    assert it.word_start(TEXT, 0) == 0
    assert it.word_start(TEXT, 300) == 0
    assert it.word_start(TEXT, 550) == 550  # between two words
    assert it.word_start(TEXT, 900) == 600
    assert it.word_start(TEXT, 1450) == 1200
    assert it.word_start(TEXT, 1800) == 1600
    assert it.word_start(TEXT, 9999) == 9999


def test_a_word_in_several_pieces_begins_in_the_first() -> None:
    it = SpokenText()
    it.append(100, 0, 2)
    it.append(100, 2, 5)
    assert it.word_start("Hello", 150) == 0


def test_where_no_blanks_separate_words_each_sign_counts() -> None:
    it = SpokenText()
    it.append(900, 0, 9)
    assert it.heard("你好，今天天气好。", 199) == "你"
    assert it.heard("你好，今天天气好。", 299) == "你"
    assert it.heard("你好，今天天气好。", 300) == "你好，"
    assert it.heard("你好，今天天气好。", 550) == "你好，今天"
    assert it.word_start("你好，今天天气好。", 550) == 500
