"""`edge-audio listen`: the transcript of an audio file."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import msgspec
from rich.console import Console

from edge_audio.adapters import load_recognizer
from edge_audio.asr.recognizer import Recognizer, Segment
from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.config import load_config

SCHEMA_VERSION = 1


def listen(audio: Path, *, config_path: Path | None, as_json: bool, console: Console) -> None:
    """Print what is said in `audio`: lines as they are recognized, or one JSON object with times.

    Raises `UserError`.
    """
    config = load_config(config_path)
    pcm = read_audio(audio)
    recognizer = load_recognizer(config)
    segments = asyncio.run(_transcribe(recognizer, pcm, None if as_json else console))
    if as_json:
        tree = {
            "schema_version": SCHEMA_VERSION,
            "text": " ".join(segment.text for segment in segments),
            "duration_s": round(len(pcm) / INPUT_RATE_HZ, 3),
            "segments": segments,
            "model": recognizer.name,
        }
        print(msgspec.json.encode(tree).decode())
    elif not segments:
        console.print("No speech was found.")


async def _transcribe(recognizer: Recognizer, pcm: Samples, console: Console | None) -> list[Segment]:
    """Return all segments of `pcm`, printing each as it is found; closes the recognizer."""
    segments = []
    try:
        async with aclosing(recognizer.transcribe(pcm)) as found:
            async for segment in found:
                segments.append(segment)
                if console is not None:
                    console.print(segment.text, markup=False, highlight=False, soft_wrap=True)
    finally:
        await recognizer.close()
    return segments
