"""hibari: a small English voice on ONNX Runtime; one of its speakers comes with its package.

Its library is imported where it is first needed.
"""

import hashlib
import re
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from edge_audio.audio.frame import Samples
from edge_audio.settings import Shared, Threads
from edge_audio.text.clauses import Clause
from edge_audio.text.sentences import CLOSERS
from edge_audio.text.speakable import speakable
from edge_audio.tts.trim import trim
from edge_audio.tts.voice import SpokenChunk, Style, Voice, VoiceConfig, VoiceError
from runtime.errors import UserError
from runtime.worker import Cancelled, CancelToken, Lane, ThreadLane

SAMPLE_RATE_HZ = 24_000
"""hibari's own `SAMPLE_RATE`."""

DEFAULT = "heart"
"""hibari's own default, the speaker in its package."""

PIECE_CHARS = 120
"""Longest text computed at once: 7 s of speech, whose last step takes 35 ms and can't be stopped."""

SENTENCE_PAUSE_MS, CLAUSE_PAUSE_MS, WORD_PAUSE_MS = 250, 90, 40
"""Silence after the end of a sentence, after a comma and the like, and after a cut without a mark."""

_SENTENCE_MARKS = ".!?…"
_MARKS = _SENTENCE_MARKS + ",;:—–\"“”()' "
_GAPS = (re.compile(r"(?<=[.!?…;:,—–])\s+"), re.compile(r"\s+"))


class HibariVoice(Voice):
    """A `Voice`: hibari's speakers. The same clause always sounds the same, at about -24 dBFS."""

    name = "hibari"
    sample_rate_hz = SAMPLE_RATE_HZ
    abilities = frozenset({"speaker", "speed"})
    language = "en"

    def __init__(self, lane: Lane, *, speaker: str = DEFAULT, threads: int = 1) -> None:
        """`speaker` is the default one; nothing is loaded before `warm_up` or the first clause.

        Only speakers whose files are on this machine are offered: hibari would download the others.
        Raises `UserError` if `speaker` is unknown or its file is missing.
        """
        self._default = speaker
        _speaker_file(speaker)
        self.speakers = (speaker, *(name for name in _present() if name != speaker))
        self._lane = lane
        self._threads = threads
        self._loaded: dict[str, Any] = {}

    async def speak(self, clause: Clause, style: Style) -> AsyncGenerator[SpokenChunk, None]:
        """See `Voice.speak`. Raises `UserError` for an unknown speaker."""
        if not 0.5 <= style.speed <= 2.0:
            raise VoiceError(f"The voice speaks at 0.5 to 2.0 times its pace, not at {style.speed}.")
        speaker = style.speaker or self._default
        _speaker_file(speaker)
        for start, end in _pieces(clause.text):
            if text := speakable(clause.text[start:end], self.language):
                pcm = await self._lane.run(self._synthesis(text, speaker, style.speed))
                if len(pcm):
                    yield SpokenChunk(pcm, clause.text_start + start, clause.text_start + end)

    async def warm_up(self) -> None:
        """See `Voice.warm_up`."""
        await self._lane.run(self._synthesis("Hello, 1.", self._default, 1.0))

    async def close(self) -> None:
        """See `Voice.close`."""
        self._lane.close()
        self._loaded.clear()

    # On the lane's thread.

    def _synthesis(self, text: str, speaker: str, speed: float) -> Callable[[CancelToken], Samples]:
        def synthesize(token: CancelToken) -> Samples:
            model = self._model(speaker)
            noise = np.random.default_rng(0)
            parts: list[Samples] = []
            try:
                for phonemes in model.phonemize(text):
                    if not phonemes.strip(_MARKS):
                        continue
                    pcm = _sound(model, phonemes, speed, noise, token)
                    parts.append(trim(pcm, SAMPLE_RATE_HZ, _pause_ms(phonemes) / speed))
            except Cancelled:
                raise
            except Exception as failure:  # whatever odd text does to hibari
                token.raise_if_cancelled()
                raise VoiceError(f"The voice can't say {text!r}: {failure}.") from failure
            return np.concatenate(parts) if parts else np.zeros(0, np.float32)

        return synthesize

    def _model(self, speaker: str) -> Any:
        from hibari import Hibari
        from hibari.voices import VOICES

        if speaker not in self._loaded:
            path = _speaker_file(speaker)
            if hashlib.sha256(path.read_bytes()).hexdigest() != VOICES[speaker]["sha256"]:
                raise UserError(
                    f"The voice file {path} is damaged.", "Remove it, and fetch or install it again."
                )
            # Given the path, hibari doesn't look for the file itself, which might download it.
            self._loaded[speaker] = Hibari(voice=speaker, model=str(path), threads=self._threads)
        return self._loaded[speaker]


def _sound(
    model: Any, phonemes: str, speed: float, noise: np.random.Generator, token: CancelToken
) -> Samples:
    """Do what `Hibari.from_phonemes` does, but stop the network when `token` is cancelled."""
    import onnxruntime
    from hibari import dsp

    options = onnxruntime.RunOptions()
    forget = token.on_cancel(lambda: setattr(options, "terminate", True))
    inputs = {
        "ids": np.asarray([model.ids(phonemes)], np.int64),
        "speed": np.asarray([speed], np.float32),
    }
    try:
        outputs = model.sess.run(None, inputs, options)
    finally:
        forget()
    token.raise_if_cancelled()
    pcm: Samples = dsp.synth(*(output[0] for output in outputs), noise)
    return pcm


def _pause_ms(phonemes: str) -> int:
    """Return how long to be silent after `phonemes`, which keep the text's punctuation."""
    mark = phonemes.rstrip(CLOSERS + " ")[-1:]
    if mark in _SENTENCE_MARKS:
        return SENTENCE_PAUSE_MS
    return CLAUSE_PAUSE_MS if mark in _MARKS else WORD_PAUSE_MS


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of parts of `text` of about `PIECE_CHARS`, cut at marks, else between words."""
    start = 0
    while (limit := start + PIECE_CHARS) < len(text):
        for gap in _GAPS:
            if cuts := list(gap.finditer(text, start + PIECE_CHARS // 2, limit)):
                break
        else:
            cuts = [cut] if (cut := _GAPS[-1].search(text, limit)) else []
        if not cuts:
            break
        yield start, cuts[-1].start()
        start = cuts[-1].end()
    yield start, len(text)


def _present() -> Iterator[str]:
    """Yield the speakers whose file is on this machine."""
    from hibari.voices import VOICES, voice_path

    for name in VOICES:
        with suppress(FileNotFoundError):
            if Path(voice_path(name, download_missing=False)).is_file():
                yield name


def _speaker_file(speaker: str) -> Path:
    """Return the path of the speaker's model. Raises `UserError` without such a speaker or its file."""
    from hibari.voices import VOICES, voice_path

    if speaker not in VOICES:
        raise UserError(f"hibari has no voice called {speaker}.", f"Choose one of: {', '.join(_present())}.")
    try:
        return Path(voice_path(speaker, download_missing=False))
    except FileNotFoundError as missing:
        raise UserError(
            f"The file of hibari's voice {speaker} is not on this machine.",
            f"Put it at {missing}, or choose one of: {', '.join(_present())}.",
        ) from None


class HibariConfig(VoiceConfig, frozen=True):
    """The embedded voice: English, some 70 times faster than real time on one core."""

    packages = ("hibari-tts", "onnxruntime")

    voice: str = DEFAULT
    """One of hibari's voices; `heart` is in its package."""
    threads: Threads = 1
    """Threads of the model."""

    def load(self, shared: Shared) -> HibariVoice:
        """See `VoiceConfig.load`."""
        return HibariVoice(ThreadLane("tts"), speaker=self.voice, threads=self.threads)
