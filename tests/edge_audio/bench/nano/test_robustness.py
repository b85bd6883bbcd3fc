import asyncio

import pytest

from edge_audio.bench.nano.part import Measured
from edge_audio.bench.nano.robustness import measure_robustness
from edge_audio.text.clauses import ClauseSplitter
from edge_audio.tts.clause_sound import longest_speech_s
from edge_audio.tts.voice import Style
from tests.edge_audio.bench.nano.humming import TEXTS, Hummer, as_said, length_of, silent

COUNT = 20
CORPUS = {voice: [as_said(text, voice) for text in TEXTS] for voice in ("ann", "ben")}


def measured(voice: Hummer) -> Measured:
    return asyncio.run(measure_robustness(voice, CORPUS, COUNT, silent))


def counts(found: Measured) -> dict[str, float | None]:
    return {metric.name: metric.value for metric in found.metrics}


def test_a_voice_at_its_own_pace_is_steady_at_all_lengths() -> None:
    voice = Hummer()
    found = measured(voice)
    assert counts(found) == {"runaways": 0, "cut off": 0, "at the limit": 0}
    assert all(metric.passed for metric in found.metrics)
    assert {style.speaker for _, style in voice.said} == {"ann", "ben"}
    assert len(found.rows) == COUNT


def test_long_sentences_are_spoken_clause_by_clause_as_say_does() -> None:
    voice = Hummer()
    row = max(measured(voice).rows, key=lambda row: len(row["text"]))
    splitter = ClauseSplitter("en")
    clauses = [clause.text for clause in (*splitter.push(row["text"]), *splitter.flush())]
    assert len(clauses) > 1
    said = [text for text, _ in voice.said]
    place = said.index(clauses[0])
    assert said[place : place + len(clauses)] == clauses


def test_each_sentence_that_runs_on_or_stops_early_counts() -> None:
    def length_s(text: str, style: Style) -> float:
        return length_of(text) * {"ann": 0.25, "ben": 2.6}[style.speaker or ""] + (style.speaker == "ben")

    found = measured(Hummer(length_s))
    assert counts(found)["runaways"] == counts(found)["cut off"] == COUNT / 2
    assert not any(metric.passed for metric in found.metrics[:2])
    assert {tuple(row["faults"]) for row in found.rows if row["voice"] == "ann"} == {("cut-off",)}


@pytest.mark.slow
def test_a_voice_that_has_to_be_stopped_counts() -> None:
    found = measured(Hummer(lambda text, style: longest_speech_s(text) - 0.3))
    assert counts(found)["at the limit"] == COUNT


def test_a_voice_that_says_nothing_is_cut_off() -> None:
    found = measured(Hummer(lambda text, style: 0.0))
    assert counts(found) == {"runaways": 0, "cut off": COUNT, "at the limit": 0}
