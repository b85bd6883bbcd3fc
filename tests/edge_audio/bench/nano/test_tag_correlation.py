import asyncio
import math
from collections.abc import Collection, Mapping

import numpy as np
import pytest

from edge_audio.bench.nano.part import Measured
from edge_audio.bench.nano.tag_correlation import correlation, measure_tags
from edge_audio.tts.tags import PACES, PITCHES
from edge_audio.tts.voice import Style
from tests.edge_audio.bench.nano.humming import TEXTS, Hummer, as_said, length_of, silent

CORPUS = {voice: [as_said(text, voice) for text in TEXTS] for voice in ("ann", "ben")}


EVERY_TAG = dict.fromkeys(CORPUS, frozenset(PACES | PITCHES))


def measured(voice: Hummer, tags: Mapping[str, Collection[str]] = EVERY_TAG) -> Measured:
    return asyncio.run(measure_tags(voice, CORPUS, tags, silent))


def values(found: Measured, ability: str) -> dict[str, float | None]:
    return {metric.voice: metric.value for metric in found.metrics if metric.name.startswith(ability)}


def test_correlation_is_pearson_s() -> None:
    first, second = [1.0, 2.0, 4.0, 7.0], [2.0, 1.0, 5.0, 6.0]
    assert correlation(first, second) == pytest.approx(np.corrcoef(first, second)[0, 1])
    assert correlation(first, [-2 * value for value in first]) == pytest.approx(-1.0)


def test_what_never_changes_goes_with_nothing() -> None:
    assert correlation([1.0, 2.0], [3.0, 3.0]) == 0.0
    assert correlation([], []) is None


def test_a_voice_that_does_what_its_tags_say_reaches_the_bars() -> None:
    found = measured(Hummer())
    for ability in ("speed", "pitch"):
        assert values(found, ability) == pytest.approx(dict.fromkeys(("ann", "ben", "all"), 1.0), abs=0.01)
    assert all(metric.passed for metric in found.metrics)
    assert "very slow 0.6" in found.metrics[0].note
    assert "high 1.19" in found.metrics[-1].note


def test_each_sentence_is_said_in_every_manner() -> None:
    voice = Hummer()
    measured(voice)
    styles = {(style.speed, style.pitch) for text, style in voice.said if text == TEXTS[0]}
    assert styles == {(1.0, 1.0), *((p, 1.0) for p in PACES.values()), *((1.0, p) for p in PITCHES.values())}
    assert len(voice.said) == 2 * len(TEXTS) * (1 + len(PACES) + len(PITCHES))


def test_a_voice_that_does_not_care_for_tags_misses_them() -> None:
    found = measured(Hummer(lambda text, style: length_of(text), lambda style: 120.0))
    for metric in found.metrics:
        assert metric.value == pytest.approx(0.0, abs=0.3)
        assert metric.passed is False


def test_a_voice_that_does_the_contrary_has_a_negative_correlation() -> None:
    slower_when_fast = Hummer(lambda text, style: length_of(text) * style.speed)
    assert values(measured(slower_when_fast), "speed")["all"] == pytest.approx(-1.0, abs=0.01)


def test_voices_are_told_apart() -> None:
    def f0_hz(style: Style) -> float:
        return 120.0 * (style.pitch if style.speaker == "ann" else 1.0)

    found = values(measured(Hummer(f0_hz=f0_hz)), "pitch")
    assert found["ann"] == pytest.approx(1.0, abs=0.01)
    assert found["ben"] == pytest.approx(0.0, abs=0.3)
    assert 0.3 < (found["all"] or math.nan) < 0.9


def test_a_voice_whose_speaker_has_no_such_tags_is_told_and_not_judged() -> None:
    def f0_hz(style: Style) -> float:
        return 120.0 * (style.pitch if style.speaker == "ann" else 1.0)

    found = measured(Hummer(f0_hz=f0_hz), {"ann": frozenset(PACES | PITCHES), "ben": frozenset(PACES)})
    pitch = {metric.voice: metric for metric in found.metrics if metric.name.startswith("pitch")}
    assert {name: metric.passed for name, metric in pitch.items()} == {"ann": True, "ben": None}
    assert pitch["ben"].verdict == ""
    assert pitch["ben"].value == pytest.approx(0.0, abs=0.3)
    assert values(found, "speed").keys() == {"ann", "ben", "all"}


def test_where_no_speaker_has_tags_every_voice_is_judged() -> None:
    found = measured(Hummer(), dict.fromkeys(CORPUS, ()))
    assert [metric.passed for metric in found.metrics] == [True] * 6


def test_tags_that_a_voice_has_not_are_not_measured() -> None:
    voice = Hummer(abilities=("speaker", "speed"))
    found = measured(voice)
    assert values(found, "pitch") == {"ann": None, "ben": None, "all": None}
    assert {style.pitch for _, style in voice.said} == {1.0}


def test_a_sentence_that_can_t_be_said_is_left_out() -> None:
    voice = Hummer(lambda text, style: 0.0 if style.speed == 0.6 else length_of(text) / style.speed)
    found = measured(voice)
    assert "very slow" not in found.metrics[0].note
    assert values(found, "speed")["all"] == pytest.approx(1.0, abs=0.01)
