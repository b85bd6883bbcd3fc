"""Word error rate: how many words a recognizer gets wrong, against those of the original speech."""

import re
from collections.abc import Iterable, Sequence

from edge_audio.bench.nano.metric import Bar, Metric
from edge_audio.bench.nano.part import Part
from edge_audio.bench.nano.transcription import Transcribed, by_voice

POINTS_ABOVE = {Part.RESYNTHESIS: 8.0, Part.SPEECH: 15.0}
"""By how many percentage points the word error rate may exceed that of the original speech."""

_GROUPED = re.compile(r"(?<=\d),(?=\d{3}\b)")
_APOSTROPHE = re.compile(r"['’]")
_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """Return the words of `text` in lower case, without punctuation: it's as its, 1,200 as 1200."""
    return _WORD.findall(_APOSTROPHE.sub("", _GROUPED.sub("", text.lower())))


def word_errors(reference: str, hypothesis: str) -> int:
    """Return how many insertions, deletions and substitutions turn `reference` into `hypothesis`."""
    expected, found = words_of(reference), words_of(hypothesis)
    costs = list(range(len(found) + 1))  # of the first n words of the hypothesis
    for place, word in enumerate(expected, 1):
        before, costs = costs, [place]
        for other, found_word in enumerate(found, 1):
            substituted = before[other - 1] + (word != found_word)
            costs.append(min(substituted, before[other] + 1, costs[-1] + 1))
    return costs[-1]


def word_error_rate(pairs: Iterable[tuple[str, str]]) -> float | None:
    """Return the word error rate of pairs (reference, hypothesis) in per cent; None without words."""
    errors = words = 0
    for reference, hypothesis in pairs:
        errors += word_errors(reference, hypothesis)
        words += len(words_of(reference))
    return 100 * errors / words if words else None


def word_error_metrics(
    part: Part, original: Sequence[Transcribed], made: Sequence[Transcribed], *, judged: bool = True
) -> list[Metric]:
    """Return the word error rates of `made`, the same sentences as `original`, by voice and recognizer.

    Without `judged` they have no bar.
    """
    return [
        _metric(part, voice, recognizer, first, then, judged)
        for recognizer in (made[0].texts if made else ())
        for voice, first, then in by_voice(original, made)
    ]


def _metric(
    part: Part,
    voice: str,
    recognizer: str,
    original: Sequence[Transcribed],
    made: Sequence[Transcribed],
    judged: bool,
) -> Metric:
    before, after = _rate(original, recognizer), _rate(made, recognizer)
    bar = None if before is None or not judged else Bar(round(before + POINTS_ABOVE[part], 1))
    note = f"original {before:.1f} %" if before is not None else "no words"
    value = None if after is None else round(after, 1)
    return Metric(part, f"word errors ({recognizer})", voice, value, "%", bar, note)


def _rate(transcribed: Iterable[Transcribed], recognizer: str) -> float | None:
    return word_error_rate((each.sentence.text, each.texts[recognizer]) for each in transcribed)
