"""The listener: frames in; who speaks, what they say and whether they have finished out."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edge_audio.asr.recognizer import Recognizer, Transcript, Utterance
from edge_audio.audio.frame import FRAME_SAMPLES, INPUT_RATE_HZ, Frame, Samples
from edge_audio.events import (
    Code,
    Event,
    Heard,
    Level,
    Notice,
    Part,
    SpeechPaused,
    SpeechStarted,
    TurnEndJudged,
)
from edge_audio.priority import Priority
from edge_audio.text.script import language_of
from edge_audio.text.turn_end import looks_unfinished
from edge_audio.turns.detectors import EndOfTurnModel, SpeechSession
from edge_audio.turns.session_clock import SessionClock
from edge_audio.turns.tracker import SpeechTracker
from runtime.actor import Actor
from runtime.channel import Channel
from runtime.latest import LatestTask
from runtime.trace import Trace
from runtime.urgency import Urgency

_log = logging.getLogger(__name__)

FRAMES_PER_S = INPUT_RATE_HZ // FRAME_SAMPLES

_PRE_ROLL_FRAMES = 16
"""Kept before the onset (320 ms): the detector notices speech late, and soft first consonants not at all."""

_JUDGED_FRAMES = 8 * FRAMES_PER_S
"""The end-of-turn model hears the last 8 s of a turn (its model card)."""

_LEVEL_EVERY_FRAMES = 5


@dataclass(slots=True)
class _Dip:
    """A short silence within speech, which may become a pause: its transcript is made in advance."""

    asked: bool = False
    heard: Transcript | None = None


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """Times of the listener, and what it expects to hear; see `edge_audio.config`."""

    partial_every_ms: int = 300
    """A partial transcript at most this often while the user speaks."""
    settle_ms: int = 150
    """So soon after one that reads whole: if it stays the same, they may have said all they want to say."""
    dip_ms: int = 32
    """Silence at which the transcript is begun, so that it is there when the silence counts as a pause."""
    sure_dip_ms: int = 64
    """Silence at which it is begun even if the recognizer is at work, whose result is given up then."""
    judge_again_ms: tuple[int, ...] = (400, 800)
    """Silences at which the end-of-turn model is asked again: it hears more with each."""
    language: str | None = None
    """ISO 639-1 code of what is said, where the recognizer doesn't tell; None where nobody does."""


class Listener:
    """Follows the user's speech and tells what it makes of it.

    One utterance at a time: it begins with the first speech after `end_turn` and gathers all speech and
    pauses until `end_turn` is called again. All compute happens on the lanes of the models.
    """

    def __init__(
        self,
        frames: Channel[Frame],
        detector: SpeechSession,
        tracker: SpeechTracker,
        recognizer: Recognizer,
        end_of_turn: EndOfTurnModel,
        tell: Callable[[Event], None],
        trace: Trace,
        settings: ListenerSettings,
    ) -> None:
        self._frames = frames
        self._detector = detector
        self._tracker = tracker
        self._recognizer = recognizer
        self._end_of_turn = end_of_turn
        self._tell = tell
        self._trace = trace
        self._settings = settings
        self._transcribing = LatestTask()
        self._judging = LatestTask()
        self._clock = SessionClock()
        self._pre_roll: deque[Samples] = deque(maxlen=_PRE_ROLL_FRAMES)
        self._turn_audio: deque[Samples] = deque(maxlen=_JUDGED_FRAMES)
        self._utterance: Utterance | None = None
        self._pauses = 0
        self._paused_ms = 0.0
        self._since_partial_ms = 0.0
        self._dip = _Dip()
        self._reads_whole = False
        self._frame_count = 0
        self.muted = False
        """Whether the user is taken to be silent."""

    @property
    def idle(self) -> bool:
        """Whether nobody speaks and nothing is being worked out."""
        return self._utterance is None and not self._tracker.speaking

    def now_s(self) -> float:
        """Seconds since the input's first sample; 0 before the first frame."""
        return self._clock.now_s()

    def actors(self) -> tuple[Actor, ...]:
        """What must run for it to listen."""
        return (
            Actor("listener", self._run),
            Actor("transcriber", self._transcribing.run),
            Actor("end-of-turn judge", self._judging.run),
        )

    def end_turn(self) -> None:
        """The turn is over, or was none: forget its audio and what is being computed for it."""
        self._utterance = None
        self._turn_audio.clear()
        self._transcribing.drop()
        self._judging.drop()

    def pause_now(self) -> None:
        """Take the user to have paused at this moment (push-to-talk was let go)."""
        if self._utterance is not None and self._tracker.speaking:
            self._tracker.speaking = False
            self._paused(round(self.now_s() * INPUT_RATE_HZ))

    async def _run(self) -> None:
        Urgency(Priority.DETECTION, self).use()
        async for frame in self._frames:
            self._clock.heard(frame.end)
            await self._hear(frame)

    async def _hear(self, frame: Frame) -> None:
        if self.muted:
            frame = replace(frame, pcm=np.zeros_like(frame.pcm))
        self._gather(frame)
        probabilities = await self._detector.feed(frame)
        if frame.only_echo and not self._tracker.speaking:
            probabilities = (0.0,) * len(probabilities)  # what is left of an echo may sound like speech
        window = self._detector.window_samples
        window_end = frame.end - frame.end % window - (len(probabilities) - 1) * window
        for probability in probabilities:
            if change := self._tracker.feed(probability, window_end):
                if change.kind == "started":
                    self._started(change.sample)
                else:
                    self._paused(change.sample)
            window_end += window
        self._frame_count += 1
        if self._frame_count % _LEVEL_EVERY_FRAMES == 0:
            rms = float(np.sqrt(np.mean(np.square(frame.pcm))))
            self._tell(Level(rms, probabilities[-1] if probabilities else 0.0))
        self._ask_now_and_then(len(frame.pcm) * 1000 / INPUT_RATE_HZ)

    def _gather(self, frame: Frame) -> None:
        if self._utterance is None:
            self._pre_roll.append(frame.pcm)
        else:
            self._utterance.feed(frame.pcm)
            self._turn_audio.append(frame.pcm)

    def _started(self, sample: int) -> None:
        if self._utterance is None:
            self._utterance = self._recognizer.open()
            for pcm in self._pre_roll:
                self._utterance.feed(pcm)
                self._turn_audio.append(pcm)
            self._pre_roll.clear()
        self._transcribing.drop()
        self._judging.drop()
        self._since_partial_ms = 0.0
        self._reads_whole = False
        self._dip = _Dip()
        self._tell(SpeechStarted(self.now_s(), sample / INPUT_RATE_HZ))

    def _paused(self, sample: int) -> None:
        if self._utterance is None:
            return
        self._pauses += 1
        self._paused_ms = (self.now_s() - sample / INPUT_RATE_HZ) * 1000
        self._tell(SpeechPaused(self.now_s(), sample / INPUT_RATE_HZ, self._pauses))
        if self._utterance is None:
            return
        if self._dip.heard is not None:
            self._heard_all(self._dip.heard)
        elif not self._dip.asked:
            self._transcribe(self._utterance)

    def _ask_now_and_then(self, frame_ms: float) -> None:
        if self._utterance is None:
            return
        if self._tracker.speaking:
            self._since_partial_ms += frame_ms
            silence_ms = self._tracker.silence_ms
            if silence_ms == 0 and self._dip.asked:
                self._dip = _Dip()
            busy = self._transcribing.busy
            dip_ms = self._settings.sure_dip_ms if busy else self._settings.dip_ms
            if silence_ms >= dip_ms and not self._dip.asked:
                self._transcribe(self._utterance)
            # No partial where speech may just be ending: the recognizer must be free for the dip.
            elif silence_ms == 0 and self._partial_is_due:
                self._since_partial_ms = 0.0
                self._transcribe_partly(self._utterance)
            return
        before_ms, self._paused_ms = self._paused_ms, self._paused_ms + frame_ms
        if any(before_ms < again_ms <= self._paused_ms for again_ms in self._settings.judge_again_ms):
            self._judge()

    @property
    def _partial_is_due(self) -> bool:
        every_ms = self._settings.settle_ms if self._reads_whole else self._settings.partial_every_ms
        return self._since_partial_ms >= every_ms and not self._transcribing.busy

    def _transcribe_partly(self, utterance: Utterance) -> None:
        """Recognize what was said so far, while the user speaks on."""

        async def transcribe() -> None:
            heard = await self._recognize(utterance, partial=True)
            if self._utterance is utterance and heard.text is not None:
                language = self._language_of(heard)
                self._reads_whole = bool(heard.text) and looks_unfinished(heard.text, language) is False
                self._tell(Heard(heard.text, language=language))

        self._transcribing.ask(transcribe)

    def _transcribe(self, utterance: Utterance) -> None:
        """Recognize what was said so far: all of the turn if its dip has become a pause by the end."""
        dip = self._dip
        dip.asked = True

        async def transcribe() -> None:
            dip.heard = await self._recognize(utterance, partial=False)
            if self._utterance is not utterance:
                return
            if not self._tracker.speaking and self._dip is dip:
                self._heard_all(dip.heard)
            elif dip.heard.text is not None:
                self._tell(Heard(dip.heard.text, language=self._language_of(dip.heard)))

        self._transcribing.ask(transcribe)

    async def _recognize(self, utterance: Utterance, *, partial: bool) -> Transcript:
        """Return the transcript; an empty one if that fails, which must not end the conversation."""
        Urgency(Priority.PARTIAL if partial else Priority.TRANSCRIPT, self).use()
        try:
            with self._trace.span("asr"):
                return await utterance.transcribe(partial=partial)
        except Exception as failure:
            _log.debug("the recognizer failed", exc_info=True)
            self._tell(Notice(f"The recognizer failed: {failure}", True, Part.ASR, Code.FAILED))
            return Transcript("")

    def _heard_all(self, heard: Transcript) -> None:
        """The transcript of the turn up to the present pause is there."""
        self._judge()  # only now, as both at once would slow the transcript, which is needed first
        self._tell(Heard(heard.text, self._pauses, heard.audio_ids, self._language_of(heard)))

    def _language_of(self, heard: Transcript) -> str | None:
        return language_of(heard.text or "", heard.language, self._settings.language)

    def _judge(self) -> None:
        pause = self._pauses

        async def judge() -> None:
            Urgency(Priority.TRANSCRIPT, self).use()
            pcm = np.concatenate(self._turn_audio)
            try:
                with self._trace.span("end_of_turn"):
                    probability = await self._end_of_turn.probability(pcm)
            except Exception as failure:  # silence alone then decides
                _log.debug("the end-of-turn model failed", exc_info=True)
                failed = f"The end-of-turn model failed: {failure}"
                self._tell(Notice(failed, True, Part.END_OF_TURN, Code.FAILED))
                return
            self._tell(TurnEndJudged(pause, probability))

        self._judging.ask(judge)
