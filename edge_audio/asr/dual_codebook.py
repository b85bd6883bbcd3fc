"""Speech as audio tokens for a chat model that hears them, beside a recognizer's words or without any."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing

import numpy as np

from edge_audio.asr.recognizer import Recognizer, Segment, Transcript, Utterance
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.step_audio.features.loudness import QUIETEST_PEAK
from edge_audio.step_audio.tokenizer.dual import DualSession, DualTokenizer
from runtime.worker import CancelToken, Lane

_SLICE = INPUT_RATE_HZ // 2
"""About how much the tokenizer takes at once; a cancelled call doesn't lose what it has taken."""


class DualCodebookUtterance(Utterance):
    """An `Utterance`. See `DualCodebookRecognizer.open`."""

    def __init__(self, session: DualSession, lane: Lane, words: Utterance | None) -> None:
        self._session = session
        self._lane = lane
        self._words = words
        self._waiting: deque[Samples] = deque()
        self._ids: list[int] = []

    @property
    def peak(self) -> float:
        """The largest magnitude so far."""
        return self._session.peak

    def feed(self, pcm: Samples) -> None:
        """See `Utterance.feed`."""
        self._waiting.append(pcm)
        if self._words is not None:
            self._words.feed(pcm)

    async def transcribe(self, *, partial: bool = False) -> Transcript:
        """See `Utterance.transcribe`. Words and tokens are computed side by side."""
        computing = asyncio.ensure_future(self._lane.run(self._keep_up if partial else self._all_ids))
        try:
            heard = Transcript(None)
            if self._words is not None:
                heard = await self._words.transcribe(partial=partial)
            audio_ids = await computing
        finally:
            computing.cancel()
        return Transcript(heard.text, heard.words, heard.language, audio_ids)

    # On the lane's thread.

    def _keep_up(self, token: CancelToken) -> None:
        """Tokenize what waits. A session that is stopped loses codes, so a fork takes each slice."""
        while self._waiting:
            pieces = list(self._waiting)
            ends = np.cumsum([len(piece) for piece in pieces])
            pieces = pieces[: int(np.searchsorted(ends, _SLICE)) + 1]
            session = self._session.fork()
            ids = session.feed(np.concatenate(pieces), token)
            self._session = session
            self._ids.extend(map(int, ids))
            for _ in pieces:
                self._waiting.popleft()

    def _all_ids(self, token: CancelToken) -> tuple[int, ...]:
        """Return the tokens of all that was fed, as if the utterance ended here."""
        self._keep_up(token)
        return (*self._ids, *map(int, self._session.fork().finish(token)))


class DualCodebookRecognizer(Recognizer):
    """A `Recognizer` whose transcripts hold audio tokens, and words where a recognizer for them is given."""

    def __init__(self, tokenizer: DualTokenizer, lane: Lane, words: Recognizer | None = None) -> None:
        """The lane, and `words`, belong to it and are closed with it."""
        self.name = "dual-codebook" if words is None else f"{words.name} and dual-codebook"
        self._tokenizer = tokenizer
        self._lane = lane
        self._words = words
        self._latest: DualCodebookUtterance | None = None

    def open(self) -> DualCodebookUtterance:
        """See `Recognizer.open`. It starts at the level of the utterance before: mostly the same speaker."""
        peak = QUIETEST_PEAK if self._latest is None else self._latest.peak
        words = None if self._words is None else self._words.open()
        self._latest = DualCodebookUtterance(self._tokenizer.session(peak=peak), self._lane, words)
        return self._latest

    def session(self) -> "DualCodebookRecognizer":
        """See `Recognizer.session`. The level of the last utterance is the conversation's own."""
        words = None if self._words is None else self._words.session()
        return DualCodebookRecognizer(self._tokenizer, self._lane, words)

    async def transcribe(self, pcm: Samples) -> AsyncGenerator[Segment, None]:
        """See `Recognizer.transcribe`. Yields nothing without a recognizer for words."""
        if self._words is not None:
            async with aclosing(self._words.transcribe(pcm)) as segments:
                async for segment in segments:
                    yield segment

    async def warm_up(self) -> None:
        """See `Recognizer.warm_up`."""
        noise = np.random.default_rng(0).normal(0.0, 0.01, INPUT_RATE_HZ).astype(np.float32)
        utterance = DualCodebookUtterance(self._tokenizer.session(), self._lane, None)
        utterance.feed(noise)
        await utterance.transcribe()
        if self._words is not None:
            await self._words.warm_up()

    async def close(self) -> None:
        """See `Recognizer.close`."""
        self._lane.close()
        if self._words is not None:
            await self._words.close()
