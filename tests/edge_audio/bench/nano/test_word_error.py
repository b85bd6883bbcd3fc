import pytest

from edge_audio.bench.nano.part import Part
from edge_audio.bench.nano.transcription import Transcribed
from edge_audio.bench.nano.word_error import word_error_metrics, word_error_rate, word_errors, words_of
from tests.edge_audio.bench.nano.humming import as_said


def transcribed(text: str, understood: str, voice: str = "ann") -> Transcribed:
    return Transcribed(as_said(text, voice), as_said(text).pcm, {"stub": understood})


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


@pytest.mark.parametrize(("part", "bar"), [(Part.RESYNTHESIS, 33.0), (Part.SPEECH, 40.0)])
def test_the_bar_lies_some_points_above_the_original_s_errors(part: Part, bar: float) -> None:
    original = [transcribed("one two three four", "one two three")]
    made = [transcribed("one two three four", "one two too")]
    (metric,) = word_error_metrics(part, original, made)
    assert (metric.value, metric.passed) == (50.0, False)
    assert metric.bar is not None
    assert metric.bar.limit == bar
    (told,) = word_error_metrics(part, original, made, judged=False)
    assert (told.value, told.bar) == (50.0, None)


def test_errors_are_told_of_each_voice_and_of_all_words_together() -> None:
    right = [transcribed("one two three", "one two three"), transcribed("one", "one", "ben")]
    wrong = [transcribed("one two three", "one two three"), transcribed("one", "two", "ben")]
    metrics = word_error_metrics(Part.SPEECH, right, wrong)
    assert {metric.voice: metric.value for metric in metrics} == {"ann": 0.0, "ben": 100.0, "all": 25.0}
