"""What a style is in the Step-Audio voice's own words: the tag in brackets before a text to speak."""

from edge_audio.tts.tags import PACES, TAGS, find_tag
from edge_audio.tts.voice import Style
from runtime.errors import UserError


def style_tag(style: Style) -> str:
    """Return the brackets that ask for `style`, such as (高兴1); empty where it asks for nothing.

    A text has one tag, so music comes before language, language before emotion, and that before speed.
    Raises `UserError`, listing those there are, for an emotion, language or music that there isn't.
    """
    wishes = (("music", style.music), ("language", style.language), ("emotion", style.emotion))
    for ability, name in wishes:
        if name is not None:
            return _tag(ability, name)
    pace = min(PACES, key=lambda name: abs(PACES[name] - style.speed))
    return _tag("speed", pace) if abs(PACES[pace] - style.speed) < abs(1.0 - style.speed) else ""


def _tag(ability: str, name: str) -> str:
    there_are = [tag for tag in TAGS if tag.ability == ability]
    if tag := find_tag(name, there_are):
        return f"({tag.released})"
    listed = ", ".join(map(str, there_are))
    raise UserError(f"The voice knows no {ability} called {name!r}.", f"Choose one of: {listed}.")
