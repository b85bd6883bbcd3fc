"""Two chat models, the second standing by for the first: a server far away, and a small model here."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from edge_audio.llm.chat_model import (
    ChatModel,
    ChatModelConfig,
    ChatModelError,
    Message,
    TextDelta,
    UserTurn,
)
from edge_audio.settings import Seconds, Shared, Table
from runtime.errors import UserError

_Report = Callable[[str], None]


@dataclass(slots=True, eq=False)
class _Away:
    """Whether the first model is away: what one conversation finds out, all others know."""

    why: str | None = None
    """A sentence; None while the first model answers."""
    retry_at_s: float = 0.0
    """When to try it again, on the event loop's clock."""
    reports: list[_Report] = field(default_factory=list)
    """The callback of each conversation that wants to know."""

    def change(self, why: str | None, sentence: str) -> None:
        """Set `why`, and report `sentence`."""
        self.why = why
        for report in self.reports:
            report(sentence)


class FallbackModel(ChatModel):
    """A `ChatModel` that answers with its first model, or its second where the first can't or is late.

    After a failure the second answers at once, until it is time to try the first again. What the second
    hears must be in the turn as well: a transcript, where the first hears codes and the second text.
    """

    def __init__(
        self,
        first: ChatModel,
        second: ChatModel,
        *,
        first_token_limit_s: float = 2.0,
        retry_after_s: float = 30.0,
        away: _Away | None = None,
    ) -> None:
        """`first_token_limit_s` is how long the first model's reply may take to begin.

        `retry_after_s` is how long the first model is left alone after a failure. `away` is what other
        sessions of the same models know of the first.
        """
        self.hears = first.hears
        self.name = f"{first.name} or {second.name}"
        self._first = first
        self._second = second
        self._first_token_limit_s = first_token_limit_s
        self._retry_after_s = retry_after_s
        self._away = _Away() if away is None else away
        self._report: _Report | None = None

    def watch(self, report: _Report) -> None:
        """Call `report` with one sentence when the second model takes over, and when the first is back.

        It is called at once if the second has taken over already.
        """
        self._unwatch()
        self._report = report
        self._away.reports.append(report)
        if self._away.why is not None:
            report(self._away.why)

    def session(self) -> "FallbackModel":
        """See `ChatModel.session`. All sessions know what one has found out about the first model."""
        return FallbackModel(
            self._first.session(),
            self._second.session(),
            first_token_limit_s=self._first_token_limit_s,
            retry_after_s=self._retry_after_s,
            away=self._away,
        )

    async def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        """See `ChatModel.reply`.

        A first model that breaks off in the middle of a reply ends it: half of it may have been heard.
        """
        if self._away.why is None or asyncio.get_running_loop().time() >= self._away.retry_at_s:
            async with aclosing(self._first.reply(context, turn)) as deltas:
                delta = await self._begun(deltas)
                if delta is not None:
                    yield delta
                    try:
                        async for delta in deltas:
                            yield delta
                    except ChatModelError as error:
                        self._failed(str(error))
                        raise
                    return
        if self._second.hears == "text" and turn.transcript is None:
            raise ChatModelError(f"{self._first.name} is away, and {self._second.name} got no transcript.")
        async with aclosing(self._second.reply(context, turn)) as deltas:
            async for delta in deltas:
                yield delta

    async def prefill(self, context: Sequence[Message], heard: str = "") -> float | None:
        """See `ChatModel.prefill`. Both models get ready: the second may be needed at any time."""
        first, second = await asyncio.gather(
            self._first.prefill(context, heard), self._second.prefill(context, heard)
        )
        return second if first is None else first

    async def warm_up(self) -> None:
        """See `ChatModel.warm_up`. The first model may be away, the second must not."""
        await self._second.warm_up()
        try:
            await self._first.warm_up()
        except UserError as error:
            self._failed(error.cause)
        except ChatModelError as error:
            self._failed(str(error))

    async def close(self) -> None:
        """See `ChatModel.close`."""
        self._unwatch()
        await asyncio.gather(self._first.close(), self._second.close())

    async def _begun(self, deltas: AsyncGenerator[TextDelta, None]) -> TextDelta | None:
        """Return the start of the first model's reply, None if there is none in time."""
        name, limit_s = self._first.name, self._first_token_limit_s
        try:
            async with asyncio.timeout(limit_s):
                delta = await anext(deltas)
        except ChatModelError as error:
            self._failed(str(error))
        except TimeoutError:
            self._failed(f"{name} wrote nothing for {limit_s:g} seconds.")
        except StopAsyncIteration:
            self._failed(f"{name} wrote nothing at all.")
        else:
            if self._away.why is not None:
                self._away.change(None, f"{name} answers again.")
            return delta
        return None

    def _failed(self, why: str) -> None:
        self._away.retry_at_s = asyncio.get_running_loop().time() + self._retry_after_s
        if self._away.why is None:
            sentence = f"{why} {self._second.name} answers instead."
            self._away.change(sentence, sentence)

    def _unwatch(self) -> None:
        if self._report is not None:
            self._away.reports.remove(self._report)
            self._report = None


class FallbackConfig(Table, frozen=True, kw_only=True):
    """``[fallback]``: a second chat model, for when that of ``[llm]`` is away or late. It needs ``[asr]``."""

    llm: ChatModelConfig
    """``[fallback.llm]``: as ``[llm]``."""
    first_token_limit_s: Seconds = 2.0
    """How long the first model's reply may take to begin."""
    retry_after_s: Seconds = 30.0
    """How long the first model is left alone after a failure."""

    def load(self, first: ChatModel, shared: Shared) -> FallbackModel:
        """Load the second model, which stands by for `first`. Blocks. Raises `UserError`."""
        return FallbackModel(
            first,
            self.llm.load(shared),
            first_token_limit_s=self.first_token_limit_s,
            retry_after_s=self.retry_after_s,
        )
