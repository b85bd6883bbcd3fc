"""A reply in the making: chat model, clauses, voice, held audio."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from edge_audio.audio.frame import AUDIBLE, Samples
from edge_audio.audio.resample import StreamResampler
from edge_audio.dialogue.opening import Opening
from edge_audio.dialogue.spoken import SpokenText
from edge_audio.events import Part
from edge_audio.llm.chat_model import ChatModelError, TextDelta
from edge_audio.priority import Priority
from edge_audio.text.apology import apology
from edge_audio.text.clauses import Clause, ClauseSplitter
from edge_audio.text.words import first_words, joined, last_words, spoken_letters
from edge_audio.tts.ahead import Line, speak_ahead
from edge_audio.tts.voice import Style, Voice, VoiceError
from runtime.channel import Channel
from runtime.urgency import Urgency

_log = logging.getLogger(__name__)

_SLICE_MS = 100
"""Held audio is kept in slices of this length, so that its bound is kept to the slice."""

_AHEAD_LETTERS = 20
"""Text that is spoken before it is known whether the reply is wanted: 1.2 s of speech, in which there is time
to make more. Who still listens to the user needs the processor by then. See `spoken_letters`."""

_JUST_SAID = 12
"""Words heard lately that an echo may hold: some 5 s of speech."""

_ABOUT_TO_SAY = 3
"""Words after these that it may hold: they are handed out but not heard yet."""


class ReplyWatcher(Protocol):
    """Follows the making of a reply. Called on the loop; must not wait."""

    def reply_text(self, reply: "Reply") -> None:
        """There is more text."""
        ...

    def reply_audio(self, reply: "Reply") -> None:
        """There is more held audio."""
        ...

    def reply_made(self, reply: "Reply") -> None:
        """All of it is there, or `error` says why not."""
        ...


@dataclass(slots=True)
class ReplyTimes:
    """When a reply passed its stages, in session seconds; None for what hasn't happened."""

    started_s: float
    first_text_s: float | None = None
    first_clause_s: float | None = None
    first_audio_s: float | None = None


@dataclass(frozen=True, slots=True)
class Speaking:
    """What replies are spoken with."""

    voice: Voice
    style: Style
    output_rate_hz: int
    """Rate of the speaker."""
    held_ms: int
    """How much of a reply is rendered ahead of what was taken."""
    language: str | None = None
    """ISO 639-1 code of replies, where neither the user's turn nor the script shows it."""


class Reply:
    """One answer and everything made for it, under one epoch.

    Audio is held at the speaker's rate, at most `Speaking.held_ms` ahead of what was taken; the making waits
    there. Nothing leaves this object before the controller commits it.
    """

    def __init__(
        self, epoch: int, speaking: Speaking, time_s: Callable[[], float], watcher: ReplyWatcher
    ) -> None:
        """Begin with nothing; `time_s` is session time."""
        self.epoch = epoch
        self.text = ""
        """All that the chat model has written so far, without the tags before it."""
        self.held: Channel[Samples] = Channel(max(1, speaking.held_ms // _SLICE_MS))
        """Sound that waits to be played, in order; closed when the reply is complete."""
        self.spoken = SpokenText()
        self._wanted = asyncio.Event()
        self.error: str | None = None
        """Why it is incomplete, for the user; None if nothing failed."""
        self.error_part: Part | None = None
        """Where it failed: the chat model or the voice."""
        self.made = False
        """True once `make` has come to its end."""
        self.times = ReplyTimes(time_s())
        self.urgency = Urgency(Priority.SPECULATION)
        """Of its making."""
        self.first_audible: int | None = None
        """Index of its first sample that counts as audible."""
        self._languages: tuple[str | None, ...] = (speaking.language, speaking.voice.language)
        self._voice = speaking.voice
        self._style = speaking.style
        self._opening = Opening()
        self._rate_hz = speaking.output_rate_hz
        self._resampler = StreamResampler(speaking.voice.sample_rate_hz, self._rate_hz)
        self._slice = self._rate_hz * _SLICE_MS // 1000
        self._time_s = time_s
        self._watcher = watcher

    @property
    def committed(self) -> bool:
        """True once the turn's end was decided in its favour: only then may it be heard or seen."""
        return self._wanted.is_set()

    def commit(self) -> None:
        """Let it be heard and seen, and made to its end, before all else."""
        self.urgency.level = Priority.REPLY
        self._wanted.set()

    def saying(self, heard_ms: float) -> str:
        """Return the words that were said last when `heard_ms` of it had been heard, and the next ones."""
        heard = self.spoken.heard(self.text, round(heard_ms * self._rate_hz / 1000))
        to_come = self.text[len(heard) :]
        return f"{last_words(heard, _JUST_SAID)} {first_words(to_come, _ABOUT_TO_SAY)}"

    async def make(self, deltas: AsyncGenerator[TextDelta, None], asked_in: str | None = None) -> None:
        """Speak `deltas` into `held`, to the end. Cancelling it stops chat model and voice.

        `asked_in` is the code of the user's language, None where it isn't known: the reply is taken to be in
        it if its script may be.
        """
        self._languages = (asked_in, *self._languages)
        try:
            async with (
                aclosing(deltas),
                aclosing(self._lines(deltas)) as lines,
                aclosing(speak_ahead(self._voice, lines)) as chunks,
            ):
                async for chunk in chunks:
                    await self._hold(self._resampler.push(chunk.pcm), chunk.text_start, chunk.text_end)
            await self._hold(self._resampler.flush(), len(self.text), len(self.text))
            if not self.spoken.samples and self.error is None:
                raise VoiceError("The reply has nothing in it that can be said.")
        except Exception as failure:  # whatever an adapter raises, the conversation goes on
            self._fail(Part.TTS, _explain("voice", failure))
        self.made = True
        self.held.close()
        self._watcher.reply_made(self)

    def _fail(self, part: Part, error: str) -> None:
        """Take note of the exception that is being handled."""
        _log.debug("reply %d failed: %s", self.epoch, error, exc_info=True)
        self.error, self.error_part = error, part

    async def _lines(self, deltas: AsyncGenerator[TextDelta, None]) -> AsyncGenerator[Line, None]:
        """Yield each clause as soon as it is written, and how to say it."""
        splitter = ClauseSplitter(*self._languages)
        async with aclosing(self._written(deltas)) as texts:
            async for text in texts:
                self._add_text(text)
                for clause in splitter.push(text):
                    yield self._line(clause)
                    said = self.text[: clause.text_start + len(clause.text)]
                    if spoken_letters(said) >= _AHEAD_LETTERS:
                        await self._wanted.wait()
        for clause in splitter.flush():
            yield self._line(clause)

    def _line(self, clause: Clause) -> Line:
        if self.times.first_clause_s is None:
            self.times.first_clause_s = self._time_s()
        return clause, self._opening.style(self._style, self._voice)

    async def _written(self, deltas: AsyncGenerator[TextDelta, None]) -> AsyncGenerator[str, None]:
        """Yield the text as it is written; a failure ends in an apology if an answer is owed by then."""
        try:
            async for delta in deltas:
                if text := self._opening.push(delta.text):
                    yield text
            if text := self._opening.flush():
                yield text
            if not self.text.strip():
                raise ChatModelError("The chat model gave an empty answer.")
        except Exception as failure:  # as above
            self._fail(Part.LLM, _explain("chat model", failure))
            if self.committed:
                sorry = apology(self._voice.language, *self._languages)
                yield joined(self.text, sorry).removeprefix(self.text)

    def _add_text(self, text: str) -> None:
        if self.times.first_text_s is None:
            self.times.first_text_s = self._time_s()
        self.text += text
        self._watcher.reply_text(self)

    async def _hold(self, pcm: Samples, text_start: int, text_end: int) -> None:
        if not len(pcm):
            return
        if self.first_audible is None:
            audible = (abs(pcm) >= AUDIBLE).nonzero()[0]
            if len(audible):
                self.first_audible = self.spoken.samples + int(audible[0])
        self.spoken.append(len(pcm), text_start, text_end)
        for start in range(0, len(pcm), self._slice):
            await self.held.put(pcm[start : start + self._slice])
            if self.times.first_audio_s is None:
                self.times.first_audio_s = self._time_s()
            self._watcher.reply_audio(self)


def _explain(part: str, failure: Exception) -> str:
    """One sentence for the user: adapters' own errors as they are, others with where they came from."""
    if isinstance(failure, ChatModelError | VoiceError):
        return str(failure)
    return f"The {part} failed: {failure or type(failure).__name__}."
