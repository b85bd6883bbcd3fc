"""Audio tokens: their ids, and how two linguistic and three semantic codes are interleaved."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ids = NDArray[np.int64]
"""Token ids, shape (n,)."""

Codes = NDArray[np.int64]
"""Codes of one codebook, or of both interleaved, counted from 0, shape (n,)."""

LINGUISTIC_PER_GROUP = 2
"""Linguistic codes of a group: 120 ms at 16.67 Hz."""

SEMANTIC_PER_GROUP = 3
"""Semantic codes of a group, which follow the linguistic ones: 120 ms at 25 Hz."""

GROUP = LINGUISTIC_PER_GROUP + SEMANTIC_PER_GROUP
"""Audio tokens of a group."""


_NUMBER = re.compile(r"[0-9]+")
_NAMES = re.compile(r"(?:<audio_[0-9]+>)+")


@dataclass(frozen=True, slots=True)
class AudioTokens:
    """The ids of a model's audio tokens: those of the linguistic codes, then those of the semantic codes.

    The defaults are those of the Step-Audio release.
    """

    first_id: int = 65536
    """The id of linguistic code 0, `<audio_0>`."""
    linguistic: int = 1024
    """How many linguistic codes there are."""
    semantic: int = 4096
    """How many semantic codes there are."""

    @property
    def count(self) -> int:
        """How many audio tokens there are."""
        return self.linguistic + self.semantic

    @property
    def first_semantic_id(self) -> int:
        """The id of semantic code 0."""
        return self.first_id + self.linguistic

    @property
    def linguistic_ids(self) -> range:
        """The ids of the linguistic codes."""
        return range(self.first_id, self.first_semantic_id)

    @property
    def semantic_ids(self) -> range:
        """The ids of the semantic codes."""
        return range(self.first_semantic_id, self.first_id + self.count)

    @property
    def ids(self) -> range:
        """All ids of audio tokens."""
        return range(self.first_id, self.first_id + self.count)

    def interleave(self, linguistic: ArrayLike, semantic: ArrayLike) -> Ids:
        """Return the ids of codes of both codebooks, in groups of two and three.

        An incomplete group is dropped, as in the release: up to 119 ms. Raises `ValueError` for a code that
        its codebook doesn't have.
        """
        first = _codes(linguistic, "linguistic", self.linguistic)
        then = _codes(semantic, "semantic", self.semantic)
        groups = min(len(first) // LINGUISTIC_PER_GROUP, len(then) // SEMANTIC_PER_GROUP)
        pairs = first[: groups * LINGUISTIC_PER_GROUP].reshape(groups, LINGUISTIC_PER_GROUP)
        triples = then[: groups * SEMANTIC_PER_GROUP].reshape(groups, SEMANTIC_PER_GROUP)
        together = np.concatenate([pairs + self.first_id, triples + self.first_semantic_id], axis=1)
        return together.reshape(-1)

    def separate(self, ids: ArrayLike) -> tuple[Ids, Ids]:
        """Return the linguistic and the semantic codes among `ids`, each in order.

        Inverse of `interleave`. Raises `ValueError` for an id that is no audio token's.
        """
        codes = self.codes(ids)
        semantic = codes >= self.linguistic
        return codes[~semantic], codes[semantic] - self.linguistic

    def codes(self, ids: ArrayLike) -> Ids:
        """Return the numbers of audio tokens, which count through both codebooks: N of each `<audio_N>`.

        The speech decoder takes these. Raises `ValueError` for an id that is no audio token's.
        """
        numbers: Ids = np.asarray(ids, dtype=np.int64).reshape(-1) - self.first_id
        if len(wrong := numbers[(numbers < 0) | (numbers >= self.count)]):
            raise ValueError(
                f"{wrong[0] + self.first_id} is no audio token: those are {self.ids[0]} to {self.ids[-1]}."
            )
        return numbers

    def text(self, ids: ArrayLike) -> str:
        """Return the names of audio tokens, such as `<audio_0><audio_1024>`.

        Raises `ValueError` for an id that is no audio token's.
        """
        return "".join(f"<audio_{number}>" for number in self.codes(ids))

    def parse(self, text: str) -> Ids:
        """Return the ids of the names in `text`; inverse of `text`.

        Raises `ValueError` if `text` is anything but one or more names of audio tokens, one after another.
        """
        if not _NAMES.fullmatch(text):
            raise ValueError(f"{text[:40]!r} is no sequence of <audio_N>.")
        ids: Ids = np.array([int(number) for number in _NUMBER.findall(text)], dtype=np.int64) + self.first_id
        self.codes(ids)
        return ids


RELEASED = AudioTokens()
"""The audio tokens of the Step-Audio release."""


class Interleaver:
    """Interleaves two streams of codes as `AudioTokens.interleave` does, whenever they arrive."""

    def __init__(self, tokens: AudioTokens = RELEASED) -> None:
        """Begin without codes."""
        self._tokens = tokens
        self._linguistic: list[int] = []
        self._semantic: list[int] = []

    def feed(self, linguistic: Iterable[int] = (), semantic: Iterable[int] = ()) -> Ids:
        """Take codes of either codebook, or both; return the ids of all groups that are complete now.

        Raises `ValueError` for a code that its codebook doesn't have, and takes none then.
        """
        first, then = [*self._linguistic, *linguistic], [*self._semantic, *semantic]
        ids = self._tokens.interleave(first, then)
        groups = len(ids) // GROUP
        self._linguistic = first[groups * LINGUISTIC_PER_GROUP :]
        self._semantic = then[groups * SEMANTIC_PER_GROUP :]
        return ids


def _codes(codes: ArrayLike, codebook: str, size: int) -> Ids:
    array: Ids = np.asarray(codes, dtype=np.int64).reshape(-1)
    if len(wrong := array[(array < 0) | (array >= size)]):
        raise ValueError(f"{wrong[0]} is no {codebook} code: there are {size}.")
    return array
