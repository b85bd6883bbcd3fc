"""Speculation: replies that are made before it is known whether the user has finished."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from edge_audio.dialogue.replies import Replies
from edge_audio.dialogue.reply import Reply, ReplyWatcher
from edge_audio.dialogue.reporter import Reporter
from edge_audio.dialogue.turn import OpenTurn
from edge_audio.events import Outcome, SpeculationEnded, SpeculationStarted
from edge_audio.llm.chat_model import UserTurn
from edge_audio.text.words import normalised

Moment = Literal["changed", "settled", "pause"]
"""When a snapshot of the turn was taken: while the user speaks, with words just heard or heard twice over; or
at a pause."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is spent on replies that may not be wanted."""

    p_complete: Mapping[Moment, float]
    """A speculation is started on words that are at least so likely the whole turn, by the moment."""
    commit_rate: float
    """None is started at moments of which fewer than this share were committed."""
    per_turn: int
    """Most speculations for one turn."""
    wasted_share: float
    """Of the session's time, that which discarded speculations may have taken."""


_NEVER = 1.0

EFFORTS = {
    "eager": Effort({"changed": 0.6, "settled": 0.35, "pause": 0.35}, 0.35, per_turn=6, wasted_share=1.0),
    "balanced": Effort({"changed": 0.85, "settled": 0.6, "pause": 0.6}, 0.6, per_turn=4, wasted_share=0.25),
    "frugal": Effort(
        {"changed": _NEVER, "settled": _NEVER, "pause": 0.7}, 0.7, per_turn=1, wasted_share=0.05
    ),
}
"""By the name in the config."""

_PRIORS: dict[Moment, tuple[float, float]] = {
    "changed": (9.0, 3.0),
    "settled": (10.0, 2.0),
    "pause": (9.0, 3.0),
}
"""Speculations committed and not, as if they had been before the session began, so that the first is judged
by what is usual: in 76 recorded turns, of words that were as likely whole as `balanced` wants, 72 % of those
just heard and 89 % of those heard twice over were the whole turn."""

_MEMORY = 0.95
"""What became of a speculation counts so much less with each one after it, and with each turn without one:
speakers change, and a moment that did badly is tried again some time."""

_HEAD_START = 1.5
"""So many times as long as first sounds took lately, one is begun before the turn's expected end."""

_WASTE_FREE_S = 5.0
"""So much is never too much: a share of a session that has only begun means nothing."""


class SpeculationPolicy:
    """Decides when a speculation is worth its compute, from what became of others and how long they took."""

    def __init__(self, effort: Effort) -> None:
        """Spend as much as `effort` allows."""
        self._effort = effort
        self._committed: dict[Moment, float] = dict.fromkeys(_PRIORS, 0.0)
        self._ended: dict[Moment, float] = dict.fromkeys(_PRIORS, 0.0)
        self._making_s: float | None = None
        self.wasted_s = 0.0
        """Time for which speculations ran that were not committed."""

    @property
    def worth_a_pause(self) -> float:
        """The least probability that the turn is over which, at a pause, is worth a start."""
        return self._effort.p_complete["pause"]

    def start_ms(self, likely_ms: float, end_ms: float) -> float:
        """Return after how much silence to start one, at a pause.

        After `likely_ms` it is worth one, after `end_ms` the turn is over. The later they are begun the fewer
        are in vain, as long as the first sound is ready in time, judging by how long others took.
        """
        if self._making_s is None:
            return likely_ms
        return max(likely_ms, end_ms - 1000 * _HEAD_START * self._making_s)

    def wants(self, moment: Moment, *, p_complete: float, started: int, session_s: float) -> bool:
        """Return whether to start one now.

        `p_complete` is how likely the words and the silence make it that this is the whole turn; `started`
        counts the speculations of this turn, `session_s` the seconds of the session.
        """
        if started >= self._effort.per_turn:
            return False
        if self.wasted_s > _WASTE_FREE_S + self._effort.wasted_share * session_s:
            return False
        good, bad = _PRIORS[moment]
        rate = (good + self._committed[moment]) / (good + bad + self._ended[moment])
        return p_complete >= self._effort.p_complete[moment] and rate >= self._effort.commit_rate

    def ended(self, moment: Moment, outcome: Outcome, took_s: float) -> None:
        """Take note of what became of one that ran for `took_s`."""
        self._fade()
        self._ended[moment] += 1
        if outcome == Outcome.COMMITTED:
            self._committed[moment] += 1
        else:
            self.wasted_s += took_s

    def made(self, took_s: float) -> None:
        """Take note of how long a reply's first sound took: slow ones count at once, fast ones by and by."""
        before_s = took_s if self._making_s is None else self._making_s
        self._making_s = max(took_s, (before_s + took_s) / 2)

    def none_ended(self) -> None:
        """Take note of a turn that ended with none: were that forgotten, none would ever be tried again."""
        self._fade()

    def _fade(self) -> None:
        for counts in (self._committed, self._ended):
            for moment in counts:
                counts[moment] *= _MEMORY


@dataclass(slots=True)
class _Running:
    reply: Reply
    turn: OpenTurn
    said: UserTurn
    moment: Moment
    started_s: float


class Speculations:
    """What is computed before the turn's end is known: the prompt is read ahead, and a reply made.

    At most one reply is made at a time for a turn that isn't over.
    """

    def __init__(
        self,
        replies: Replies,
        watcher: ReplyWatcher,
        policy: SpeculationPolicy | None,
        reporter: Reporter,
    ) -> None:
        """`watcher` follows the replies. Without a `policy` none is made."""
        self._replies = replies
        self._watcher = watcher
        self._policy = policy
        self._time_s = reporter.time_s
        self._report = reporter.report
        self._running: _Running | None = None
        self._latest: Reply | None = None

    @property
    def running(self) -> bool:
        """True while there is one."""
        return self._running is not None

    @property
    def hears_words(self) -> bool:
        """True where a partial transcript is enough to answer."""
        return self._replies.hears_words

    @property
    def worth_a_pause(self) -> float | None:
        """See `SpeculationPolicy.worth_a_pause`; None if none is ever started, or one is running."""
        return None if self._policy is None or self.running else self._policy.worth_a_pause

    def prefill(self, heard: str = "", judged: Callable[[float | None], None] | None = None) -> None:
        """See `Replies.prefill`."""
        self._replies.prefill(heard, judged)

    def start_ms(self, likely_ms: float, end_ms: float) -> float:
        """See `SpeculationPolicy.start_ms`."""
        return likely_ms if self._policy is None else self._policy.start_ms(likely_ms, end_ms)

    def consider(self, turn: OpenTurn, said: UserTurn, moment: Moment, p_complete: float) -> None:
        """Start one for `said`, if it is worth it; see `SpeculationPolicy.wants`."""
        if self._policy is None or self._running is not None:
            return
        started = turn.outcomes["started"]
        if self._policy.wants(moment, p_complete=p_complete, started=started, session_s=self._time_s()):
            self._start(turn, said, moment)

    def answers(self, said: UserTurn) -> bool:
        """Return whether the one that runs answers `said`: by its words; codes of one pause are the same."""
        if self._running is None:
            return False
        before = self._running.said
        if before.transcript is None or said.transcript is None:
            return before.audio_ids is not None
        return normalised(before.transcript) == normalised(said.transcript)

    def end_unless_it_answers(self, said: UserTurn) -> None:
        """Give up the one that runs if `said` is something else than it answers."""
        if self._running is not None and not self.answers(said):
            self.end(Outcome.SUPERSEDED)

    def end(self, outcome: Outcome) -> None:
        """Give up the one that runs; harmless if there is none."""
        running, self._running = self._running, None
        if running is None:
            return
        self._replies.cancel(running.reply)
        self._ended(running, outcome)

    def commit(self) -> Reply | None:
        """Hand over the reply that was made ahead; None if there is none, or it failed."""
        running = self._running
        if running is not None and running.reply.error is not None:
            self.end(Outcome.FAILED)
            return None
        self._running = None
        if running is None:
            if self._policy is not None:
                self._policy.none_ended()
            return None
        self._ended(running, Outcome.COMMITTED)
        return running.reply

    def _start(self, turn: OpenTurn, said: UserTurn, moment: Moment) -> None:
        self._note_how_long_the_latest_took()
        self._latest = reply = self._replies.new(self._watcher)
        self._running = _Running(reply, turn, said, moment, self._time_s())
        turn.outcomes["started"] += 1
        self._report(SpeculationStarted(reply.epoch, said.transcript))
        self._replies.begin(reply, said)

    def _note_how_long_the_latest_took(self) -> None:
        if self._policy is not None and self._latest is not None:
            times = self._latest.times
            if times.first_audio_s is not None:
                self._policy.made(times.first_audio_s - times.started_s)

    def _ended(self, running: _Running, outcome: Outcome) -> None:
        running.turn.count(outcome)
        if self._policy is not None:
            self._policy.ended(running.moment, outcome, self._time_s() - running.started_s)
        self._report(SpeculationEnded(running.reply.epoch, outcome))
