"""A style in a language model's own words: the tag in brackets before a text to speak."""

from collections.abc import Mapping, Sequence

from edge_audio.tts.tags import PACES, PITCHES, RELEASED_TAGS, TAGS, Tag, find_tag
from edge_audio.tts.voice import Style
from runtime.errors import UserError


def known_tags(words: Sequence[str] | None) -> tuple[Tag, ...]:
    """Return the tags of a model that was trained with `words`; those of the release for None."""
    return RELEASED_TAGS if words is None else tuple(tag for tag in TAGS if tag.released in words)


def style_tag(style: Style, known: Sequence[Tag] = RELEASED_TAGS) -> str:
    """Return the brackets that ask a model for `style`, such as (高兴1); empty where it asks for nothing.

    A text has one tag, so music comes before language, language before emotion, that before pitch, and speed,
    which a config may set for everything, is last. Raises `UserError`, listing what the model knows, for a
    wish that none of its `known` tags covers.
    """
    wishes = (
        ("music", style.music),
        ("language", style.language),
        ("emotion", style.emotion),
        ("pitch", _nearest(style.pitch, PITCHES)),
        ("speed", _nearest(style.speed, PACES)),
    )
    for ability, name in wishes:
        if name is not None:
            return _tag(ability, name, known)
    return ""


def _nearest(factor: float, factors: Mapping[str, float]) -> str | None:
    """Return the name of the nearest of `factors`; None where 1.0, the usual, is as near."""
    name = min(factors, key=lambda name: abs(factors[name] - factor))
    return name if abs(factors[name] - factor) < abs(1.0 - factor) else None


def _tag(ability: str, name: str, known: Sequence[Tag]) -> str:
    of_ability = [tag for tag in known if tag.ability == ability]
    if tag := find_tag(name, of_ability):
        return f"({tag.released})"
    listed = ", ".join(map(str, of_ability or known)) or "no tag"
    raise UserError(f"The voice knows no {ability} called {name!r}.", f"It knows: {listed}.")
