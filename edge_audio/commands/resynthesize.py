"""`edge-audio resynthesize`: speech to audio codes and back to speech."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console

from edge_audio.audio.files import WavWriter
from edge_audio.audio.frame import FILE_RATE_HZ, INPUT_RATE_HZ
from edge_audio.audio.resample import StreamResampler
from edge_audio.config import load_config
from edge_audio.step_audio.features.excerpt import excerpt
from edge_audio.step_audio.features.recording import Recording, read_recording
from edge_audio.step_audio.placement import Placement
from edge_audio.step_audio.resynthesis import Piece, Resynthesizer
from edge_audio.step_audio.speakers import speakers
from edge_audio.step_audio.speaking import CodeVoice
from edge_audio.step_audio.voice_encoder import VoiceEncoder
from edge_audio.step_audio.voices import StoredVoice
from runtime.errors import UserError

SCHEMA_VERSION = 1


class Lag(msgspec.Struct, frozen=True):
    """How far behind the recording each piece of sound could start, if computing took no time; in seconds."""

    first_s: float
    """The first piece: this much must be heard before there is any sound."""
    p50_s: float
    p90_s: float
    most_s: float
    """The delay at which it plays without a gap."""


class Resynthesized(msgspec.Struct, frozen=True):
    """What the command prints as JSON."""

    schema_version: int
    voice: str | None
    """Whose prompt the decoder spoke with; None for one made of the recording itself."""
    duration_s: float
    """Length of the recording."""
    sound_s: float
    """Length of what was written: that of the recording, up to a group of codes, 0.12 s."""
    real_time_factor: float
    """Seconds of computing for a second of the recording, both ways; models loaded and voice made before."""
    live: Lag | None


@dataclass(frozen=True, slots=True)
class Resynthesis:
    """What to make of which recording."""

    audio: Path
    """The recording."""
    output: Path
    """The file to write."""
    speaker: str | None = None
    """Name of the voice to speak with; None for the config's."""
    own_voice: bool = False
    """Whether to speak with the recording's own voice, as is done where there is no voice."""
    live: bool = False
    """Whether to make codes and sound while the recording goes on."""


def resynthesize(what: Resynthesis, config_path: Path | None, *, as_json: bool, console: Console) -> None:
    """Turn the speech of a recording into codes, and write the speech made of these. Raises `UserError`."""
    if what.own_voice and what.speaker is not None:
        cause = f"--voice {what.speaker} and --own-voice exclude each other."
        raise UserError(cause, "Leave one of them out.")
    config = load_config(config_path)
    if config.step_audio is None:
        raise UserError(
            "The config names no Step-Audio models.",
            "Add a table [step_audio], as in configs/step-audio.toml, or name that config with --config.",
        )
    # Where the voice of [tts] knows no codes, its voices are those of `edge-audio voices`.
    code_voice = config.tts.code_voice or CodeVoice()
    recording = _read_speech(what.audio)
    models, place = config.step_audio.folder(), config.step_audio.placement()
    with WavWriter(what.output) as writer:
        with console.status("Loading the models ..."):
            voice = None if what.own_voice else _stored_voice(code_voice, models, place, what.speaker)
            prompt = voice.prompt if voice else VoiceEncoder(models, place)(excerpt(recording))
            resynthesizer = Resynthesizer.load(models, place, steps=code_voice.steps)
        made = resynthesizer.live if what.live else resynthesizer.whole
        duration_s = len(recording.pcm) / recording.rate_hz
        begin = time.perf_counter()
        pieces = made(recording, prompt, code_voice.seed)
        delays_s = _write(pieces, resynthesizer.sample_rate_hz, writer, duration_s, console)
        computing_s = time.perf_counter() - begin
    _report(
        Resynthesized(
            schema_version=SCHEMA_VERSION,
            voice=voice.name if voice else None,
            duration_s=round(duration_s, 3),
            sound_s=round(writer.samples / FILE_RATE_HZ, 3),
            real_time_factor=round(computing_s / duration_s, 3),
            live=_lag(delays_s) if what.live else None,
        ),
        what.output,
        as_json,
        console,
    )


def _read_speech(audio: Path) -> Recording:
    """Return the recording in the file `audio`. Raises `UserError` if no codes can be made of its rate."""
    recording = read_recording(audio)
    if recording.rate_hz < INPUT_RATE_HZ:
        raise UserError(
            f"{audio} has a rate of {recording.rate_hz} Hz; the tokenizer needs {INPUT_RATE_HZ} Hz.",
            "Choose a recording with at least that rate.",
        )
    return recording


def _stored_voice(
    code_voice: CodeVoice, models: Path, place: Placement, speaker: str | None
) -> StoredVoice | None:
    """Return the voice that is asked for, or else speaks by default; None if there is none. `UserError`."""
    registry = code_voice.registry(models, place)
    wanted = speaker or code_voice.speaker
    names = registry.names()
    return registry.load(speakers(names, wanted)[0]) if names or wanted else None


def _write(
    pieces: Iterable[Piece], rate_hz: int, writer: WavWriter, duration_s: float, console: Console
) -> list[float]:
    """Write `pieces` as they are made; return how far behind the recording each could start."""
    delays_s = []
    resampler = StreamResampler(rate_hz, FILE_RATE_HZ)
    with console.status("Listening ...") as status:
        for piece in pieces:
            writer.write(resampler.push(piece.pcm))
            delays_s.append(piece.delay_s)
            status.update(f"Speaking ... {writer.samples / FILE_RATE_HZ:.0f} of {duration_s:.0f} s")
    writer.write(resampler.flush())
    return delays_s


def _lag(delays_s: list[float]) -> Lag:
    p50_s, p90_s = np.percentile(delays_s, (50, 90)).tolist()
    return Lag(*(round(seconds, 3) for seconds in (delays_s[0], p50_s, p90_s, max(delays_s))))


def _report(made: Resynthesized, output: Path, as_json: bool, console: Console) -> None:
    if as_json:
        print(msgspec.json.encode(made).decode())
        return
    whose = "the recording's own voice" if made.voice is None else f"the voice of {made.voice}"
    lines = [
        f"{made.sound_s:.1f} s of speech in {whose}, real-time factor {made.real_time_factor:.2f}: {output}"
    ]
    if made.live:
        lines.append(
            f"first sound after {made.live.first_s:.2f} s, then {made.live.p50_s:.2f} s (p50), "
            f"{made.live.p90_s:.2f} s (p90), at most {made.live.most_s:.2f} s behind the recording, "
            "plus computing time"
        )
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
