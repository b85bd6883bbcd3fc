"""Audio files: anything that libsndfile reads comes in, 16-bit mono WAV goes out."""

import math
import os
import re
import wave
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import soundfile

from edge_audio.audio.frame import FILE_RATE_HZ, INPUT_RATE_HZ, Samples
from edge_audio.audio.resample import StreamResampler
from runtime.atomic import AtomicFile, not_written
from runtime.errors import UserError

LOWEST_RATE_HZ = 8_000
HIGHEST_RATE_HZ = 192_000
"""Rates that are read. Below, speech can't be understood; above, the header is most likely wrong."""

_BLOCK_FRAMES = 1 << 16

_UNKNOWN_LENGTH = 0x7FFF_F000
"""Lengths from here on are placeholders of programs that can't seek back to fill in the true one."""

_WAV_SAMPLES = (0xFFFF_FFFF - 36) // 2
"""The most that the header's 32-bit length can hold: 24.8 hours at 24 kHz."""

_CONVERT = "Convert it first, for instance with `ffmpeg -i IN -ac 1 -ar 16000 OUT.wav`."


def read_audio(path: str | os.PathLike[str], rate_hz: int = INPUT_RATE_HZ) -> Samples:
    """Read a whole audio file: WAV, FLAC, OGG and whatever else libsndfile knows, 8 to 192 kHz.

    Returns mono samples at `rate_hz` (the mean of all channels), clipped to [-1, 1]. The file is read
    in blocks, so only the result is ever held in full.

    Raises `UserError` for what can't be used: missing, a folder, unreadable, not audio, without sound,
    cut off (found in WAV, AIFF, AU and FLAC, not in OGG), a rate out of range, samples that are not numbers.
    """
    source = Path(path)
    _require_readable(source)
    try:
        with soundfile.SoundFile(source) as sound:
            _require_usable(source, sound)
            return _read(source, sound, rate_hz)
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: a name that ends in .raw
        cause = f"{source} can't be decoded: it is damaged, or not an audio file."
        raise UserError(cause, _CONVERT) from error
    except MemoryError as error:
        raise UserError(f"{source} does not fit into memory.", "Cut it into shorter files.") from error


def _read(source: Path, sound: soundfile.SoundFile, rate_hz: int) -> Samples:
    resampler = StreamResampler(sound.samplerate, rate_hz)
    result: Samples = np.empty(math.ceil(sound.frames * rate_hz / sound.samplerate) + 1, np.float32)
    frames = filled = 0

    def take(pcm: Samples) -> None:
        nonlocal filled
        np.clip(pcm, -1.0, 1.0, out=result[filled : filled + len(pcm)])
        filled += len(pcm)

    while frames < sound.frames:
        try:
            count = min(_BLOCK_FRAMES, sound.frames - frames)
            block = sound.read(count, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            break  # reported below as what it most likely is: cut off
        if not len(block):
            break
        if not np.all(np.isfinite(block)):
            raise UserError(f"{source} holds samples that are not numbers (NaN or infinity).", _CONVERT)
        frames += len(block)
        take(resampler.push(block.mean(axis=1)))
    take(resampler.flush())
    if frames < sound.frames:
        raise _cut_off(source, sound.frames / sound.samplerate, frames / sound.samplerate)
    return result[:filled]


def _require_readable(source: Path) -> None:
    try:
        with source.open("rb") as file:
            if not file.read(1):
                raise UserError(f"{source} is empty.", "Choose a file that holds audio.")
    except FileNotFoundError as error:
        raise UserError(f"{source} does not exist.", "Check the path.") from error
    except IsADirectoryError as error:
        raise UserError(f"{source} is a folder.", "Name an audio file inside it.") from error
    except OSError as error:
        cause = f"{source} can't be read ({error.strerror})."
        raise UserError(cause, "Check the path and its permissions.") from error


def _require_usable(source: Path, sound: soundfile.SoundFile) -> None:
    if not LOWEST_RATE_HZ <= sound.samplerate <= HIGHEST_RATE_HZ:
        cause = f"{source} has a sampling rate of {sound.samplerate} Hz; 8,000 to 192,000 Hz can be read."
        raise UserError(cause, _CONVERT)
    # libsndfile reads a file that is cut off up to where it ends, and says so in its log only.
    found = re.search(r"^\s*(?:data|SSND|Data Size)\s*:\s*(\d+) \(should be (\d+)\)", sound.extra_info, re.M)
    if found:
        promised, present = int(found[1]), int(found[2])
        if present < promised < _UNKNOWN_LENGTH:
            seconds = sound.frames / sound.samplerate
            raise _cut_off(source, seconds * promised / max(present, 1), seconds)
    if sound.frames == 0:
        raise UserError(f"{source} holds no sound.", "Choose a file with at least one sample.")


def _cut_off(source: Path, promised_s: float, present_s: float) -> UserError:
    cause = f"{source} is cut off: it promises {promised_s:.1f} s of sound and holds {present_s:.1f} s."
    return UserError(cause, "Copy or record it again.")


def as_16_bit(pcm: Samples) -> bytes:
    """Return samples as a WAV file holds them: clipped to [-1, 1], 16 bit, little-endian."""
    whole = np.clip(np.rint(pcm * 32768.0), -32768, 32767).astype("<i2")
    return bytes(whole.data)


_OTHER_FORMATS = frozenset({".aac", ".flac", ".m4a", ".mp3", ".mp4", ".oga", ".ogg", ".opus", ".wma"})


class WavWriter:
    """Writes a 16-bit mono WAV file block by block; it appears, complete, on `close`.

    As a context manager it closes at the end of the block, and aborts if the block fails.
    """

    def __init__(self, path: str | os.PathLike[str], rate_hz: int = FILE_RATE_HZ) -> None:
        """Raises `UserError` at once where `path` can't be written, or is named as one of another format."""
        if Path(path).suffix.lower() in _OTHER_FORMATS:
            raise UserError(
                f"{path} would be a WAV file by another name.", "Choose a name that ends in .wav."
            )
        self.samples = 0
        """Samples written so far."""
        self._target = AtomicFile(path)
        self._wave = wave.open(self._target.file, "wb")  # noqa: SIM115 (closed by `close` and `abort`)
        self._wave.setnchannels(1)
        self._wave.setsampwidth(2)
        self._wave.setframerate(rate_hz)

    def write(self, pcm: Samples) -> None:
        """Append samples, clipped to [-1, 1]. Raises `UserError` (disk full), leaving no file."""
        if self.samples + len(pcm) > _WAV_SAMPLES:
            self.abort()
            raise UserError(f"{self._target.path} has grown too long for a WAV file (4 GB).", "Write less.")
        try:
            self._wave.writeframesraw(as_16_bit(pcm))
        except OSError as error:
            self.abort()
            raise not_written(self._target.path, error) from error
        self.samples += len(pcm)

    def close(self) -> None:
        """Complete the file and put it in its place. Raises `UserError`, leaving no file, if it can't."""
        try:
            self._wave.close()
        except OSError as error:
            self.abort()
            raise not_written(self._target.path, error) from error
        self._target.commit()

    def abort(self) -> None:
        """Discard the file; an existing one of that name stays as it was. Does nothing after `close`."""
        with suppress(OSError):
            self._wave.close()
        self._target.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abort()
