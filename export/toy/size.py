"""How large a random checkpoint is."""

from enum import StrEnum


class Size(StrEnum):
    """The dimensions of a random checkpoint."""

    TINY = "tiny"
    """Everything as small as it goes: a few MB, for tests."""
    SMALL = "small"
    """As tiny, but a language model of 12 layers and 180 million parameters, for measuring."""
    RELEASED = "released"
    """The true dimensions: 10 GB."""
