"""Words are counted alike with and without blanks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.text.words import (
    first_words,
    joined,
    last_words,
    normalised,
    pure_word_count,
    spoken_letters,
    word_count,
    word_spans,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("Well - yes, I do.", 5),
        ("今天天气怎么样？", 3),
        ("停。", 0),
        ("打开Wi-Fi和蓝牙", 3),
        ("สวัสดีครับ", 3),
        ("Привет, как дела?", 3),
        ("रुको ज़रा", 2),
        ("안녕하세요 여러분", 2),
    ],
)
def test_two_signs_make_a_word_where_there_are_no_blanks(text: str, words: int) -> None:
    assert word_count(text) == words


def test_pure_words_are_cut_at_hyphens_and_marks() -> None:
    assert pure_word_count("Well-known - isn't it?") == 4
    assert pure_word_count("你好，世界。") == 2


@given(st.text("abc .,!?'-\n", max_size=40))
def test_with_blanks_words_are_what_blanks_separate(text: str) -> None:
    assert word_count(text) == len(text.split())
    assert [text[start:end] for start, end in word_spans(text)] == text.split()


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("“你好，”他说。", ["“你", "好，”", "他", "说。"]),
        ("Wi-Fi和「蓝」", ["Wi-Fi", "和", "「蓝」"]),
        ("Yes, “I” do.", ["Yes,", "“I”", "do."]),
        ("コーヒー、お茶。", ["コ", "ー", "ヒ", "ー、", "お", "茶。"]),
        ("เก้าอี้", ["เก้", "า", "อี้"]),
        ("रुको।", ["रुको।"]),
    ],
)
def test_marks_belong_to_the_word_or_sign_that_they_stand_at(text: str, pieces: list[str]) -> None:
    assert [text[start:end] for start, end in word_spans(text)] == pieces


@given(st.text())
def test_spans_hold_all_but_white_space_in_order(text: str) -> None:
    end = 0
    for start, after in word_spans(text):
        assert not text[end:start].strip()
        assert start < after
        end = after
    assert not text[end:].strip()


def test_the_first_and_the_last_words_are_counted_from_either_end() -> None:
    text = "One two, three four."
    assert first_words(text, 2) == "One two,"
    assert last_words(text, 2) == "three four."
    assert last_words("他说今天天气很好。", 2) == "天气很好。"
    assert first_words("今天天气很好。", 1) == "今天"
    assert first_words(text, 9) == last_words(text, 9) == text
    assert first_words(text, 0) == last_words(text, 0) == ""


@given(st.text(), st.integers(0, 9))
def test_neither_is_more_than_there_is(text: str, count: int) -> None:
    assert text.startswith(first_words(text, count))
    assert text.endswith(last_words(text, count))
    assert word_count(first_words(text, count)) <= count + 1


def test_a_sign_takes_as_long_to_say_as_three_letters() -> None:
    assert spoken_letters("Hello, you.") == 11
    assert spoken_letters("你好，") == 7


@pytest.mark.parametrize(
    ("text", "more", "whole"),
    [
        ("Tell me", "a story.", "Tell me a story."),
        ("你好。", "你是谁？", "你好。你是谁？"),
        ("Wi-Fi", "关掉", "Wi-Fi关掉"),
        ("Привет.", "Как дела?", "Привет. Как дела?"),
        ("", "Yes.", "Yes."),
        ("Yes.", "", "Yes."),
    ],
)
def test_a_blank_joins_two_texts_where_their_script_has_one(text: str, more: str, whole: str) -> None:
    assert joined(text, more) == whole


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("你好，世界。", "你好世界"),
        ("What's up,  DOC?", "what\u2019s up doc..."),
        ("रुको!", "रुको"),
        ("Café", "CAFÉ"),
    ],
)
def test_two_transcripts_of_one_sound_are_equal(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


def test_vowel_signs_tell_words_apart() -> None:
    assert normalised("कि") != normalised("की")
    assert normalised("ทำ") != normalised("ทา")


@given(st.text())
def test_what_is_normalised_stays_so(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)
