"""Transcribing: when the recognizer is asked what the user is saying, and what it answers."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from edge_audio.asr.recognizer import Recognizer, Transcript, Utterance
from edge_audio.audio.frame import Samples
from edge_audio.events import Code, Event, Heard, Notice, Part
from edge_audio.priority import Priority
from edge_audio.text.script import language_of
from edge_audio.text.turn_end import looks_unfinished
from runtime.actor import Actor
from runtime.latest import LatestTask
from runtime.trace import Trace
from runtime.urgency import Urgency

_log = logging.getLogger(__name__)


class _Unheard(Utterance):
    """An utterance that the recognizer could not take: asking for its words says why."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    def feed(self, pcm: Samples) -> None:
        """Take sound that nobody hears."""

    async def transcribe(self, *, partial: bool = False) -> Transcript:
        """Raise the failure."""
        raise self._failure


@dataclass(slots=True)
class _Dip:
    """A short silence within speech, which may become a pause: its transcript is made in advance."""

    asked: bool = False
    heard: Transcript | None = None


@dataclass(frozen=True, slots=True)
class TranscribingSettings:
    """When the recognizer is asked, and what it expects to hear; see `edge_audio.config`."""

    partial_every_ms: int = 300
    """A partial transcript at most this often while the user speaks."""
    settle_ms: int = 150
    """So soon after one that reads complete: if it stays the same, they may have said all."""
    dip_ms: int = 32
    """Silence at which the transcript is begun, so that it is there when the silence counts as a pause."""
    sure_dip_ms: int = 64
    """Silence at which it is begun even if the recognizer is at work, whose result is given up then."""
    language: str | None = None
    """ISO 639-1 code of what is said, where the recognizer doesn't know; None if nothing does."""


class Transcribing:
    """Follows one utterance at a time through the recognizer.

    An utterance begins with `begin` and takes all sound until `end`. Transcripts of a growing one are
    reported as they come; that of the whole turn at a pause goes to `on_turn`.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        report: Callable[[Event], None],
        trace: Trace,
        settings: TranscribingSettings,
    ) -> None:
        """`recognizer` is the conversation's session; `report` is called on the loop and must not wait."""
        self.on_turn: Callable[[Heard], None] = report
        """Takes the transcript of the turn up to a pause."""
        self._recognizer = recognizer
        self._report = report
        self._trace = trace
        self._settings = settings
        self._task = LatestTask()
        self._utterance: Utterance | None = None
        self._pause: int | None = None
        """The pause that the user is in; None while they speak."""
        self._dip = _Dip()
        self._since_partial_ms = 0.0
        self._reads_complete = False

    @property
    def active(self) -> bool:
        """True while an utterance is open."""
        return self._utterance is not None

    def actor(self) -> Actor:
        """Return what must run for transcripts to be made."""
        return Actor("transcriber", self._task.run)

    def begin(self, heard: Iterable[Samples]) -> None:
        """Open an utterance that starts with what was `heard` just before."""
        try:
            self._utterance = self._recognizer.open()
        except Exception as failure:
            self._utterance = _Unheard(failure)
        for pcm in heard:
            self.feed(pcm)

    def feed(self, pcm: Samples) -> None:
        """Append sound at 16 kHz to the utterance, if one is open."""
        if self._utterance is not None:
            try:
                self._utterance.feed(pcm)
            except Exception as failure:
                self._utterance = _Unheard(failure)

    def end(self) -> None:
        """Forget the utterance and what is being computed for it."""
        self._utterance = None
        self._task.drop()

    def speech_started(self) -> None:
        """The user speaks, maybe after a pause: what was being computed is void."""
        self._task.drop()
        self._pause = None
        self._dip = _Dip()
        self._since_partial_ms = 0.0
        self._reads_complete = False

    def speech_goes_on(self, frame_ms: float, silence_ms: float) -> None:
        """Another frame has passed in which the user speaks; `silence_ms` is how long it has been silent."""
        if self._utterance is None:
            return
        self._since_partial_ms += frame_ms
        if silence_ms == 0 and self._dip.asked:
            self._dip = _Dip()
        dip_ms = self._settings.sure_dip_ms if self._task.busy else self._settings.dip_ms
        if silence_ms >= dip_ms and not self._dip.asked:
            self._transcribe(self._utterance)
        # No partial where speech may just be ending: the recognizer must be free for the dip.
        elif silence_ms == 0 and self._partial_is_due:
            self._since_partial_ms = 0.0
            self._transcribe_partly(self._utterance)

    def speech_paused(self, pause: int) -> None:
        """The silence counts as a pause of that number: its transcript is due."""
        if self._utterance is None:
            return
        self._pause = pause
        if self._dip.heard is not None:
            self._turn_heard(self._dip.heard, pause)
        elif not self._dip.asked:
            self._transcribe(self._utterance)

    @property
    def _partial_is_due(self) -> bool:
        settings = self._settings
        every_ms = settings.settle_ms if self._reads_complete else settings.partial_every_ms
        return self._since_partial_ms >= every_ms and not self._task.busy

    def _transcribe_partly(self, utterance: Utterance) -> None:
        """Recognize what was said so far, while the user speaks on."""

        async def transcribe() -> None:
            heard = await self._recognize(utterance, partial=True)
            if self._utterance is utterance and heard.text is not None:
                language = self._language_of(heard)
                self._reads_complete = bool(heard.text) and looks_unfinished(heard.text, language) is False
                self._report(Heard(heard.text, language=language))

        self._task.ask(transcribe)

    def _transcribe(self, utterance: Utterance) -> None:
        """Recognize what was said so far: all of the turn if its dip has become a pause by the end."""
        dip = self._dip
        dip.asked = True

        async def transcribe() -> None:
            dip.heard = await self._recognize(utterance, partial=False)
            if self._utterance is not utterance:
                return
            if self._pause is not None and self._dip is dip:
                self._turn_heard(dip.heard, self._pause)
            elif dip.heard.text is not None:
                self._report(Heard(dip.heard.text, language=self._language_of(dip.heard)))

        self._task.ask(transcribe)

    async def _recognize(self, utterance: Utterance, *, partial: bool) -> Transcript:
        """Return the transcript; an empty one if that fails, which must not end the conversation."""
        Urgency(Priority.PARTIAL if partial else Priority.TRANSCRIPT, self).use()
        try:
            with self._trace.span("asr"):
                heard = await utterance.transcribe(partial=partial)
                if not isinstance(heard, Transcript) or not isinstance(heard.text, str | None):
                    raise TypeError(f"{heard!r} is no transcript")
                return heard if heard.text is None else replace(heard, text=heard.text.strip())
        except Exception as failure:
            _log.debug("the recognizer failed", exc_info=True)
            self._report(Notice(f"The recognizer failed: {failure}", True, Part.ASR, Code.FAILED))
            return Transcript("")

    def _turn_heard(self, heard: Transcript, pause: int) -> None:
        self.on_turn(Heard(heard.text, pause, heard.audio_ids, self._language_of(heard)))

    def _language_of(self, heard: Transcript) -> str | None:
        return language_of(heard.text or "", heard.language, self._settings.language)
