"""`edge-audio voices`: the voices made from recordings."""

from collections.abc import Container
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console

from edge_audio.adapters import load_voice
from edge_audio.audio.frame import AUDIBLE
from edge_audio.commands.speech import speak
from edge_audio.config import Config
from edge_audio.step_audio.features.recording import Recording, read_recording
from edge_audio.step_audio.instruction import HUMMING, RAP
from edge_audio.step_audio.placement import Placement
from edge_audio.step_audio.voice_encoder import VoiceEncoder
from edge_audio.step_audio.voices import VoiceRegistry
from edge_audio.tables import read_table
from edge_audio.tts.voice import Style
from runtime.errors import UserError

SPEAKERS = "speakers_info.json"
"""In the release's folder of speakers: the text of each one's recording, NAME_prompt.wav."""

TRIAL = "Good morning! This is how I sound."
"""What a voice says in a trial without a text."""

SHORTEST_S, LONGEST_S = 1.0, 30.0
"""How long a recording may be. The release's have 4 to 12 s; all of it is read again for every clause."""

_THREADS = 2


def add_voice(name: str, *, audio: Path, text: str, models: Path, voices: Path, console: Console) -> None:
    """Make a voice from the recording `audio`, in which someone says `text`. Raises `UserError`."""
    recording = read_recording(audio)
    _require_speech(audio, recording)
    encoder = VoiceEncoder(models, Placement(_THREADS))
    with console.status("Listening to the recording ..."):
        prompt = VoiceRegistry(voices).add(name, recording, text, encoder).prompt
    seconds = len(recording.pcm) / recording.rate_hz
    line = f"{name}: {seconds:.1f} s of speech, {len(prompt.codes)} codes, in {voices / name}"
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _require_speech(audio: Path, recording: Recording) -> None:
    """Raise `UserError` if no voice can be made from the file `audio`."""
    remedy = "Record one person for 4 to 12 s, without music or noise."
    seconds = len(recording.pcm) / recording.rate_hz
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise UserError(
            f"{audio} is {seconds:.1f} s long; a voice needs {SHORTEST_S:.0f} to {LONGEST_S:.0f} s.", remedy
        )
    if np.max(np.abs(recording.pcm)) < AUDIBLE:
        raise UserError(f"{audio} is silent.", remedy)


def import_voices(speakers: Path, *, models: Path, voices: Path, console: Console) -> None:
    """Add the voices of the release's folder `speakers`, except those that are there. Raises `UserError`."""
    source = speakers / SPEAKERS
    try:
        texts = msgspec.json.decode(source.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError, RecursionError) as error:
        raise UserError(
            f"{source} is missing, or doesn't hold the texts of speakers.",
            "Name the folder `speakers` of the Step-Audio repository.",
        ) from error
    here = VoiceRegistry(voices).names()
    for name, text in texts.items():
        if name in here:
            console.print(f"{name} is here already.", markup=False, highlight=False, soft_wrap=True)
        else:
            audio = speakers / f"{name}_prompt.wav"
            add_voice(name, audio=audio, text=text, models=models, voices=voices, console=console)


def show_voices(voices: Path, console: Console) -> None:
    """List every voice with what its recording says, or what is wrong with it."""
    registry = VoiceRegistry(voices)
    names = registry.names()
    for name in names:
        try:
            text = registry.text(name)
        except UserError as error:
            text = str(error)
        console.print(f"{name}: {text}", markup=False, highlight=False, soft_wrap=True)
    if not names:
        console.print(f"There is no voice in {voices} yet.", markup=False, highlight=False, soft_wrap=True)


def try_voice(
    name: str, *, text: str | None, output: Path | None, models: Path, voices: Path, console: Console
) -> None:
    """Speak `text`, or `TRIAL`, in the voice called `name`, aloud or into the file `output`.

    If it is how another voice raps or hums, that voice does it. Raises `UserError`.
    """
    speaker, music = _singer(name, VoiceRegistry(voices).names())
    tts = {"adapter": "step-audio", "voices": str(voices), "speaker": speaker}
    config = read_table(Config, {"tts": tts, "step_audio": {"models": str(models)}})
    speak(
        (TRIAL if text is None else text).split("\n"),
        Style(music=music),
        load_voice(config),
        output=output,
        audio=config.audio,
        language=config.language,
        console=console,
    )


def _singer(name: str, names: Container[str]) -> tuple[str, str | None]:
    """Return whose recording `name` is, and for which music: TingtingRAP is how Tingting raps."""
    for suffix, music in ((RAP, "rap"), (HUMMING, "humming")):
        if name.endswith(suffix) and (speaker := name.removesuffix(suffix)) in names:
            return speaker, music
    return name, None


def remove_voice(name: str, *, voices: Path, console: Console) -> None:
    """Remove a voice with its recording. Raises `UserError` if there is none of that name."""
    VoiceRegistry(voices).remove(name)
    console.print(f"{name} is removed.", markup=False, highlight=False, soft_wrap=True)
