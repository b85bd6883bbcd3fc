"""Markup and emoji go, words stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.text.speakable import speakable


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Hello, world!", "Hello, world!"),
        ("**Bold**, *it*, __b__, _i_, `code`, ~~no~~.", "Bold, it, b, i, code, no."),
        ("# Title", "Title"),
        ("### Title #1", "Title #1"),
        ("- one\n* two\n• three\n  + four", "one two three four"),
        ("> quoted", "quoted"),
        ("1. First", "1. First"),
        ("see [the page](https://a.example/x) now", "see the page now"),
        ("![a cat](cat.png)", "a cat"),
        ("[spy](/spˈaɪ/)", "spy"),
        ("https://www.example.org/a", "example.org/a"),
        ("a <b>bold</b> <br/>word", "a bold word"),
        ("2 < 3 and 4 > 1", "2 < 3 and 4 > 1"),
        ("2 * 3 is 2*3", "2 times 3 is 2 times 3"),
        ("snake_case_name", "snake case name"),
        ("Great 😀👍🏽 job ❤️!", "Great job!"),
        ("Hi :) there ;-)", "Hi there"),
        ("at 9:30 (early)", "at 9:30 (early)"),
        ("20 °C & 5 % © $3", "20 °C & 5 % © $3"),
        ("naïve café, e\u0301te\u0301", "naïve café, e\u0301te\u0301"),
        ("what ? yes , well", "what? yes, well"),
        ("a\x00b\u200bc\u2028d", "a b c d"),
        ("你好 Привет", "你好 Привет"),
    ],
)
def test_what_is_said(written: str, said: str) -> None:
    assert speakable(written, "en") == said


@pytest.mark.parametrize(
    "written", ["", "...", "…", "😀", "- * #", "**", "?!", "—", "\n", "(\u200b)", ":)", "---"]
)
def test_where_there_is_no_word_nothing_is_said(written: str) -> None:
    assert speakable(written, "en") == ""


@given(st.text())
def test_it_is_one_line_without_marks_that_have_no_sound(written: str) -> None:
    said = speakable(written, "en")
    assert said == " ".join(said.split())
    assert not set(said) & set("\n\r\t`\u200b😀")


@given(st.lists(st.text("abcxyz", min_size=1)).map(" ".join))
def test_plain_words_are_said_as_they_are(words: str) -> None:
    assert speakable(words, "en") == words
