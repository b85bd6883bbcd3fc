"""When a pause is the end of a turn: sound, silence and words in one probability.

The odds that the turn is over are those that the words give, times what the end-of-turn model adds to them,
times what the silence adds. Pauses inside a turn are taken to end at random, after `pause_ms` on average, so
that one which has lasted `s` is e^(s / pause_ms) times likelier to be the end. The turn is over once its
probability reaches `certainty`.
"""

import math
from dataclasses import dataclass, replace

from edge_audio.text.turn_end import looks_asked, looks_told, looks_unfinished
from edge_audio.text.words import word_count

_ASKED = 1.7
"""Log odds that no more is to come, where the words ask."""

_COMPLETE = 1.3
"""The same where they read complete."""

_UNKNOWN = 0.5
"""The same where there are none, or no rule knows their language."""

_UNFINISHED = -1.6
"""The same where they read unfinished."""

_SOUNDS_ENDED = 0.3
"""What the end-of-turn model adds where there are words and it hears the end. On our recordings of synthetic
voices it was no help (AUC 0.42 to 0.50), so that words and silence decide; people's voices say more."""

_SOUNDS_OPEN = -0.5
"""What it adds where it doesn't hear the end."""

_SOUND_ALONE = 1.8
"""How much more it counts where neither words nor the chat model say anything."""

_AT_A_PAUSE = 1.2
"""What a pause adds to a chat model's view of the words, which is about words without any."""

_LEAST_JUDGED = -2.2
"""As far down as the chat model's view goes: it has not heard how the words were said."""

_MOST_JUDGED = 2.4
"""As far up as it goes."""

_LIKELY_COMPLETE = 0.3
"""The chat model's probability from which words read as a whole sentence: 95 % of those that are one have
more."""

_READS_ASKED = 1.4
"""What words add to the chat model's view that make a whole question by our rules."""

_READS_OPEN = -2.0
"""What words add to it that read unfinished by our rules."""

_HARDLY_ASKED = 0.25
"""Below this probability a question's mark counts by as much less: recognizers often put one after half a
question."""

_WORDS_TO_JUDGE = 3
"""Of fewer words the chat model makes little: "Stop" and "Yes" are rare in books."""

_FEW_WORDS = 2.5
"""What is added to its view of those; they never count for more than by our rules."""

_NEVER_COMPLETE = 0.01
"""Yet where it finds the end as unlikely as this there is none: of 45 turns of one or two words and such
beginnings of longer ones, "What time" has less than 0.001, "No" 0.05 and "Stop" 0.25."""

_TOLD = 0.12
"""The most that words count for which tell something and ask for nothing: with the usual certainty and pause
the answer then waits for 0.83 s, as mostly a question follows."""

_LONGEST_MS = 2500
"""Nobody waits longer for an answer, whatever was said."""

_PRIOR_PAUSES = 5
"""For how many pauses of the speaker the configured length stands, until theirs are known."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a turn that may be over, but for how long it has been silent since."""

    p_audio: float | None = None
    """The end-of-turn model's probability that it is over; None while it hasn't answered."""
    text: str | None = None
    """Its words so far; None where no recognizer finds them."""
    p_complete: float | None = None
    """The chat model's probability that the turn ends with these words; None where it hasn't answered."""
    language: str | None = None
    """ISO 639-1 code of the words' language; None if unknown."""


def _judged(evidence: Evidence, text: str, p_complete: float) -> float:
    """Return the log odds that a chat model's view of the words gives, with what our rules say of them."""
    p_complete = min(max(p_complete, 1e-4), 1 - 1e-4)
    odds = math.log(p_complete / (1 - p_complete))
    if looks_asked(text, evidence.language):
        odds += _READS_ASKED * min(1.0, p_complete / _HARDLY_ASKED)
    if looks_unfinished(text, evidence.language):
        odds += _READS_OPEN
    return odds


def _by_rules(evidence: Evidence, text: str, heard: float) -> float:
    """Return the log odds that our rules give the words, with what the sound adds.

    The chat model's view of a few words may make them less, never more.
    """
    unfinished = looks_unfinished(text, evidence.language)
    if unfinished:
        return _UNFINISHED
    if unfinished is None and evidence.p_complete is None:
        return _UNKNOWN + _SOUND_ALONE * heard
    odds = _UNKNOWN
    if unfinished is not None:
        odds = _ASKED if looks_asked(text, evidence.language) else _COMPLETE
    if evidence.p_complete is not None:
        odds = min(odds, _FEW_WORDS + _AT_A_PAUSE + _judged(evidence, text, evidence.p_complete))
    return odds + heard


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


class _Pauses:
    """How long pauses of one kind are on average: as configured, until the speaker's own are known."""

    def __init__(self, usual_ms: float) -> None:
        self._usual_ms = usual_ms
        self._sum_ms = usual_ms * _PRIOR_PAUSES
        self._count = _PRIOR_PAUSES

    @property
    def mean_ms(self) -> float:
        """Their length, or the usual one if that is longer: any speech has many short ones."""
        return max(self._sum_ms / self._count, self._usual_ms)

    def add(self, pause_ms: float) -> None:
        self._sum_ms += min(pause_ms, _LONGEST_MS)
        self._count += 1


class EndOfTurnPolicy:
    """How sure one must be that a turn is over; see `edge_audio.config.EndOfTurn`."""

    def __init__(self, *, threshold: float, certainty: float, pause_ms: float) -> None:
        """Begin without knowing the speaker.

        `threshold` is the probability of the end-of-turn model from which a turn sounds complete; `certainty`
        that from which it counts as over, in (0.5, 1); `pause_ms` how long people pause on average.
        """
        self._threshold = threshold
        self._certainty = certainty
        self._in_mid_sentence = _Pauses(pause_ms)
        self._after_whole_ones = _Pauses(pause_ms)
        self._asked = False

    def turn_begins(self, *, asked: bool) -> None:
        """A turn begins. Where the user was `asked` something, what they tell is the answer."""
        self._asked = asked

    def went_on(self, pause_ms: float, evidence: Evidence) -> None:
        """Learn from a pause, after which the turn went on: slow speakers are given time.

        Speakers who pause long mid-sentence don't pause long after a complete one, so these count apart.
        """
        self._pauses(evidence).add(pause_ms)

    def probability(self, silence_ms: float, evidence: Evidence) -> float:
        """Return how likely it is that the turn is over after so much silence."""
        return _probability(self._log_odds(evidence) + silence_ms / self._pauses(evidence).mean_ms)

    def all_said(self, evidence: Evidence) -> float:
        """Return how likely it is that the words are all, heard from somebody who has not even paused."""
        text, p_complete = evidence.text, evidence.p_complete
        if text is None or p_complete is None:
            return self.probability(0.0, replace(evidence, p_audio=None))
        return _probability(self._no_more_than_told(evidence, _judged(evidence, text, p_complete)))

    def silence_ms(self, evidence: Evidence, *, certainty: float | None = None) -> float:
        """Return after how much silence the turn is over, or likely to be with another `certainty`."""
        goal = self._certainty if certainty is None else certainty
        needed = math.log(goal / (1 - goal)) - self._log_odds(evidence)
        return min(_LONGEST_MS, max(0.0, needed * self._pauses(evidence).mean_ms))

    def _pauses(self, evidence: Evidence) -> _Pauses:
        if evidence.p_complete is not None:
            reads_complete = evidence.p_complete >= _LIKELY_COMPLETE
        else:
            text = evidence.text
            reads_complete = text is not None and looks_unfinished(text, evidence.language) is False
        return self._after_whole_ones if reads_complete else self._in_mid_sentence

    def _log_odds(self, evidence: Evidence) -> float:
        heard = 0.0
        if evidence.p_audio is not None:
            heard = _SOUNDS_ENDED if evidence.p_audio >= self._threshold else _SOUNDS_OPEN
        text, p_complete = evidence.text, evidence.p_complete
        if text is None:
            return _UNKNOWN + _SOUND_ALONE * heard
        if p_complete is not None and (word_count(text) >= _WORDS_TO_JUDGE or p_complete < _NEVER_COMPLETE):
            judged = _AT_A_PAUSE + _judged(evidence, text, p_complete)
            odds = min(max(judged, _LEAST_JUDGED), _MOST_JUDGED) + heard
        else:
            odds = _by_rules(evidence, text, heard)
        return self._no_more_than_told(evidence, odds)

    def _no_more_than_told(self, evidence: Evidence, odds: float) -> float:
        told = evidence.text is not None and looks_told(evidence.text, evidence.language)
        return min(odds, _TOLD) if told and not self._asked else odds
