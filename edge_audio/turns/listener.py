"""The listener: frames in; who speaks, what they say and whether they have finished out."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edge_audio.audio.frame import INPUT_RATE_HZ, Frame, Samples
from edge_audio.events import Event, Heard, Level, SpeechPaused, SpeechStarted
from edge_audio.priority import Priority
from edge_audio.turns.detectors import SpeechSession
from edge_audio.turns.end_of_turn_judge import EndOfTurnJudge
from edge_audio.turns.session_clock import SessionClock
from edge_audio.turns.tracker import SpeechTracker
from edge_audio.turns.transcribing import Transcribing
from runtime.actor import Actor
from runtime.channel import Channel
from runtime.urgency import Urgency

PRE_ROLL_FRAMES = 16
"""Kept before the onset (320 ms): the detector notices speech late, and soft first consonants not at all."""

_LEVEL_EVERY_FRAMES = 5


class Listener:
    """Follows the user's speech and reports what it makes of it.

    One turn at a time: it begins with the first speech after `end_turn` and takes all speech and pauses until
    `end_turn` is called again. All compute happens on the lanes of the models.

    Whoever takes a report may end the turn at once, within the call. So what follows a report must not take
    for granted that a turn is open.
    """

    def __init__(
        self,
        frames: Channel[Frame],
        detector: SpeechSession,
        tracker: SpeechTracker,
        transcribing: Transcribing,
        judge: EndOfTurnJudge,
        report: Callable[[Event], None],
    ) -> None:
        """Take over `transcribing`, whose transcripts of turns are judged here before they are reported."""
        self._frames = frames
        self._detector = detector
        self._tracker = tracker
        self._transcribing = transcribing
        self._judge = judge
        self._report = report
        self._clock = SessionClock()
        self._pre_roll: deque[Samples] = deque(maxlen=PRE_ROLL_FRAMES)
        self._pauses = 0
        self._frame_count = 0
        self.muted = False
        """True while the user is taken to be silent."""
        transcribing.on_turn = self._turn_heard

    @property
    def idle(self) -> bool:
        """True when no one speaks and no turn is open."""
        return not self._transcribing.active and not self._tracker.speaking

    def now_s(self) -> float:
        """Return the seconds since the input's first sample; 0 before the first frame."""
        return self._clock.now_s()

    def actors(self) -> tuple[Actor, ...]:
        """Return what must run for it to listen."""
        return Actor("listener", self._run), self._transcribing.actor(), self._judge.actor()

    def end_turn(self) -> None:
        """The turn is over, or was none: forget its audio and what is being computed for it."""
        self._transcribing.end()
        self._judge.end()

    def pause_now(self) -> None:
        """Take the user to have paused at this moment (push-to-talk was let go)."""
        if self._transcribing.active and self._tracker.speaking:
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
        self._gather(frame.pcm)
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
            self._report(Level(rms, probabilities[-1] if probabilities else 0.0))
        self._time_passes(len(frame.pcm) * 1000 / INPUT_RATE_HZ)

    def _gather(self, pcm: Samples) -> None:
        if self._transcribing.active:
            self._transcribing.feed(pcm)
            self._judge.feed((pcm,))
        else:
            self._pre_roll.append(pcm)

    def _started(self, sample: int) -> None:
        if not self._transcribing.active:
            self._transcribing.begin(self._pre_roll)
            self._judge.feed(self._pre_roll)
            self._pre_roll.clear()
        self._transcribing.speech_started()
        self._judge.speech_started()
        self._report(SpeechStarted(self.now_s(), sample / INPUT_RATE_HZ))

    def _paused(self, sample: int) -> None:
        if not self._transcribing.active:
            return
        self._pauses += 1
        self._judge.speech_paused((self.now_s() - sample / INPUT_RATE_HZ) * 1000)
        self._report(SpeechPaused(self.now_s(), sample / INPUT_RATE_HZ, self._pauses))
        self._transcribing.speech_paused(self._pauses)

    def _time_passes(self, frame_ms: float) -> None:
        if not self._transcribing.active:
            return
        if self._tracker.speaking:
            self._transcribing.speech_goes_on(frame_ms, self._tracker.silence_ms)
        else:
            self._judge.silence_goes_on(frame_ms, self._pauses)

    def _turn_heard(self, heard: Heard) -> None:
        """The transcript of the turn up to the present pause is there."""
        # Only now, as both at once would slow the transcript, which is needed first.
        self._judge.judge(self._pauses)
        self._report(heard)
