"""`edge-audio listen`: the transcript of an audio file."""

import asyncio
from pathlib import Path

import msgspec
from rich.console import Console

from edge_audio.adapters import load_recognizer
from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.config import load_config

SCHEMA_VERSION = 1


def listen(audio: Path, *, config_path: Path | None, as_json: bool, console: Console) -> None:
    """Print what is said in `audio`: lines as they are recognized, or one JSON object with times.

    Raises `UserError`.
    """
    config = load_config(config_path)
    pcm = read_audio(audio)
    recognizer = load_recognizer(config)
    segments = []
    try:
        for segment in recognizer.transcribe_file(pcm):
            segments.append(segment)
            if not as_json:
                console.print(segment.text, markup=False, highlight=False, soft_wrap=True)
    finally:
        asyncio.run(recognizer.close())
    if as_json:
        tree = {
            "schema_version": SCHEMA_VERSION,
            "text": " ".join(segment.text for segment in segments),
            "duration_s": round(len(pcm) / INPUT_RATE_HZ, 3),
            "segments": segments,
            "model": recognizer.name,
        }
        print(msgspec.json.encode(tree, enc_hook=float).decode())
    elif not segments:
        console.print("No speech was found.")
