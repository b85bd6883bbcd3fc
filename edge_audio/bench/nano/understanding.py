"""How well made speech is understood, and how long it lasts, against the speech that it is to be like."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from edge_audio.bench.nano.figure import Bar, Figure
from edge_audio.bench.nano.hearing import Heard, error_rate
from edge_audio.bench.nano.part import ALL_VOICES, Part
from edge_audio.bench.nano.speech_length import speech_s

POINTS_ABOVE = {Part.RESYNTHESIS: 8.0, Part.SPEECH: 15.0}
"""By how many points of per cent the word error rate may be above that of the original speech."""

MOST_DURATION_ERROR = 10.0
"""In per cent, of all that a voice said together."""


def word_error_figures(
    part: Part, original: Sequence[Heard], made: Sequence[Heard], *, judged: bool = True
) -> list[Figure]:
    """Return the word error rate of what was `made` of the same sentences, by voice and recognizer.

    Without `judged` it has no bar.
    """
    return [
        _word_errors(part, voice, ear, first, then, judged)
        for ear in (made[0].texts if made else ())
        for voice, first, then in _by_voice(original, made)
    ]


def _word_errors(
    part: Part, voice: str, ear: str, original: Sequence[Heard], made: Sequence[Heard], judged: bool
) -> Figure:
    before, after = error_rate(original, ear), error_rate(made, ear)
    bar = None if before is None or not judged else Bar(round(before + POINTS_ABOVE[part], 1))
    note = f"original {before:.1f} %" if before is not None else "no words"
    value = None if after is None else round(after, 1)
    return Figure(part, f"word errors ({ear})", voice, value, "%", bar, note)


def duration_figures(part: Part, original: Sequence[Heard], made: Sequence[Heard]) -> list[Figure]:
    """Return how far the voices' durations are off: of all they said, and of single sentences on average."""
    figures = []
    for voice, first, then in _by_voice(original, made):
        lengths_s = np.array([[speech_s(each.pcm) for each in heard] for heard in (first, then)])
        was_s, is_s = lengths_s.sum(axis=1).tolist()
        if not was_s:
            continue
        share = is_s / was_s
        note = f"{share:.3f} of the original"
        error = 100 * abs(share - 1)
        figures.append(
            Figure(part, "duration error", voice, round(error, 1), "%", Bar(MOST_DURATION_ERROR), note)
        )
        audible = lengths_s[:, lengths_s[0] > 0]
        of_each = 100 * float(np.mean(np.abs(audible[1] / audible[0] - 1)))
        figures.append(Figure(part, "duration error, each", voice, round(of_each, 1), "%"))
    return figures


def rows_of(original: Sequence[Heard], made: Sequence[Heard]) -> list[dict[str, Any]]:
    """Return what was said and understood, sentence by sentence."""
    return [
        {
            "voice": then.sentence.voice,
            "text": then.sentence.text,
            "heard": then.texts,
            "heard_original": first.texts,
            "speech_s": speech_s(then.pcm),
            "original_speech_s": speech_s(first.pcm),
        }
        for first, then in zip(original, made, strict=True)
    ]


def _by_voice(
    original: Sequence[Heard], made: Sequence[Heard]
) -> Iterator[tuple[str, list[Heard], list[Heard]]]:
    """Yield what belongs to each voice, and then all of it if there are several."""

    def of(heard: Sequence[Heard], belongs: Callable[[str], bool]) -> list[Heard]:
        return [each for each in heard if belongs(each.sentence.voice)]

    voices = list(dict.fromkeys(each.sentence.voice for each in made))
    for voice in voices:
        yield voice, of(original, voice.__eq__), of(made, voice.__eq__)
    if len(voices) > 1:
        yield ALL_VOICES, list(original), list(made)
