"""Having a voice say something, all of it, to be measured."""

from contextlib import aclosing

import numpy as np

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.audio.resample import resample
from edge_audio.text.clauses import Clause, ClauseSplitter
from edge_audio.tts.tags import find_tag
from edge_audio.tts.voice import Style, Voice, VoiceError


def clauses_of(text: str) -> list[Clause]:
    """Return the clauses that `edge-audio say` makes of a line."""
    splitter = ClauseSplitter("en")
    return [*splitter.push(text), *splitter.flush()]


def tagged(speaker: str, tag: str) -> Style:
    """Return the style of `speaker` as the tag called `tag` wants it; an empty one wants nothing."""
    style = Style(speaker=speaker)
    if not tag:
        return style
    if (found := find_tag(tag)) is None:
        raise ValueError(f"there is no tag {tag}")
    return found.applied(style)


async def spoken(voice: Voice, clause: Clause, style: Style) -> Samples:
    """Return what `voice` makes of `clause`, at `INPUT_RATE_HZ`; no sample if it can't say it.

    Raises `UserError` for a speaker or a style that it hasn't.
    """
    pieces = [np.zeros(0, np.float32)]
    try:
        async with aclosing(voice.speak(clause, style)) as chunks:
            pieces += [chunk.pcm async for chunk in chunks]
    except VoiceError:
        return pieces[0]  # to be judged as silence
    return resample(np.concatenate(pieces), voice.sample_rate_hz, INPUT_RATE_HZ)
