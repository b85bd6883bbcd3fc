"""The player: hands the committed reply to the speaker, and knows what of it was heard."""

import asyncio
from typing import Protocol

from edge_audio.audio.frame import Samples
from edge_audio.audio.playout import Playout
from edge_audio.dialogue.reply import Reply
from runtime.epoch import Epoch

_POLL_S = 0.02
"""How often the playout is topped up and looked at while a reply plays."""


class Audience(Protocol):
    """Hears what becomes of the replies that are played. Called on the loop; must not wait."""

    def reply_started(self, reply: Reply, sample_s: float, audible_s: float) -> None:
        """Take note: the first sample and the first audible one of `reply` were handed out then."""
        ...

    def reply_finished(self, reply: Reply) -> None:
        """Take note: all of `reply` was heard."""
        ...


class Player:
    """Moves one reply at a time from its held audio into the playout.

    It plays only what is committed and of the current epoch, and asks that at every move.
    """

    def __init__(self, playout: Playout, epoch: Epoch, *, output_latency_s: float) -> None:
        """`output_latency_s` is the time from handing out a sample until it is heard."""
        self._playout = playout
        self._epoch = epoch
        self._latency_samples = round(output_latency_s * playout.rate_hz)
        self._audience: Audience | None = None
        self._reply: Reply | None = None
        self._rest: Samples | None = None
        self._said_again: int | None = None  # where the word begins that was repeated after a pause
        self._told_start = False
        self._drained_at: int | None = None
        self._work = asyncio.Event()
        self._dry = False
        self.underruns = 0
        """How often a reply's sound ran dry in its middle, as it was made too slowly."""

    @property
    def heard_ms(self) -> float:
        """How much of the present reply was heard, silence within it included."""
        if self._reply is None:
            return 0.0
        return max(0.0, (self._playout.played - self._latency_samples) * 1000 / self._playout.rate_hz)

    @property
    def audible(self) -> bool:
        """True once a sample of the present reply has been handed out."""
        return self._reply is not None and self._playout.started_at is not None

    def start(self, reply: Reply, audience: Audience) -> None:
        """Play `reply`, which must be committed; what is held of it goes out with the next block."""
        self._reply = reply
        self._audience = audience
        self._rest = None
        self._said_again = None
        self._told_start = False
        self._drained_at = None
        self._dry = False
        self._playout.begin()
        self.top_up()
        self._work.set()

    def top_up(self) -> None:
        """Move held audio into the playout as far as there is room."""
        reply = self._reply
        if reply is None or not reply.committed or self._epoch.is_stale(reply.epoch):
            return
        while True:
            if self._rest is None:
                if not len(reply.held):
                    return
                self._rest = reply.held.get_nowait()
            written = self._playout.write(self._rest)
            self._rest = self._rest[written:]
            if len(self._rest):
                return
            self._rest = None

    @property
    def paused(self) -> bool:
        """True while playback waits for `resume`."""
        return self._playout.paused

    def pause(self) -> None:
        """Fall silent within a block, ready to go on."""
        self._playout.pause()

    def resume(self) -> None:
        """Go on where `pause` stopped, with the word that it cut; inside it if it was repeated before.

        Under knocks in quick succession the reply would else never get beyond the word.
        """
        back = 0
        if (reply := self._reply) is not None:
            played = self._playout.played  # by now all of it was heard, whatever the latency
            word = reply.spoken.word_start(reply.text, played)
            back = 0 if word == self._said_again else played - word
            self._said_again = word
        self._drained_at = None
        self._playout.resume(back)

    def stop(self) -> str:
        """Fall silent within a block, forget the reply, and return the text of it that was heard."""
        self._playout.clear()
        reply, self._reply = self._reply, None
        if reply is None:
            return ""
        self._tell_start(reply)
        return reply.spoken.heard(reply.text, self._playout.played - self._latency_samples)

    async def run(self) -> None:
        """Keep the playout topped up and report when a reply starts and ends. An actor's body."""
        while True:
            await self._work.wait()
            reply = self._reply
            if reply is None:
                self._work.clear()
                continue
            self.top_up()
            self._tell_start(reply)
            self._count_underruns(reply)
            if self._finished(reply):
                self._reply = None
                if self._audience is not None:
                    self._audience.reply_finished(reply)
            await asyncio.sleep(_POLL_S)

    def _tell_start(self, reply: Reply) -> None:
        at = self._playout.started_at
        if self._told_start or at is None or reply.first_audible is None:
            return
        self._told_start = True
        if self._audience is not None:
            rate_hz, offset_s = self._playout.rate_hz, self._playout.offset_s
            audible_s = (at + reply.first_audible) / rate_hz + offset_s
            self._audience.reply_started(reply, at / rate_hz + offset_s, audible_s)

    def _count_underruns(self, reply: Reply) -> None:
        more = not reply.made or len(reply.held) > 0 or self._rest is not None
        dry = self.audible and more and not self._playout.queued and not self._playout.paused
        self.underruns += dry and not self._dry
        self._dry = dry

    def _finished(self, reply: Reply) -> bool:
        if not reply.made or len(reply.held) or self._rest is not None or self._playout.queued:
            return False
        if self._drained_at is None:
            self._drained_at = self._playout.handed_out
        return self._playout.handed_out >= self._drained_at + self._latency_samples
