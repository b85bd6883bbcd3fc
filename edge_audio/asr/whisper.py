"""Whisper as a `Recognizer`: partial transcripts of a growing utterance, its beginning settled as it goes."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge_audio.asr.recognizer import Transcript, Word
from edge_audio.asr.settling import Progress, agreed_words, shifted, stable_words
from edge_audio.asr.whisper_decoder import WINDOW_S, Segment, WhisperDecoder
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from runtime.worker import CancelToken, Lane

_WINDOW = round(WINDOW_S * INPUT_RATE_HZ)

_SETTLE_FROM = 5 * INPUT_RATE_HZ
"""Unsettled sound shorter than this is recognized as a whole each time: most questions are no longer."""


class WhisperUtterance:
    """An `Utterance`. See `WhisperRecognizer.open`."""

    def __init__(self, decoder: WhisperDecoder, lane: Lane, *, word_times: bool) -> None:
        self._decoder = decoder
        self._lane = lane
        self._word_times = word_times
        self._turn = asyncio.Lock()  # one call at a time: each goes on from what the one before settled
        self._sound: list[Samples] = []
        self._progress = Progress()

    def feed(self, pcm: Samples) -> None:
        """See `Utterance.feed`."""
        self._sound.append(pcm)

    async def transcribe(self, *, partial: bool = False) -> Transcript:
        """See `Utterance.transcribe`. A cancelled call changes nothing."""
        async with self._turn:
            before = self._progress
            pcm = self._needed_sound()
            now = await self._lane.run(lambda token: self._listen(before, pcm, token))
            self._sound = [self._needed_sound()[now.start - before.start :]]
            self._progress = now
        words = now.settled + now.open if self._word_times else ()
        words = tuple(Word(word.text.strip(), word.start_s, word.end_s) for word in words)
        return Transcript(now.text.strip(), words, now.language or "en")

    def _needed_sound(self) -> Samples:
        pcm = np.concatenate(self._sound) if self._sound else np.zeros(0, np.float32)
        self._sound = [pcm]
        return pcm

    def _listen(self, now: Progress, pcm: Samples, token: CancelToken) -> Progress:
        """On the lane: recognize `pcm`, the sound from `now.start` on, window by window."""
        end = now.start + len(pcm)
        while end - now.start > _WINDOW:
            window = pcm[now.start - end :][:_WINDOW]
            heard = self._listen_to(window, now, token)
            stable = stable_words(heard.open, (now.start + _WINDOW) / INPUT_RATE_HZ)
            now = heard.settle(stable, window) if stable else heard.settle_all(window)
        window = pcm[now.start - end :] if end > now.start else pcm[:0]
        heard = self._listen_to(window, now, token)
        if len(window) < _SETTLE_FROM:
            return heard
        certain = min(stable_words(heard.open, end / INPUT_RATE_HZ), agreed_words(heard.open, now.open))
        return heard.settle(certain, window) if certain else heard

    def _listen_to(self, window: Samples, now: Progress, token: CancelToken) -> Progress:
        """Recognize `window`, which begins at `now.start`."""
        found = self._decoder.decode(window, token, language=now.language, begin=now.begin)
        words: tuple[Word, ...] = ()
        if self._word_times or len(window) >= _SETTLE_FROM:
            words = shifted(self._decoder.words(found, token)[now.carried :], now.start / INPUT_RATE_HZ)
        return replace(
            now,
            open=words,
            open_text=found.text.removeprefix(now.begin),
            language=now.language if now.settled else found.language,
        )


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
