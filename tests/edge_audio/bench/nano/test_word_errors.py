import pytest

from edge_audio.bench.nano.word_errors import word_error_rate, word_errors, words_of


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("one two three", "one two three", 0),
        ("one two three", "", 3),
        ("", "one two", 2),
        ("one two three", "one three", 1),
        ("one two three", "one and two three", 1),
        ("one two three", "one too three", 1),
        ("the cat sat on the mat", "a cat on the mat too", 3),
    ],
)
def test_words_left_out_put_in_and_replaced_count_once_each(said: str, heard: str, errors: int) -> None:
    assert word_errors(said, heard) == errors


def test_marks_case_and_how_numbers_are_grouped_make_no_difference() -> None:
    assert words_of("It's 1,200, isn't it? (Yes; it IS.)") == "its 1200 isnt it yes it is".split()
    assert words_of("well-known, at 7:30") == ["well", "known", "at", "7", "30"]


def test_the_rate_is_that_of_all_words_together() -> None:
    assert word_error_rate([("one", "two"), ("one two three", "one two three")]) == 25.0
    assert word_error_rate([("...", "two")]) is None
    assert word_error_rate([]) is None
