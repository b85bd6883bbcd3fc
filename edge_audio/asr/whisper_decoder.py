"""Whisper on one window of sound: log-mel features, encoder, greedy decoder, and a guard against loops."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from edge_audio.asr.loops import repeats, without_repeats
from edge_audio.asr.recognizer import Segment, Word
from edge_audio.audio.frame import AUDIBLE, INPUT_RATE_HZ, Samples
from edge_audio.audio.log_mel import Features, LogMel
from runtime.errors import UserError
from runtime.worker import CancelToken

WINDOW_S = 8.5
"""Longest sound that one call takes. Room must be left in the padding: with none, Whisper doesn't stop."""

SHORT_FRAMES = 1000
"""Mel frames (10 s) that sound is padded to at first: encoding them takes a fifth of the time of 30 s."""

FULL_FRAMES = 3000
"""Mel frames (30 s) that Whisper was trained on: slow, but it loops least. Used where the guard objects."""

_SHORTEST_S = 0.1
"""Sound shorter than this holds no word."""

_TOKENS_PER_S = 12
_TOKENS_BESIDE = 16
"""A transcript may have `_TOKENS_BESIDE` tokens and `_TOKENS_PER_S` for each second. Fast speech needs 6 to 8
a second with its punctuation; what runs into the bound is a loop, found early."""

_NO_SPEECH = 0.6
"""Whisper's no-speech probability from which a window counts as without speech. Speech stayed below 0.5
(single words, 5 dB above noise: once 0.61), noises above 0.7."""

_DOUBTFUL_SPEECH = 0.3
"""No-speech probability from which an unsure transcript counts as none: coughs, breath (whisper-base)."""

_UNSURE = -1.0
"""Average log probability of a token below which a transcript is unsure; from OpenAI's Whisper."""

_TIMESTAMP_S = 0.02
"""Step of Whisper's timestamp tokens."""

_NOT_SPOKEN = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|[\u2669-\u266f]+")
"""Whisper's notes on sounds: [BLANK_AUDIO], (music), *coughs*, notes."""


@dataclass(frozen=True, slots=True, eq=False)
class Hypothesis:
    """What Whisper made of one window."""

    text: str
    """As decoded: it begins with a space in languages that have spaces; empty where there is no speech."""
    average_logprob: float
    """Mean natural log probability of a token."""
    no_speech_probability: float
    language: str | None
    """ISO 639-1 code; None if it was to be detected and there is no speech."""
    token_ids: tuple[int, ...]
    """The text's tokens; empty where the text was cut by the guard, which then has no word times."""
    encoded: Any
    """The encoder's output (a CTranslate2 storage view), kept to find word times without encoding again."""
    frames: int
    """Mel frames of sound, without the padding."""
    ran_on: bool = False
    """True if it had more tokens than anybody can speak in the time."""


class WhisperDecoder:
    """A loaded Whisper model (CTranslate2, int8 on the CPU). Blocks: belongs on a lane."""

    def __init__(self, folder: Path, *, threads: int, language: str) -> None:
        """Load the model in `folder`; takes about half a second.

        `language` is an ISO 639-1 code, or `auto` to detect it. Raises `UserError` if the folder holds no
        model, or the model doesn't know the language.
        """
        self.retries = 0
        """Times that the guard objected and a window was recognized again at full padding."""
        self.dropped_s = 0.0
        """Seconds spent on calls that had been cancelled: a call of CTranslate2 can't be stopped."""
        self._whisper = _load(folder, threads)
        self._multilingual: bool = self._whisper.model.is_multilingual
        self._log_mel = LogMel(self._whisper.model.n_mels)
        known = set(self._whisper.supported_languages)
        if language not in known and not (language == "auto" and self._multilingual):
            raise UserError(
                f"The recognizer {folder.name} doesn't know the language {language!r}.",
                f"Choose {'one of auto, ' if self._multilingual else ''}{', '.join(sorted(known))}.",
            )
        self._language = None if language == "auto" else language
        self._tokenizers: dict[str, Tokenizer] = {}

    def decode(
        self, pcm: Samples, token: CancelToken, *, language: str | None = None, prefix: str = ""
    ) -> Hypothesis:
        """Recognize `pcm`, at most `WINDOW_S` of it, in `language` (None: the configured or detected one).

        `prefix` is the known text of its first words, in the form of `Hypothesis.text`: the text found
        continues it. Raises `Cancelled` before or after any of its steps, never within one.
        """
        pcm = pcm[: round(WINDOW_S * INPUT_RATE_HZ)]
        if len(pcm) < _SHORTEST_S * INPUT_RATE_HZ or float(np.abs(pcm).max()) < AUDIBLE:
            return Hypothesis("", 0.0, 1.0, language or self._language, (), None, 0)
        heard = self._attempt(pcm, SHORT_FRAMES, language, prefix, token)
        if not _is_speech(heard):
            return replace(heard, text="", token_ids=(), language=language or self._language)
        if not (heard.ran_on or repeats(heard.text) or heard.average_logprob < _UNSURE):
            return heard
        self.retries += 1
        heard = self._attempt(pcm, FULL_FRAMES, heard.language, prefix, token)
        if not _is_speech(heard):
            return replace(heard, text="", token_ids=(), language=language or self._language)
        text = without_repeats(heard.text).rstrip()
        return heard if text == heard.text else replace(heard, text=text, token_ids=())

    def words(self, heard: Hypothesis, token: CancelToken) -> tuple[Word, ...]:
        """Find when each word of `heard` was said, in seconds from the window's start.

        Costs about 1 ms a token. Words keep their leading space, if their language has any.
        """
        if not heard.token_ids or heard.language is None:
            return ()
        tokenizer = self._tokenizer(heard.language)
        with self._timed(token):
            found = self._whisper.find_alignment(
                tokenizer, [list(heard.token_ids)], heard.encoded, heard.frames
            )
        return tuple(_as_words(found[0]))

    def segments(self, pcm: Samples, token: CancelToken) -> Iterator[Segment]:
        """Recognize sound of any length with word times, 30 s at a time; yields what it has as it goes.

        Slower and surer than `decode`: beam search, and stretches without speech are left out.
        """
        found, info = self._whisper.transcribe(
            pcm,
            language=self._language,
            word_timestamps=True,
            vad_filter=True,
            condition_on_previous_text=False,  # what it said before leads it into loops
        )
        for segment in found:
            token.raise_if_cancelled()
            words = tuple(
                Word(word.word.strip(), float(word.start), float(word.end)) for word in segment.words or ()
            )
            text = _NOT_SPOKEN.sub("", segment.text).strip()
            if any(character.isalnum() for character in text):
                yield Segment(text, float(segment.start), float(segment.end), words, info.language)

    def _attempt(
        self, pcm: Samples, frames: int, language: str | None, prefix: str, token: CancelToken
    ) -> Hypothesis:
        features = self._log_mel(pcm)
        with self._timed(token):
            encoded = self._whisper.encode(_padded(features, frames))
        if language is None:
            language = self._language or self._detect(encoded, token)
        tokenizer = self._tokenizer(language)
        known = tokenizer.encode(prefix)
        prompt = [*tokenizer.sot_sequence, *((tokenizer.timestamp_begin, *known) if known else ())]
        seconds = len(pcm) / INPUT_RATE_HZ
        most_tokens = _TOKENS_BESIDE + round(_TOKENS_PER_S * seconds)
        with self._timed(token):
            # With timestamps the model says where the speech ends, and loops far less than without:
            # 1 of 252 short questions came twice, against 9 to 18.
            result = self._whisper.model.generate(
                encoded,
                [prompt],
                beam_size=1,
                max_length=len(prompt) + most_tokens,
                return_scores=True,
                return_no_speech_prob=True,
            )[0]
        ids = result.sequences_ids[0]  # the known tokens are among them
        spoken = tuple(_tokens_within(ids, tokenizer, seconds))
        return Hypothesis(
            text=_NOT_SPOKEN.sub("", tokenizer.decode(spoken)).rstrip(),
            # CTranslate2's score is the mean over the tokens; the end token was predicted, too.
            average_logprob=result.scores[0] * len(ids) / (len(ids) + 1),
            no_speech_probability=result.no_speech_prob,
            language=language,
            token_ids=spoken,
            encoded=encoded,
            frames=features.shape[1],
            ran_on=len(ids) >= len(known) + most_tokens,
        )

    def _detect(self, encoded: Any, token: CancelToken) -> str:
        with self._timed(token):
            (ranking,) = self._whisper.model.detect_language(encoded)
        likeliest: str = ranking[0][0]
        return likeliest.strip("<|>")

    def _tokenizer(self, language: str) -> Tokenizer:
        if language not in self._tokenizers:
            self._tokenizers[language] = Tokenizer(
                self._whisper.hf_tokenizer, self._multilingual, task="transcribe", language=language
            )
        return self._tokenizers[language]

    @contextmanager
    def _timed(self, token: CancelToken) -> Iterator[None]:
        """Wrap a call of CTranslate2: raise `Cancelled` before and after it, and count time spent in vain."""
        token.raise_if_cancelled()
        start_s = perf_counter()
        yield
        if token.cancelled:
            self.dropped_s += perf_counter() - start_s
        token.raise_if_cancelled()


def _load(folder: Path, threads: int) -> WhisperModel:
    # A missing tokenizer would be looked for on the network.
    missing = [
        name for name in ("model.bin", "config.json", "tokenizer.json") if not (folder / name).is_file()
    ]
    if missing:
        raise UserError(
            f"The recognizer's folder {folder} lacks {', '.join(missing)}.",
            "Fetch it with `edge-audio models fetch`, or give the folder of a CTranslate2 Whisper model.",
        )
    try:
        return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
    except Exception as error:  # CTranslate2 and tokenizers raise bare exceptions for broken files
        raise UserError(
            f"The recognizer in {folder} can't be loaded: {error}.",
            "Check it with `edge-audio models verify`, and fetch it again.",
        ) from error


def _padded(features: Features, frames: int) -> Features:
    """Lengthen `features` with silence to `frames` mel frames: silence is their lowest value."""
    missing = frames - features.shape[1]
    return np.pad(features, ((0, 0), (0, missing)), constant_values=float(features.min()))


def _is_speech(heard: Hypothesis) -> bool:
    if not any(character.isalnum() for character in heard.text):
        return False
    unsure = heard.average_logprob < _UNSURE
    return heard.no_speech_probability < (_DOUBTFUL_SPEECH if unsure else _NO_SPEECH)


def _tokens_within(ids: list[int], tokenizer: Tokenizer, seconds: float) -> Iterator[int]:
    """Yield the text tokens of segments that start before the sound ends: later ones are made up."""
    for token_id in ids:
        if token_id >= tokenizer.timestamp_begin:
            if (token_id - tokenizer.timestamp_begin) * _TIMESTAMP_S >= seconds:
                return
        elif token_id < tokenizer.eot:
            yield token_id


def _as_words(found: list[dict[str, Any]]) -> Iterator[Word]:
    """Join punctuation to the word before it."""
    word: Word | None = None
    for piece in found:
        text = str(piece["word"])
        if word is not None and not any(character.isalnum() for character in text):
            word = replace(word, text=word.text + text)
            continue
        if word is not None:
            yield word
        word = Word(text, float(piece["start"]), float(piece["end"]))
    if word is not None:
        yield word
