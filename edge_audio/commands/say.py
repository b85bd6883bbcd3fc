"""`edge-audio say`: text to speech, clause by clause."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import TextIO

from rich.console import Console

from edge_audio.assistant import load_voice
from edge_audio.audio.files import WavWriter
from edge_audio.audio.frame import FILE_RATE_HZ, Samples
from edge_audio.audio.resample import StreamResampler
from edge_audio.config import load_config
from edge_audio.dialogue.clauses import ClauseSplitter
from edge_audio.tts.voice import Style, Voice
from runtime.errors import UserError


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
    pieces = [text] if text is not None and text != "-" else _lines(sys.stdin)
    style = Style(speaker=speaker or config.tts.voice, speed=speed or config.tts.speed)
    if output is None:
        raise UserError("There is no speaker.", "Give --output OUT.wav.")
    with WavWriter(output) as writer:
        seconds = asyncio.run(_write(pieces, style, load_voice(config), writer, console))
        if not seconds:
            raise UserError("There is nothing to say in the text.", "Give a text with words.")
    console.print(f"{seconds:.1f} s of speech: {output}", markup=False, highlight=False)


def _lines(stdin: TextIO) -> Iterator[str]:
    """The lines of standard input as they come; bytes that are no text are left out."""
    if stdin.isatty():
        raise UserError("There is no text.", "Give it as an argument, or through a pipe.")
    stdin.reconfigure(errors="ignore")  # type: ignore[union-attr]
    yield from stdin


async def _write(
    pieces: Iterable[str], style: Style, voice: Voice, writer: WavWriter, console: Console
) -> float:
    samples = 0
    resampler = StreamResampler(voice.sample_rate_hz, FILE_RATE_HZ)
    try:
        with console.status("Speaking ...") as status:
            async with aclosing(_speak(pieces, style, voice)) as spoken:
                async for pcm in spoken:
                    writer.write(pcm := resampler.push(pcm))
                    samples += len(pcm)
                    status.update(f"Speaking ... {samples / FILE_RATE_HZ:.0f} s")
            writer.write(resampler.flush())
    finally:
        await voice.close()
    return samples / FILE_RATE_HZ


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
