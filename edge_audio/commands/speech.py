"""Speech to a loudspeaker or into a file, for the commands that speak a given text."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from edge_audio.audio.device import AudioDeviceConfig
from edge_audio.audio.files import WavWriter
from edge_audio.audio.frame import FILE_RATE_HZ, Samples
from edge_audio.speech import spoken
from edge_audio.text.clauses import ClauseSplitter
from edge_audio.tts.ahead import Line
from edge_audio.tts.tags import TAGS, find_tag, leading_tag
from edge_audio.tts.voice import Style, Voice, VoiceError
from runtime.errors import UserError
from runtime.worker import CancelToken, ThreadLane


@dataclass(frozen=True, slots=True)
class Passage:
    """A line to say, and how."""

    text: str
    style: Style


def passages(lines: Iterable[str], style: Style, voice: Voice) -> Iterator[Passage]:
    """Yield each of `lines` in `style`, changed to what the tag before it wants of `voice`.

    A tag holds to the end of its line. Raises `UserError` for a tag that is unknown or that `voice` can't do,
    for two tags, and for a speaker if the voice has only one.
    """
    if style.speaker is not None and not voice.speakers:
        raise UserError(f"The voice {voice.name} has only one speaker.", "Leave out --voice.")
    for line in lines:
        name, text = leading_tag(line)
        yield Passage(text, _wanted(name, text, style, voice) if name else style)


def _wanted(name: str, text: str, style: Style, voice: Voice) -> Style:
    """Return `style` as the tag `name`, before `text`, changes it."""
    if (tag := find_tag(name)) is None:
        listed = ", ".join(map(str, TAGS))
        raise UserError(f"There is no tag ({name}).", f"Choose one of: {listed}; or leave the brackets out.")
    if second := leading_tag(text)[0]:
        raise UserError(f"A line takes one tag, not ({name}) and ({second}).", "Leave one out.")
    if tag.ability not in voice.abilities:
        able = ", ".join(tag.name for tag in TAGS if tag.ability in voice.abilities)
        remedy = f"It can do: {able or 'no tag'}; or leave the brackets out."
        raise UserError(f"The voice {voice.name} can't do ({name}).", remedy)
    return tag.applied(style)


def speak(
    lines: Iterable[str],
    style: Style,
    voice: Voice,
    *,
    output: Path | None,
    audio: AudioDeviceConfig,
    language: str | None,
    console: Console,
) -> None:
    """Speak into the file `output`, or where it is None to the speaker of `audio`.

    `language` is the code of the lines' language, None if it isn't known. A line may begin with a tag; those
    of a list of lines are all checked before the first is spoken. Closes the voice. Raises `UserError`, also
    if there is nothing to say.
    """
    if output is None:
        with audio.speaker(FILE_RATE_HZ) as device:
            asyncio.run(_speak(lines, language, style, voice, device.play, console))
    else:
        with WavWriter(output) as writer:
            seconds = asyncio.run(_speak(lines, language, style, voice, writer.write, console))
        console.print(f"{seconds:.1f} s of speech: {output}", markup=False, highlight=False, soft_wrap=True)


async def _speak(
    lines: Iterable[str],
    language: str | None,
    style: Style,
    voice: Voice,
    sink: Callable[[Samples], None],
    console: Console,
) -> float:
    """Speak into `sink`, which may block; return the seconds of sound."""
    samples = 0
    lane = ThreadLane("output")
    try:
        wanted: Iterable[Passage] = passages(lines, style, voice)
        if isinstance(lines, list):
            wanted = list(wanted)
        with console.status("Speaking ...") as status:
            clauses = _lines(wanted, language, voice.language)
            async with aclosing(spoken(voice, clauses, FILE_RATE_HZ)) as chunks:
                async for chunk in chunks:
                    await lane.run(partial(_pass_on, sink, chunk.pcm))
                    samples += len(chunk.pcm)
                    status.update(f"Speaking ... {samples / FILE_RATE_HZ:.0f} s")
    except VoiceError as error:
        raise UserError(str(error), "Try another text, or another voice.") from error
    finally:
        lane.close()
        await voice.close()
    if not samples:
        raise UserError("There is nothing to say in the text.", "Give a text with words.")
    return samples / FILE_RATE_HZ


def _pass_on(sink: Callable[[Samples], None], pcm: Samples, token: CancelToken) -> None:
    sink(pcm)


async def _lines(wanted: Iterable[Passage], *languages: str | None) -> AsyncGenerator[Line, None]:
    """Yield each clause of `wanted`, which may be in `languages`, as soon as it is there."""
    splitter = ClauseSplitter(*languages)
    source = iter(wanted)
    lane = ThreadLane("input")  # standard input may be slow, and nothing else may wait for it
    try:
        while (passage := await lane.run(lambda _: next(source, None))) is not None:
            for clause in (*splitter.push(passage.text), *splitter.flush()):
                yield clause, passage.style
    finally:
        lane.close()
