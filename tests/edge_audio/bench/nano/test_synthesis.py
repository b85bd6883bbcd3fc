import asyncio
import itertools
from collections.abc import Sequence

import pytest

from edge_audio.audio.frame import Samples
from edge_audio.bench.nano.corpus import Sentence
from edge_audio.bench.nano.metric import Metric
from edge_audio.bench.nano.part import Measured
from edge_audio.bench.nano.synthesis import measure_speech
from edge_audio.bench.nano.transcription import Transcribed, Transcriber, transcribe_all
from edge_audio.tts.voice import Style
from tests.edge_audio.bench.nano.humming import Hummer, HumTranscriber, as_said, length_of, silent

SHORT, MIDDLE, LONG = "One two.", "One two three four.", "One two three four five six seven."


def original_of(sentences: Sequence[Sentence], transcriber: Transcriber) -> list[Transcribed]:
    async def as_it_is(sentence: Sentence) -> Samples:
        return sentence.pcm

    return asyncio.run(transcribe_all(sentences, as_it_is, [transcriber]))


def measured(voice: Hummer, sentences: Sequence[Sentence]) -> Measured:
    transcriber = HumTranscriber(SHORT, MIDDLE, LONG)
    return asyncio.run(measure_speech(voice, original_of(sentences, transcriber), [transcriber], silent))


def only(metrics: Sequence[Metric], name: str, voice: str) -> Metric:
    (found,) = [metric for metric in metrics if metric.name.startswith(name) and metric.voice == voice]
    return found


def test_a_voice_that_says_all_as_the_original_makes_no_error() -> None:
    voice = Hummer()
    found = measured(voice, [as_said(SHORT), as_said(LONG, "ben")])
    assert voice.said == [(SHORT, Style(speaker="ann")), (LONG, Style(speaker="ben"))]
    for name, voice_name in itertools.product(("word errors", "duration error, each"), ("ann", "all")):
        assert only(found.metrics, name, voice_name).value == pytest.approx(0.0, abs=0.5)
    assert [row["heard"] for row in found.rows] == [{"stub": SHORT}, {"stub": LONG}]


def test_a_sentence_that_can_t_be_said_is_silence_and_all_its_words_are_errors() -> None:
    voice = Hummer(length_s=lambda text, style: 0.0 if text == SHORT else length_of(text))
    found = measured(voice, [as_said(SHORT), as_said(MIDDLE)])
    assert only(found.metrics, "word errors", "ann").value == pytest.approx(100 * 2 / 6, abs=0.1)
    assert found.rows[0]["speech_s"] == 0.0


def test_durations_are_judged_together_and_told_of_single_sentences() -> None:
    lengths = {SHORT: 1.5, LONG: 0.9}
    voice = Hummer(length_s=lambda text, style: lengths[text] * length_of(text))
    found = measured(voice, [as_said(SHORT), as_said(LONG)])
    short_s, long_s = length_of(SHORT), length_of(LONG)
    share = (1.5 * short_s + 0.9 * long_s) / (short_s + long_s)
    together = [metric for metric in found.metrics if metric.name == "duration error"]
    assert [metric.value for metric in together] == [pytest.approx(100 * abs(share - 1), abs=1.5)]
    assert together[0].passed is True
    of_one = only(found.metrics, "duration error, each", "ann")
    assert of_one.value == pytest.approx(30.0, abs=2.5)
    assert of_one.bar is None


def test_a_voice_that_is_a_fifth_too_fast_misses_the_bar() -> None:
    found = measured(Hummer(length_s=lambda text, style: 0.8 * length_of(text)), [as_said(LONG)])
    together = [metric for metric in found.metrics if metric.name == "duration error"]
    assert [metric.passed for metric in together] == [False]
