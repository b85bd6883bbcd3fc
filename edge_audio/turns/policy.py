"""When a pause is the end of a turn: sound, silence and words in one probability.

The odds that the turn is over are those that the words give, times what the end-of-turn model adds to them,
times what the silence adds. Pauses inside a turn are taken to end at random, after `pause_ms` on average, so
that one which has lasted `s` is e^(s / pause_ms) times likelier to be the end. The turn is over once its
probability reaches `certainty`.
"""

import math

from edge_audio.text.turn_end import looks_asked, looks_told, looks_unfinished

_ASKED, _COMPLETE, _UNKNOWN, _UNFINISHED = 1.7, 1.3, 0.5, -1.6
"""Log odds that no more is to come, where the words ask, read complete, are unknown, read unfinished."""

_SOUNDS_ENDED, _SOUNDS_OPEN = 0.3, -0.5
"""What the end-of-turn model's answer adds, where there are words. On our recordings of synthetic voices it
told nothing (AUC 0.42 to 0.50), so that words and silence decide; people's voices say more."""

_SOUND_ALONE = 1.8
"""How much more it counts where there are no words."""

_AT_A_PAUSE = 1.2
"""What a pause adds to a chat model's view of the words, which is about words without any."""

_LEAST_JUDGED, _MOST_JUDGED = -2.2, 2.4
"""As far as the chat model's view goes: it has not heard how the words were said."""

_LIKELY_WHOLE = 0.3
"""The chat model's view from which words read as a whole sentence: 95 % of those that are one have more."""

_READS_ASKED, _READS_OPEN = 1.4, -2.0
"""What words add to the chat model's view that make a whole question, or read unfinished, by our rules."""

_HARDLY_ASKED = 0.25
"""Below this view a question's mark counts by as much less: recognizers put one behind any half of one."""

_WORDS_TO_JUDGE = 3
"""Of fewer words the chat model makes little: "Stop" and "Yes" are rare in books."""

_FEW_WORDS = 2.5
"""What is added to its view of those; they never count for more than by our rules."""

_NEVER_WHOLE = 0.01
"""Yet where it finds the end as unlikely as this there is none: of 45 turns of one or two words and such
beginnings of longer ones, "What time" has less than 0.001, "No" 0.05 and "Stop" 0.25."""

_TOLD = 0.12
"""The most that words count for which tell something and ask for nothing: with the usual certainty and pause
the answer then waits for 0.83 s, as mostly a question follows."""

_LONGEST_MS = 2500
"""Nobody waits longer for an answer, whatever was said."""

_PRIOR_PAUSES = 5
"""For how many pauses of the speaker the configured length stands, until theirs are known."""


def _judged(text: str, whole: float) -> float:
    """Return the log odds that a chat model's view of the words gives, with what our rules say of them."""
    whole = min(max(whole, 1e-4), 1 - 1e-4)
    odds = math.log(whole / (1 - whole))
    if looks_asked(text):
        odds += _READS_ASKED * min(1.0, whole / _HARDLY_ASKED)
    if looks_unfinished(text):
        odds += _READS_OPEN
    return odds


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

    def went_on(self, pause_ms: float, text: str | None, whole: float | None = None) -> None:
        """Learn from a pause after `text`, after which the turn went on: slow speakers are given time.

        Who pauses long in the middle of a sentence doesn't do so behind a whole one, so these count apart.
        """
        self._pauses(text, whole).add(pause_ms)

    def probability(
        self, silence_ms: float, sound: float | None, text: str | None, whole: float | None = None
    ) -> float:
        """Return how likely it is that the turn is over after so much silence.

        `sound` is the end-of-turn model's answer, None while it hasn't given one; `text` is None where nobody
        tells the words; `whole` is how likely the chat model finds it that the turn ends with them.
        """
        pauses = silence_ms / self._pauses(text, whole).mean_ms
        return _probability(self._log_odds(sound, text, whole) + pauses)

    def all_said(self, text: str, whole: float | None) -> float:
        """Return how likely it is that `text` is all, heard from somebody who has not even paused."""
        if whole is None:
            return self.probability(0.0, None, text)
        return _probability(self._no_more_than_told(text, _judged(text, whole)))

    def silence_ms(
        self,
        sound: float | None,
        text: str | None,
        whole: float | None = None,
        *,
        certainty: float | None = None,
    ) -> float:
        """Return after how much silence the turn is over, or likely to be with another `certainty`."""
        goal = self._certainty if certainty is None else certainty
        needed = math.log(goal / (1 - goal)) - self._log_odds(sound, text, whole)
        return min(_LONGEST_MS, max(0.0, needed * self._pauses(text, whole).mean_ms))

    def _pauses(self, text: str | None, whole: float | None) -> "_Pauses":
        reads_whole = text is not None and not looks_unfinished(text)
        if whole is not None:
            reads_whole = whole >= _LIKELY_WHOLE
        return self._after_whole_ones if reads_whole else self._in_mid_sentence

    def _log_odds(self, sound: float | None, text: str | None, whole: float | None) -> float:
        heard = 0.0
        if sound is not None:
            heard = _SOUNDS_ENDED if sound >= self._threshold else _SOUNDS_OPEN
        if text is None:
            return _UNKNOWN + _SOUND_ALONE * heard
        if whole is not None and (len(text.split()) >= _WORDS_TO_JUDGE or whole < _NEVER_WHOLE):
            odds = min(max(_AT_A_PAUSE + _judged(text, whole), _LEAST_JUDGED), _MOST_JUDGED) + heard
        elif looks_unfinished(text):
            odds = _UNFINISHED
        else:
            odds = _ASKED if looks_asked(text) else _COMPLETE
            if whole is not None:
                odds = min(odds, _FEW_WORDS + _AT_A_PAUSE + _judged(text, whole))
            odds += heard
        return self._no_more_than_told(text, odds)

    def _no_more_than_told(self, text: str, odds: float) -> float:
        return min(odds, _TOLD) if looks_told(text) and not self._asked else odds
