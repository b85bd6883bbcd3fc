"""`edge-audio say`: text to speech, clause by clause."""

import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from rich.console import Console

from edge_audio.adapters import load_voice
from edge_audio.commands.speech import speak
from edge_audio.config import load_config
from edge_audio.tts.voice import Style
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
    lines = _lines(sys.stdin) if text is None or text == "-" else text.split("\n")
    voice = load_voice(config)
    style = Style(speaker=speaker, speed=speed or config.tts.speed)
    speak(lines, style, voice, output=output, audio=config.audio, language=config.language, console=console)


def _lines(stdin: TextIO) -> Iterator[str]:
    """Yield the lines of standard input as they come, without bytes that are not text."""
    if stdin.isatty():
        raise UserError("There is no text.", "Give it as an argument, or through a pipe.")
    if isinstance(stdin, TextIOWrapper):
        stdin.reconfigure(errors="ignore")
    yield from stdin
