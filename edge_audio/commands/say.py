"""`edge-audio say`: text to speech, clause by clause."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from rich.console import Console

from edge_audio.adapters import load_voice
from edge_audio.audio.files import WavWriter
from edge_audio.audio.frame import FILE_RATE_HZ, Samples
from edge_audio.audio.resample import StreamResampler
from edge_audio.audio.speaker import Speaker
from edge_audio.config import load_config
from edge_audio.dialogue.clauses import ClauseSplitter
from edge_audio.tts.voice import Style, Voice, VoiceError
from runtime.errors import UserError
from runtime.worker import CancelToken, ThreadLane


def say(
    text: str | None,
    *,
    config_path: Path | None,
    output: Path | None,
    speed: float | None,
    speaker: str | None,
    console: Console,
) -> None:
    """Speak `text`, or what standard input holds if it is None or `-`. Raises `UserError`."""
    config = load_config(config_path)
    pieces = _lines(sys.stdin) if text is None or text == "-" else [text]
    style = Style(speed=speed or config.tts.speed)
    voice = load_voice(config, speaker)
    if output is None:
        with Speaker(config.audio.output, FILE_RATE_HZ) as device:
            asyncio.run(_say(pieces, style, voice, device.play, console))
    else:
        with WavWriter(output) as writer:
            seconds = asyncio.run(_say(pieces, style, voice, writer.write, console))
        console.print(f"{seconds:.1f} s of speech: {output}", markup=False, highlight=False)


def _lines(stdin: TextIO) -> Iterator[str]:
    """The lines of standard input as they come; bytes that are no text are left out."""
    if stdin.isatty():
        raise UserError("There is no text.", "Give it as an argument, or through a pipe.")
    if isinstance(stdin, TextIOWrapper):
        stdin.reconfigure(errors="ignore")
    yield from stdin


async def _say(
    pieces: Iterable[str], style: Style, voice: Voice, sink: Callable[[Samples], None], console: Console
) -> float:
    """Speak `pieces` into `sink`, which may block; return the seconds of sound.

    Raises `UserError` if there are none.
    """
    samples = 0
    resampler = StreamResampler(voice.sample_rate_hz, FILE_RATE_HZ)
    lane = ThreadLane("output")
    try:
        with console.status("Speaking ...") as status:
            async with aclosing(_speak(pieces, style, voice)) as spoken:
                async for pcm in spoken:
                    converted = resampler.push(pcm)
                    await lane.run(partial(_pass_on, sink, converted))
                    samples += len(converted)
                    status.update(f"Speaking ... {samples / FILE_RATE_HZ:.0f} s")
            sink(resampler.flush())
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


async def _speak(pieces: Iterable[str], style: Style, voice: Voice) -> AsyncGenerator[Samples, None]:
    """Yield the sound of each clause as soon as it is spoken, at the voice's rate."""
    splitter = ClauseSplitter()
    source = iter(pieces)
    while True:
        piece = await asyncio.to_thread(next, source, None)
        for clause in splitter.flush() if piece is None else splitter.push(piece):
            async with aclosing(voice.speak(clause, style)) as chunks:
                async for chunk in chunks:
                    yield chunk.pcm
        if piece is None:
            return
