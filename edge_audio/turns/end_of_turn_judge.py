"""The judge: asks the end-of-turn model whether a speaker who paused has finished."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from edge_audio.audio.frame import FRAME_SAMPLES, INPUT_RATE_HZ, Samples
from edge_audio.events import Code, Event, Notice, Part, TurnEndJudged
from edge_audio.priority import Priority
from edge_audio.turns.detectors import EndOfTurnModel
from runtime.actor import Actor
from runtime.latest import LatestTask
from runtime.trace import Trace
from runtime.urgency import Urgency

_log = logging.getLogger(__name__)

_JUDGED_FRAMES = 8 * INPUT_RATE_HZ // FRAME_SAMPLES
"""The end-of-turn model hears the last 8 s of a turn (its model card)."""

JUDGE_AGAIN_MS = (400, 800)
"""Silences at which the model is asked again: it hears more with each."""


class EndOfTurnJudge:
    """Keeps the sound of the turn, and reports the model's answer at each pause."""

    def __init__(
        self,
        model: EndOfTurnModel,
        report: Callable[[Event], None],
        trace: Trace,
        again_ms: Sequence[int] = JUDGE_AGAIN_MS,
    ) -> None:
        """Ask `model` at each pause, and after `again_ms` of silence; `report` must not wait."""
        self._model = model
        self._report = report
        self._trace = trace
        self._again_ms = again_ms
        self._task = LatestTask()
        self._turn: deque[Samples] = deque(maxlen=_JUDGED_FRAMES)
        self._silence_ms = 0.0

    def actor(self) -> Actor:
        """Return what must run for it to judge."""
        return Actor("end-of-turn judge", self._task.run)

    def feed(self, heard: Iterable[Samples]) -> None:
        """Append frames of the turn."""
        self._turn.extend(heard)

    def end(self) -> None:
        """Forget the turn and what is being computed for it."""
        self._turn.clear()
        self._task.drop()

    def speech_started(self) -> None:
        """The user speaks, maybe after a pause: what is being computed is void."""
        self._task.drop()

    def speech_paused(self, silence_ms: float) -> None:
        """The user has been silent for `silence_ms`."""
        self._silence_ms = silence_ms

    def silence_goes_on(self, frame_ms: float, pause: int) -> None:
        """Another frame of the pause of that number has passed: ask again where that is due."""
        before_ms, self._silence_ms = self._silence_ms, self._silence_ms + frame_ms
        if any(before_ms < again_ms <= self._silence_ms for again_ms in self._again_ms):
            self.judge(pause)

    def judge(self, pause: int) -> None:
        """Ask the model about the turn so far, and report its answer for that pause."""

        async def judge() -> None:
            Urgency(Priority.TRANSCRIPT, self).use()
            pcm = np.concatenate(self._turn)
            try:
                with self._trace.span("end_of_turn"):
                    probability = await self._model.probability(pcm)
            except Exception as failure:  # silence alone then decides
                _log.debug("the end-of-turn model failed", exc_info=True)
                failed = f"The end-of-turn model failed: {failure}"
                self._report(Notice(failed, True, Part.END_OF_TURN, Code.FAILED))
                return
            self._report(TurnEndJudged(pause, probability))

        self._task.ask(judge)
