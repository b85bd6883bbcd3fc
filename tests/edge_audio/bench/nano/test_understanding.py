import asyncio
import itertools
from collections.abc import Sequence

import pytest

from edge_audio.audio.frame import Samples
from edge_audio.bench.nano.corpus import Sentence
from edge_audio.bench.nano.figure import Figure
from edge_audio.bench.nano.hearing import Ear, Heard, hear_all
from edge_audio.bench.nano.part import Measured, Part
from edge_audio.bench.nano.speech import measure_speech
from edge_audio.bench.nano.understanding import word_error_figures
from edge_audio.tts.voice import Style
from tests.edge_audio.bench.nano.humming import HumEar, Hummer, as_said, length_of, silent

SHORT, MIDDLE, LONG = "One two.", "One two three four.", "One two three four five six seven."


def heard(text: str, understood: str, voice: str = "ann") -> Heard:
    return Heard(as_said(text, voice), as_said(text).pcm, {"stub": understood})


def original_of(sentences: Sequence[Sentence], ear: Ear) -> list[Heard]:
    async def as_it_is(sentence: Sentence) -> Samples:
        return sentence.pcm

    return asyncio.run(hear_all(sentences, as_it_is, [ear]))


def measured(voice: Hummer, sentences: Sequence[Sentence]) -> Measured:
    ear = HumEar(SHORT, MIDDLE, LONG)
    return asyncio.run(measure_speech(voice, original_of(sentences, ear), [ear], silent))


def only(figures: Sequence[Figure], name: str, voice: str) -> Figure:
    (found,) = [figure for figure in figures if figure.name.startswith(name) and figure.voice == voice]
    return found


@pytest.mark.parametrize(("part", "bar"), [(Part.RESYNTHESIS, 33.0), (Part.SPEECH, 40.0)])
def test_the_bar_lies_some_points_above_the_original_s_errors(part: Part, bar: float) -> None:
    original = [heard("one two three four", "one two three")]
    made = [heard("one two three four", "one two too")]
    (figure,) = word_error_figures(part, original, made)
    assert (figure.value, figure.passed) == (50.0, False)
    assert figure.bar is not None
    assert figure.bar.limit == bar
    (told,) = word_error_figures(part, original, made, judged=False)
    assert (told.value, told.bar) == (50.0, None)


def test_errors_are_told_of_each_voice_and_of_all_words_together() -> None:
    right = [heard("one two three", "one two three"), heard("one", "one", "ben")]
    wrong = [heard("one two three", "one two three"), heard("one", "two", "ben")]
    figures = word_error_figures(Part.SPEECH, right, wrong)
    assert {figure.voice: figure.value for figure in figures} == {"ann": 0.0, "ben": 100.0, "all": 25.0}


def test_a_voice_that_says_all_as_the_original_makes_no_error() -> None:
    voice = Hummer()
    found = measured(voice, [as_said(SHORT), as_said(LONG, "ben")])
    assert voice.said == [(SHORT, Style(speaker="ann")), (LONG, Style(speaker="ben"))]
    for name, voice_name in itertools.product(("word errors", "duration error, each"), ("ann", "all")):
        assert only(found.figures, name, voice_name).value == pytest.approx(0.0, abs=0.5)
    assert [row["heard"] for row in found.rows] == [{"stub": SHORT}, {"stub": LONG}]


def test_a_sentence_that_can_t_be_said_is_silence_and_all_its_words_are_errors() -> None:
    voice = Hummer(length_s=lambda text, style: 0.0 if text == SHORT else length_of(text))
    found = measured(voice, [as_said(SHORT), as_said(MIDDLE)])
    assert only(found.figures, "word errors", "ann").value == pytest.approx(100 * 2 / 6, abs=0.1)
    assert found.rows[0]["speech_s"] == 0.0


def test_durations_are_judged_together_and_told_of_single_sentences() -> None:
    lengths = {SHORT: 1.5, LONG: 0.9}
    voice = Hummer(length_s=lambda text, style: lengths[text] * length_of(text))
    found = measured(voice, [as_said(SHORT), as_said(LONG)])
    short_s, long_s = length_of(SHORT), length_of(LONG)
    share = (1.5 * short_s + 0.9 * long_s) / (short_s + long_s)
    together = [figure for figure in found.figures if figure.name == "duration error"]
    assert [figure.value for figure in together] == [pytest.approx(100 * abs(share - 1), abs=1.5)]
    assert together[0].passed is True
    of_one = only(found.figures, "duration error, each", "ann")
    assert of_one.value == pytest.approx(30.0, abs=2.5)
    assert of_one.bar is None


def test_a_voice_that_is_a_fifth_too_fast_misses_the_bar() -> None:
    found = measured(Hummer(length_s=lambda text, style: 0.8 * length_of(text)), [as_said(LONG)])
    together = [figure for figure in found.figures if figure.name == "duration error"]
    assert [figure.passed for figure in together] == [False]
