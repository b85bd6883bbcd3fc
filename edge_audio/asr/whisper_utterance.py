"""An utterance on its way through Whisper: partial transcripts, the beginning settled as it grows."""

import asyncio
from dataclasses import replace

import numpy as np

from edge_audio.asr.recognizer import Transcript, Utterance, Word
from edge_audio.asr.settling import Progress, agreed_words, shifted, stable_words
from edge_audio.asr.whisper_decoder import WINDOW_S, WhisperDecoder
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from runtime.worker import CancelToken, Lane

_WINDOW = round(WINDOW_S * INPUT_RATE_HZ)

_SETTLE_FROM = 5 * INPUT_RATE_HZ
"""Unsettled sound shorter than this is recognized as a whole each time: most questions are no longer."""


class WhisperUtterance(Utterance):
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
        return Transcript(now.text.strip(), words, now.language)

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
        found = self._decoder.decode(window, token, language=now.language, prefix=now.prefix)
        words: tuple[Word, ...] = ()
        if self._word_times or len(window) >= _SETTLE_FROM:
            words = shifted(self._decoder.words(found, token)[now.carried :], now.start / INPUT_RATE_HZ)
        return replace(
            now,
            open=words,
            open_text=found.text.removeprefix(now.prefix),
            language=now.language if now.settled else found.language,
        )
