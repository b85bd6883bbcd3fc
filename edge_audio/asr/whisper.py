"""Whisper as a `Recognizer`: partial transcripts of a growing utterance, its beginning settled as it goes."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_audio.asr.recognizer import Transcript, Word
from edge_audio.asr.settling import agreed_words, last_sentence, quiet_place, shifted, stable_words
from edge_audio.asr.whisper_decoder import WINDOW_S, Hypothesis, Segment, WhisperDecoder
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from runtime.worker import CancelToken, Lane

_WINDOW = round(WINDOW_S * INPUT_RATE_HZ)

_SETTLE_FROM = 5 * INPUT_RATE_HZ
"""Unsettled sound shorter than 5 s is recognized as a whole each time, which is surest; questions are short."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """What was made of the sound that is not settled yet."""

    settled: tuple[Word, ...]
    """Words that won't change any more, with their leading spaces; times from the unsettled sound's begin."""
    dropped: int
    """Samples from the begin of the unsettled sound that are no longer needed."""
    open_words: tuple[Word, ...]
    """The words behind `settled`, if their times were looked for; times from what is left of the sound."""
    open_text: str
    """The text behind `settled`."""
    language: str


class WhisperUtterance:
    """An `Utterance`. See `WhisperRecognizer.open`."""

    def __init__(self, decoder: WhisperDecoder, lane: Lane, *, word_times: bool) -> None:
        self._decoder = decoder
        self._lane = lane
        self._word_times = word_times
        self._turn = asyncio.Lock()  # one call at a time: each goes on from what the one before settled
        self._unsettled: list[Samples] = []
        self._settled_samples = 0
        self._settled_text = ""
        self._settled_words: tuple[Word, ...] = ()
        self._open_words: tuple[Word, ...] = ()
        self._language: str | None = None

    def feed(self, pcm: Samples) -> None:
        """See `Utterance.feed`."""
        self._unsettled.append(pcm)

    async def transcribe(self) -> Transcript:
        """See `Utterance.transcribe`. A cancelled call changes nothing."""
        async with self._turn:
            pcm = self._gather()
            before, language = self._open_words, self._language
            heard = await self._lane.run(lambda token: self._listen(pcm, before, language, token))
            self._settle(heard)
            words: tuple[Word, ...] = ()
            if self._word_times:
                offset_s = self._settled_samples / INPUT_RATE_HZ
                words = _trimmed((*self._settled_words, *shifted(heard.open_words, offset_s)))
            return Transcript((self._settled_text + heard.open_text).strip(), words, heard.language)

    def _gather(self) -> Samples:
        pcm = np.concatenate(self._unsettled) if self._unsettled else np.zeros(0, np.float32)
        self._unsettled = [pcm]
        return pcm

    def _settle(self, heard: _Heard) -> None:
        self._unsettled = [self._gather()[heard.dropped :]]
        self._settled_words += shifted(heard.settled, self._settled_samples / INPUT_RATE_HZ)
        self._settled_text += "".join(word.text for word in heard.settled)
        self._settled_samples += heard.dropped
        self._open_words = heard.open_words
        if heard.settled:
            self._language = heard.language

    def _listen(
        self, pcm: Samples, before: Sequence[Word], language: str | None, token: CancelToken
    ) -> _Heard:
        """On the lane: recognize `pcm` window by window, settling all but the last.

        In the last window only words settle that `before`, the transcript of the call before, has, too.
        """
        settled: list[Word] = []
        dropped = 0
        while len(pcm) - dropped > _WINDOW:
            heard = self._decoder.decode(pcm[dropped:], token, language=language)
            words, used = self._settle_window(heard, pcm[dropped : dropped + _WINDOW], token)
            settled.extend(shifted(words, dropped / INPUT_RATE_HZ))
            dropped += used
            before = ()
        rest = pcm[dropped:]
        heard = self._decoder.decode(rest, token, language=language)
        if len(rest) < _SETTLE_FROM and not self._word_times:
            return _Heard(tuple(settled), dropped, (), heard.text, heard.language)
        words = self._decoder.words(heard, token)
        end_s = len(rest) / INPUT_RATE_HZ
        count = min(stable_words(words, end_s), agreed_words(words, before))
        count = last_sentence(words, count)
        if count == 0 or len(rest) < _SETTLE_FROM:
            return _Heard(tuple(settled), dropped, words, heard.text, heard.language)
        used = quiet_place(rest, words[count - 1].end_s)
        settled.extend(shifted(words[:count], dropped / INPUT_RATE_HZ))
        return _Heard(
            tuple(settled),
            dropped + used,
            shifted(words[count:], -used / INPUT_RATE_HZ),
            "".join(word.text for word in words[count:]),
            heard.language,
        )

    def _settle_window(
        self, heard: Hypothesis, pcm: Samples, token: CancelToken
    ) -> tuple[tuple[Word, ...], int]:
        """Settle what is certain in a full window that has more sound behind it; return it and its length."""
        end_s = len(pcm) / INPUT_RATE_HZ
        words = self._decoder.words(heard, token)
        count = last_sentence(words, stable_words(words, end_s))
        if count:
            return words[:count], quiet_place(pcm, words[count - 1].end_s)
        if not heard.text:
            return (), len(pcm) - INPUT_RATE_HZ  # no speech, but some may just begin
        return (Word(heard.text, 0.0, end_s),), len(pcm)  # no telling which word is where


class WhisperRecognizer:
    """A `Recognizer` on faster-whisper (CTranslate2), for any of Whisper's models in that format."""

    def __init__(
        self, folder: Path, lane: Lane, *, language: str = "en", threads: int = 2, word_times: bool = False
    ) -> None:
        """Load the model in `folder` (blocks for half a second).

        `language` is an ISO 639-1 code, or `auto`. With `word_times` every transcript has the times of its
        words, for about 1 ms a word. Raises `UserError` if there is no model, or it doesn't know the
        language. The lane belongs to the recognizer and is closed with it.
        """
        self.name = folder.name
        self._decoder = WhisperDecoder(folder, threads=threads, language=language)
        self._lane = lane
        self._word_times = word_times

    @property
    def dropped_s(self) -> float:
        """Seconds computed in vain: a cancelled call ends only after CTranslate2's current step."""
        return self._decoder.dropped_s

    @property
    def retries(self) -> int:
        """Times that a transcript went in circles, or was unsure, and was made again with full padding."""
        return self._decoder.retries

    def open(self) -> WhisperUtterance:
        """See `Recognizer.open`."""
        return WhisperUtterance(self._decoder, self._lane, word_times=self._word_times)

    async def warm_up(self) -> None:
        """See `Recognizer.warm_up`."""
        noise = np.random.default_rng(0).normal(0.0, 0.01, INPUT_RATE_HZ).astype(np.float32)
        await self._lane.run(lambda token: self._decoder.decode(noise, token))

    def transcribe_file(self, pcm: Samples, token: CancelToken | None = None) -> Iterator[Segment]:
        """Recognize a whole recording at 16 kHz, a segment at a time. Blocks: iterate it on a lane."""
        return self._decoder.segments(pcm, token or CancelToken())

    async def close(self) -> None:
        """See `Recognizer.close`."""
        self._lane.close()


def _trimmed(words: Sequence[Word]) -> tuple[Word, ...]:
    return tuple(Word(word.text.strip(), word.start_s, word.end_s) for word in words)
