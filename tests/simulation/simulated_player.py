"""A player for virtual time: it reckons what was played instead of counting blocks, and minds its rights.

What `Player` finds out by looking at the playout every 20 ms happens here at timers set for it.
"""

from dataclasses import dataclass

from edge_audio.audio.playout import HISTORY_S
from edge_audio.dialogue.player import Audience
from edge_audio.dialogue.reply import Reply
from runtime import clock
from runtime.epoch import Epoch
from runtime.timer import Timer
from tests.simulation.simulated_models import RATE_HZ

_BLOCK_S = 0.01
"""From when sound is there until it goes out: the speaker asks for a block at a time."""

_QUEUE = RATE_HZ // 2
"""Samples that wait at most for the speaker."""

_REFILL_AT = RATE_HZ // 5
"""Samples at which more is fetched."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """What was heard of a reply when it was stopped, or had come to its end."""

    at_s: float
    reply: Reply
    played: int
    """Samples that were heard."""
    heard_text: str


class SimulatedPlayer:
    """Plays one reply at a time at the speaker's pace; see `Player`, which it stands for."""

    def __init__(self, epoch: Epoch, *, latency_s: float, drift: float) -> None:
        """The speaker's clock is faster by `drift`, as a share."""
        self.paused = False
        self.sounded: list[tuple[float, float]] = []
        """When sound went out: begin and end."""
        self.stopped: list[Stopped] = []
        self.wrongs: list[str] = []
        """What it was made to do and must never do."""
        self._epoch = epoch
        self._latency_s = latency_s
        self._rate_hz = RATE_HZ * (1 + drift)
        self._reply: Reply | None = None
        self._audience: Audience | None = None
        self._taken = 0
        self._base = 0.0  # samples that were out when ...
        self._since_s: float | None = None  # ... sound began to flow; None while it doesn't
        self._first_out_s: float | None = None
        self._told_start = False
        self._said_again: int | None = None
        self._timer = Timer(self._go_on)

    # What the controller asks for.

    @property
    def audible(self) -> bool:
        """See `ReplyPlayer`."""
        return self._first_out_s is not None and clock.now() >= self._first_out_s

    @property
    def heard_ms(self) -> float:
        """See `ReplyPlayer`."""
        return max(0.0, self._played() / self._rate_hz - self._latency_s) * 1000

    @property
    def sounding(self) -> bool:
        """Whether sound is going out now."""
        return self._since_s is not None and self._since_s <= clock.now() and self._played() < self._taken

    @property
    def busy(self) -> bool:
        """Whether it has a reply."""
        return self._reply is not None

    def start(self, reply: Reply, audience: Audience) -> None:
        """See `ReplyPlayer`."""
        if self._reply is not None:
            self.wrongs.append(f"reply {reply.epoch} began while {self._reply.epoch} was being said")
        self._flow(False)
        self._reply, self._audience = reply, audience
        self._taken, self._base = 0, 0.0
        self._first_out_s, self._told_start, self._said_again = None, False, None
        self._mind_rights()
        self.top_up()

    def top_up(self) -> None:
        """See `ReplyPlayer`."""
        if (reply := self._reply) is None:
            return
        self._mind_rights()
        while len(reply.held) and self._taken - self._played() < _QUEUE:
            self._taken += len(reply.held.get_nowait())
        if not self.paused and self._played() < self._taken and self._since_s is None:
            self._flow(True)
        self._set_timer()

    def pause(self) -> None:
        """See `ReplyPlayer`."""
        self._flow(False)
        self.paused = True
        if self._reply is not None:
            self._set_timer()

    def resume(self) -> None:
        """See `ReplyPlayer`."""
        self.paused = False
        if (reply := self._reply) is not None:
            self._mind_rights()
            played = int(self._base)
            word = reply.spoken.word_start(reply.text, played)
            back = 0 if word == self._said_again else played - word
            self._said_again = word
            self._base = max(0.0, self._base - min(back, HISTORY_S * RATE_HZ))
            self.top_up()

    def stop(self) -> str:
        """See `ReplyPlayer`."""
        self._flow(False)
        self._timer.stop()
        self.paused = False
        reply, self._reply = self._reply, None
        if reply is None:
            return ""
        self._tell_start(reply)
        played = max(0, int(self._base) - round(self._latency_s * RATE_HZ))
        heard = reply.spoken.heard(reply.text, played)
        self.stopped.append(Stopped(clock.now(), reply, played, heard))
        return heard

    # How the sound gets on.

    def _played(self) -> float:
        """Samples of the reply that are out."""
        if self._since_s is None:
            return self._base
        ahead = max(0.0, clock.now() - self._since_s) * self._rate_hz
        return min(float(self._taken), self._base + ahead)

    def _flow(self, on: bool) -> None:
        """Let the sound flow from the next block on, or stop it now."""
        now_s = clock.now()
        if on:
            self._since_s = now_s + _BLOCK_S
            if self._first_out_s is None:
                self._first_out_s = self._since_s
        elif self._since_s is not None:
            if self._since_s < now_s:
                end_s = min(now_s, self._since_s + (self._taken - self._base) / self._rate_hz)
                self.sounded.append((self._since_s, end_s))
            elif self._first_out_s is not None and self._first_out_s >= now_s:
                self._first_out_s = None
            self._base = self._played()
            self._since_s = None

    def _set_timer(self) -> None:
        """Ring at the next moment at which something is to be done."""
        reply = self._reply
        assert reply is not None
        now_s = clock.now()
        moments_s = []
        if self._since_s is not None:
            end_s = self._since_s + (self._taken - self._base) / self._rate_hz
            moments_s.append(end_s - _REFILL_AT / self._rate_hz if len(reply.held) else end_s)
            if not self._told_start and self._first_out_s is not None:
                moments_s.append(self._first_out_s)
        elif self._all_is_out(reply):
            moments_s.append(now_s + self._latency_s)
        if moments_s:
            self._timer.start(max(0.0, min(moments_s) - now_s))
        else:
            self._timer.stop()

    def _all_is_out(self, reply: Reply) -> bool:
        return reply.made and not len(reply.held) and self._base >= self._taken

    def _go_on(self) -> None:
        reply = self._reply
        assert reply is not None
        self._mind_rights()
        self._tell_start(reply)
        if self._since_s is None and self._all_is_out(reply):
            self._reply = None
            self.stopped.append(Stopped(clock.now(), reply, self._taken, reply.text.strip()))
            assert self._audience is not None
            self._audience.reply_finished(reply)
            return
        if self._since_s is not None and self._taken - self._played() < 0.5 and not len(reply.held):
            self._flow(False)
            self._base = float(self._taken)
        self.top_up()

    def _tell_start(self, reply: Reply) -> None:
        if self._told_start or not self.audible or reply.first_audible is None:
            return
        self._told_start = True
        assert self._audience is not None
        assert self._first_out_s is not None
        audible_s = self._first_out_s + reply.first_audible / self._rate_hz
        self._audience.reply_started(reply, self._first_out_s, audible_s)

    def _mind_rights(self) -> None:
        reply = self._reply
        if reply is None:
            return
        if not reply.committed:
            self.wrongs.append(f"reply {reply.epoch} was played and never committed")
        if self._epoch.is_stale(reply.epoch):
            self.wrongs.append(f"reply {reply.epoch} was played in epoch {self._epoch.current}")
