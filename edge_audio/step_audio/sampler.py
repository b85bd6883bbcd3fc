"""Draws the next id from the logits of a language model."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_audio.step_audio.tokens import LINGUISTIC_PER_GROUP, SEMANTIC_PER_GROUP, AudioTokens


@dataclass(frozen=True, slots=True)
class RepetitionRule:
    """Forbids the latest id if it was frequent lately; no other id is affected.

    The defaults are those of the Step-Audio release.
    """

    window: int = 10
    """How many of the latest ids count."""
    threshold: float = 0.1
    """Largest share of the window that one id may have."""

    def banned(self, ids: Sequence[int]) -> int | None:
        """Return the id that may not follow `ids`, which include the prompt; None if any id may."""
        if len(ids) < self.window:
            return None
        latest = ids[-self.window :]
        frequent = sum(number == latest[-1] for number in latest) / self.window > self.threshold
        return latest[-1] if frequent else None


@dataclass(frozen=True, slots=True)
class PhaseRule:
    """Makes two linguistic codes and three semantic ones take turns; the turn may end at any time.

    The release has no such rule: it relies on the model. Small models make mistakes now and then.
    """

    tokens: AudioTokens
    end_of_turn: int
    """The id of `<|EOT|>`."""

    def allowed(self, ids: Sequence[int]) -> range:
        """Return the audio tokens that may follow `ids`, whose latest run of audio tokens keeps the rule."""
        linguistic, semantic = self.tokens.linguistic_ids, self.tokens.semantic_ids
        if not ids or ids[-1] not in self.tokens.ids:
            return linguistic
        codebook, other, length = (
            (semantic, linguistic, SEMANTIC_PER_GROUP)
            if ids[-1] in semantic
            else (linguistic, semantic, LINGUISTIC_PER_GROUP)
        )
        latest = ids[-length:]
        full = len(latest) == length and all(number in codebook for number in latest)
        return other if full else codebook


class Sampling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How ids are drawn. The defaults are those of the release for speech."""

    temperature: float = 0.7
    """The lower, the more probable are likely ids; at 0 the likeliest id is taken."""
    top_k: int = 50
    """Ids are drawn from so many of the likeliest; 0 for no limit. The default is that of transformers."""
    top_p: float = 1.0
    """Ids are drawn from the likeliest ones that together are this probable, at least one; 1.0 for all."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values out of range."""
        if self.temperature < 0 or self.top_k < 0 or not 0 < self.top_p <= 1:
            raise ValueError(
                f"temperature and top_k can't be below 0, top_p is above 0 and at most 1: {self}."
            )


SPEECH = Sampling()
REPETITION = RepetitionRule()


class RandomSampler:
    """Draws ids as transformers' `generate` does: rules first, then temperature, top-k and top-p."""

    def __init__(
        self,
        generator: np.random.Generator,
        sampling: Sampling = SPEECH,
        repetition: RepetitionRule | None = REPETITION,
        phase: PhaseRule | None = None,
        columns: Sequence[int] | NDArray[np.int64] | None = None,
    ) -> None:
        """Draw with `generator`.

        `columns` are the ids of the logits; None for 0, 1, 2 and so on.
        """
        self._generator = generator
        self._sampling = sampling
        self._repetition = repetition
        self._phase = phase
        self._columns = None if columns is None else np.asarray(columns, dtype=np.int64)

    def __call__(self, logits: NDArray[np.float32], ids: Sequence[int]) -> int:
        """Return the id that follows `ids`, which include the prompt, given logits of shape (columns,).

        Raises `ValueError` if no id may follow, or if a logit is not a number.
        """
        candidates, probabilities = self.distribution(logits, ids)
        total = np.cumsum(probabilities)
        place = np.searchsorted(total[:-1], self._generator.random() * total[-1], side="right")
        return int(candidates[place])

    def distribution(
        self, logits: NDArray[np.float32], ids: Sequence[int]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the ids to draw from, and the probability of each.

        Raises `ValueError` as drawing does.
        """
        candidates, values = self._allowed(logits, ids)
        if self._sampling.temperature == 0:
            return candidates[[np.argmax(values)]], np.ones(1)
        count, top_k = len(values), self._sampling.top_k
        if 0 < top_k < count:
            likely = values >= np.partition(values, count - top_k)[count - top_k]
            candidates, values = candidates[likely], values[likely]
        probabilities = _softmax(values, self._sampling.temperature)
        if self._sampling.top_p < 1:
            order = np.argsort(-probabilities, kind="stable")
            sorted_down = probabilities[order]
            kept = order[np.cumsum(sorted_down) - sorted_down < self._sampling.top_p]
            candidates, probabilities = candidates[kept], probabilities[kept] / probabilities[kept].sum()
        return candidates, probabilities

    def _allowed(
        self, logits: NDArray[np.float32], ids: Sequence[int]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the ids that may follow, and their logits."""
        if not logits.max(initial=-np.inf) < np.inf:
            raise ValueError("A logit is not a number, or infinite.")
        numbers = np.arange(len(logits)) if self._columns is None else self._columns
        # Minus infinity must go before the partition, which is slow if many values are equal.
        allowed = logits > -np.inf
        if self._repetition is not None and (banned := self._repetition.banned(ids)) is not None:
            allowed &= numbers != banned
        if self._phase is not None:
            due = self._phase.allowed(ids)
            in_phase = (numbers >= due.start) & (numbers < due.stop)
            allowed &= in_phase | (numbers == self._phase.end_of_turn)
        if not allowed.any():
            raise ValueError("Nothing may follow: the rules and the logits forbid every id.")
        return numbers[allowed], logits[allowed]


def _softmax(values: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = np.exp((values.astype(np.float64) - values.max()) / temperature)
    probabilities: NDArray[np.float64] = weights / weights.sum()
    return probabilities
