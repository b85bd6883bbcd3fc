"""The meter: measures how long chat model and voice work for each reply."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TypeVar
from weakref import WeakKeyDictionary

from edge_audio.adapters import Models
from edge_audio.events import Event, Outcome, ReplyStarted, SpeculationEnded, SpeculationStarted
from edge_audio.llm.chat_model import ChatModel, Message, TextDelta, UserTurn
from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import SpokenChunk, Style, Voice
from runtime import clock

T = TypeVar("T")


@dataclass(slots=True)
class Work:
    """The work for one reply."""

    speculation: bool
    """True if it began before the turn's end."""
    seconds: float = 0.0
    """Time that chat model and voice worked for it, waiting for their turn included."""
    committed: bool = False
    heard: bool = False
    """True if any of it was audible."""

    @property
    def of_use(self) -> bool:
        """True unless it was wasted, as by a speculation that was committed and then withdrawn unheard."""
        return self.heard and (self.committed or not self.speculation)


class Meter:
    """Measures the models of an assistant, which it wraps."""

    def __init__(self) -> None:
        self.works: list[Work] = []
        self._open: dict[int, Work] = {}
        self._announced: int | None = None
        self._of_task: WeakKeyDictionary[asyncio.Task[object], Work] = WeakKeyDictionary()

    def metered(self, models: Models) -> Models:
        """Return `models`, wrapped."""
        return replace(models, chat=_MeteredChat(models.chat, self), voice=_MeteredVoice(models.voice, self))

    def watch(self, event: Event) -> None:
        """Note which replies are speculations, and what becomes of them."""
        match event:
            case SpeculationStarted(epoch=epoch):
                self._announced = epoch
            case SpeculationEnded(epoch=epoch, outcome=Outcome.COMMITTED) if epoch in self._open:
                self._open[epoch].committed = True
            case SpeculationEnded(epoch=epoch) if epoch == self._announced:
                self._announced = None
            case ReplyStarted(epoch=epoch):
                if epoch in self._open:
                    self._open[epoch].heard = True
            case _:
                pass

    def begin(self) -> Work:
        """Begin the work for a reply, which is a speculation if one was just announced."""
        work = Work(speculation=self._announced is not None)
        self.works.append(work)
        if self._announced is not None:
            self._open[self._announced] = work
        self._announced = None
        return work

    def assign(self, work: Work) -> None:
        """Count everything that the current task requests of the voice as `work`."""
        if task := asyncio.current_task():
            self._of_task[task] = work

    @property
    def current(self) -> Work | None:
        """The work of the current task."""
        task = asyncio.current_task()
        return None if task is None else self._of_task.get(task)


class _MeteredChat(ChatModel):
    """A `ChatModel` whose replies are metered."""

    def __init__(self, chat: ChatModel, meter: Meter) -> None:
        self._chat = chat
        self._meter = meter
        self.name = chat.name
        self.hears = chat.hears

    def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        """See `ChatModel`."""
        return self._metered(self._chat.reply(context, turn), self._meter.begin())

    async def _metered(
        self, deltas: AsyncGenerator[TextDelta, None], work: Work
    ) -> AsyncGenerator[TextDelta, None]:
        self._meter.assign(work)
        async with aclosing(_timed(deltas, work)) as timed:
            async for delta in timed:
                yield delta

    async def prefill(self, context: Sequence[Message], heard: str = "") -> float | None:
        """See `ChatModel`."""
        return await self._chat.prefill(context, heard)

    def session(self) -> "_MeteredChat":
        """See `ChatModel`."""
        return _MeteredChat(self._chat.session(), self._meter)

    async def close(self) -> None:
        """See `ChatModel`."""
        await self._chat.close()


class _MeteredVoice(Voice):
    """A `Voice` whose speech is metered."""

    def __init__(self, voice: Voice, meter: Meter) -> None:
        self._voice = voice
        self._meter = meter
        self.name = voice.name
        self.sample_rate_hz = voice.sample_rate_hz
        self.speakers = voice.speakers
        self.abilities = voice.abilities
        self.language = voice.language

    def speak(self, clause: Clause, style: Style) -> AsyncGenerator[SpokenChunk, None]:
        """See `Voice`."""
        chunks = self._voice.speak(clause, style)
        work = self._meter.current
        return chunks if work is None else _timed(chunks, work)


async def _timed(stream: AsyncGenerator[T, None], work: Work) -> AsyncGenerator[T, None]:
    """Yield the items of `stream`, and add the time spent waiting for them to `work`."""
    async with aclosing(stream):
        while True:
            asked_s = clock.now()
            try:
                item = await anext(stream)
            except StopAsyncIteration:
                return
            finally:
                work.seconds += clock.now() - asked_s
            yield item
