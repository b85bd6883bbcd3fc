"""Robustness: how often hard sentences run away or are cut off, spoken as by `edge-audio say`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.bench.nano.corpus import Sentence
from edge_audio.bench.nano.duration import Fault, Pace, speech_s
from edge_audio.bench.nano.hard_sentences import hard_sentences
from edge_audio.bench.nano.metric import Bar, Metric
from edge_audio.bench.nano.part import ALL_VOICES, Measured, Part, Track
from edge_audio.bench.nano.synthesis import clauses_of, synthesise
from edge_audio.tts.voice import Style, Voice

_NAMES = {Fault.RUNAWAY: "runaways", Fault.CUT_OFF: "cut off", Fault.LIMIT: "at the limit"}


async def measure_robustness(
    voice: Voice, corpus: Mapping[str, Sequence[Sentence]], count: int, track: Track
) -> Measured:
    """Synthesise `count` hard sentences, by the speakers of `corpus` in turn, and judge their durations.

    The expected duration is fitted to how long each speaker takes for the sentences of the corpus.
    """
    speakers = list(corpus)
    paces = {name: Pace.of((each.text, speech_s(each.pcm)) for each in corpus[name]) for name in speakers}
    texts = hard_sentences([each.text for sentences in corpus.values() for each in sentences], count)
    faults: Counter[Fault] = Counter()
    rows = []
    for number, text in enumerate(track("sentences of all lengths", texts)):
        speaker = speakers[number % len(speakers)]
        row = await _measure(voice, speaker, text, paces[speaker])
        faults.update(row["faults"])
        rows.append(row)
    metrics = [
        Metric(Part.STEADINESS, name, ALL_VOICES, faults[fault], "", Bar(0), f"sentences: {count}")
        for fault, name in _NAMES.items()
    ]
    return Measured(metrics, rows)


async def _measure(voice: Voice, speaker: str, text: str, pace: Pace) -> dict[str, Any]:
    clauses = clauses_of(text)
    sounds = [await synthesise(voice, clause, Style(speaker=speaker)) for clause in clauses]
    lasted_s = speech_s(np.concatenate(sounds))
    sounds_s = [(clause.text, len(pcm) / INPUT_RATE_HZ) for clause, pcm in zip(clauses, sounds, strict=True)]
    return {
        "voice": speaker,
        "text": text,
        "speech_s": lasted_s,
        "expected_s": round(pace.expected_s(text), 2),
        "faults": pace.faults(text, lasted_s, sounds_s),
    }
