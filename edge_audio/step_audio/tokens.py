"""Audio tokens: where their ids lie, and how two linguistic and three semantic codes take turns."""

from dataclasses import dataclass

LINGUISTIC_PER_GROUP = 2
"""Linguistic codes of a group: 120 ms at 16.67 Hz."""

SEMANTIC_PER_GROUP = 3
"""Semantic codes of a group, which follow the linguistic ones: 120 ms at 25 Hz."""

GROUP = LINGUISTIC_PER_GROUP + SEMANTIC_PER_GROUP
"""Audio tokens of a group."""


@dataclass(frozen=True, slots=True)
class AudioTokens:
    """A model's token ids for sound: those of the linguistic codes, then those of the semantic codes.

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
    def ids(self) -> range:
        """All ids of audio tokens."""
        return range(self.first_id, self.first_id + self.count)


RELEASED = AudioTokens()
"""The audio tokens of the Step-Audio release."""
