"""Voices that were made from recordings, stored in a folder."""

import hashlib
import re
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge_audio.step_audio.features.recording import Recording, read_recording
from edge_audio.step_audio.voice_prompt import VoicePrompt
from runtime.atomic import AtomicFile, atomic_folder, remove_folder
from runtime.errors import UserError

RECORDING = "prompt.wav"
"""The recording in a voice's folder."""

TEXT = "prompt.txt"
"""Its text, in the same folder."""

CACHE = "prompt.npz"
"""Its voice prompt, which the models computed from it, in the same folder."""

_MAKE_AGAIN = (
    "Export linguistic, semantic and speaker beside the speech model, and it is computed again; "
    "or copy the voice's whole folder again."
)
"""To remove the voice and add it again would lose the recording, and needs the same models."""

_NAME = re.compile(r"\w[\w-]{0,59}")


@dataclass(frozen=True, slots=True, eq=False)
class StoredVoice:
    """A voice to speak with."""

    name: str
    text: str
    """The text of the recording."""
    prompt: VoicePrompt


class PromptEncoder(Protocol):
    """Turns recordings into voice prompts: `VoiceEncoder`."""

    fingerprint: str
    """Identifies the models: voice prompts of other models must be computed again."""

    def __call__(self, recording: Recording) -> VoicePrompt:
        """Return the voice prompt of `recording`. Raises `UserError` if it is of no use."""
        ...


class VoiceRegistry:
    """The voices in a folder, each in a folder with its name.

    The recordings for rap and humming are voices of their own, named as in the release: TingtingRAP and
    Tingting哼唱 beside Tingting. Reads and writes files: belongs on a lane.
    """

    def __init__(self, folder: Path, encode: PromptEncoder | None = None) -> None:
        """The folder may be missing: then there is no voice yet.

        A voice prompt of other models than `encode`'s, or of another recording, is computed again when the
        voice is loaded. Without `encode` the voice prompt is used as it is, and a changed recording is an
        error.
        """
        self.folder = folder
        self._encode = encode

    def names(self) -> tuple[str, ...]:
        """Return the names of all voices, sorted."""
        found = (path.parent.name for path in self.folder.glob(f"*/{RECORDING}"))
        return tuple(sorted(name for name in found if _NAME.fullmatch(name)))

    def text(self, name: str) -> str:
        """Return the text of a voice's recording. Raises `UserError` if there is no such voice or text."""
        return _read_text(self._known(name) / TEXT)

    def load(self, name: str) -> StoredVoice:
        """Return the voice called `name`. Raises `UserError` if there is none or it is damaged."""
        encode, folder = self._encode, self._known(name)
        text = _read_text(folder / TEXT)
        recorded = _sha256(folder / RECORDING)
        cache = _Cache.read(folder / CACHE)
        if encode is not None and (cache is None or cache.made_of != (recorded, encode.fingerprint)):
            cache = _Cache(encode(read_recording(folder / RECORDING)), recorded, encode.fingerprint)
            cache.write(folder / CACHE)
        if cache is None:
            raise UserError(f"{folder / CACHE} is missing or damaged.", _MAKE_AGAIN)
        if cache.recording != recorded:
            raise UserError(f"{folder / CACHE} was not made from the recording beside it.", _MAKE_AGAIN)
        return StoredVoice(name, text, cache.prompt)

    def add(self, name: str, recording: Recording, text: str, encode: PromptEncoder) -> StoredVoice:
        """Make a voice from `recording`, whose text is `text`; it is stored atomically.

        Raises `UserError` if the name is taken or invalid, there is no text, the recording can't be used or
        the folder can't be written.
        """
        if not _NAME.fullmatch(name):
            raise UserError(
                f"{name!r} can't be the name of a voice.",
                "Use up to 60 letters, digits, _ and (not first) -.",
            )
        if (self.folder / name).exists():
            raise _taken(name)
        if not (spoken := " ".join(text.split())):
            raise UserError("The text of the recording is missing.", "Give what is said in it, word by word.")
        prompt = encode(recording)
        try:
            with atomic_folder(self.folder / name, replace=False) as folder:
                # As float: the voice must be the same when it is made again.
                soundfile.write(folder / RECORDING, recording.pcm, recording.rate_hz, subtype="FLOAT")
                (folder / TEXT).write_text(spoken + "\n", encoding="utf-8")
                _Cache(prompt, _sha256(folder / RECORDING), encode.fingerprint).write(folder / CACHE)
        except (UserError, soundfile.LibsndfileError) as error:
            if (self.folder / name).exists():
                raise _taken(name) from error
            if isinstance(error, UserError):
                raise
            raise _not_written(self.folder, error) from error
        return StoredVoice(name, spoken, prompt)

    def remove(self, name: str) -> None:
        """Remove a voice. Raises `UserError` if there is none of that name or it can't be removed."""
        folder = self._known(name)
        try:
            remove_folder(folder)
        except OSError as error:
            raise _not_written(self.folder, error) from error

    def _known(self, name: str) -> Path:
        names = self.names()
        if name not in names:
            known = f"Choose one of: {', '.join(names)}; or add it" if names else "Add it"
            raise UserError(
                f"{self.folder} has no voice called {name!r}.", f"{known} with `edge-audio voices add`."
            )
        return self.folder / name


@dataclass(frozen=True, slots=True, eq=False)
class _Cache:
    """A voice prompt, and the recording and models that it was computed from."""

    prompt: VoicePrompt
    recording: str
    """SHA-256 of the recording's file."""
    models: str
    """Fingerprint of the models."""

    @property
    def made_of(self) -> tuple[str, str]:
        """The recording and the models."""
        return self.recording, self.models

    @classmethod
    def read(cls, path: Path) -> "_Cache | None":
        """Return the content of `path`; None if it is missing, damaged or something else."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                codes = _array(arrays["codes"], np.dtype(np.int64), 1)
                mel = _array(arrays["mel"], np.dtype(np.float32), 2)
                embedding = _array(arrays["embedding"], np.dtype(np.float32), 1)
                if codes.min() < 0:
                    return None
                recording, models = str(arrays["recording"]), str(arrays["models"])
        except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, zlib.error):
            return None
        return cls(VoicePrompt(codes, mel, embedding), recording, models)

    def write(self, path: Path) -> None:
        """Write it to `path` atomically. Raises `UserError` if that fails."""
        data = BytesIO()
        np.savez(
            data,
            codes=self.prompt.codes,
            mel=self.prompt.mel,
            embedding=self.prompt.embedding,
            recording=np.array(self.recording),
            models=np.array(self.models),
        )
        with AtomicFile(path) as file:
            file.write(data.getvalue())


def _array(array: NDArray[Any], dtype: np.dtype[Any], dimensions: int) -> NDArray[Any]:
    """Return `array`. Raises `ValueError` if it isn't what a voice prompt has."""
    if array.dtype != dtype or array.ndim != dimensions or not array.size or not np.all(np.isfinite(array)):
        raise ValueError(f"an array of {array.dtype} with shape {array.shape}")
    return array


def _read_text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is missing or can't be read.", _add_again(path.parent.name)) from error
    if not text:
        raise UserError(f"{path} is empty.", "Write into it what is said in the recording.")
    return text


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        cause = f"{path} can't be read ({error.strerror})."
        raise UserError(cause, "Check its permissions.") from error


def _add_again(name: str) -> str:
    return f"Remove the voice with `edge-audio voices remove {name}` and add it again."


def _taken(name: str) -> UserError:
    return UserError(
        f"There is a voice called {name} already.",
        f"Choose another name, or remove it first with `edge-audio voices remove {name}`.",
    )


def _not_written(folder: Path, error: Exception) -> UserError:
    reason = getattr(error, "strerror", None) or error
    return UserError(f"{folder} can't be written ({reason}).", "Free space, or choose another place.")
