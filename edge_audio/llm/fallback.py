"""Two chat models, the second standing by for the first: a server far away, and a small model here."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Literal

from edge_audio.llm.chat_model import ChatModel, ChatModelError, Message, TextDelta, UserTurn
from runtime.errors import UserError


class FallbackModel:
    """A `ChatModel` that answers with its first model, or its second where the first can't or is late.

    After a failure the second answers at once, until it is time to try the first again. What the second
    hears must be in the turn as well: a transcript, where the first hears codes and the second text.
    """

    hears: Literal["text", "codes"]

    def __init__(
        self,
        first: ChatModel,
        second: ChatModel,
        *,
        first_token_limit_s: float = 2.0,
        retry_after_s: float = 30.0,
    ) -> None:
        """`first_token_limit_s` is how long the first model's reply may take to begin.

        `retry_after_s` is how long the first model is left alone after a failure.
        """
        self.hears = first.hears
        self.name = f"{first.name} or {second.name}"
        self._first = first
        self._second = second
        self._first_token_limit_s = first_token_limit_s
        self._retry_after_s = retry_after_s
        self._tell: Callable[[str], None] = lambda sentence: None
        self._away: str | None = None
        self._retry_at_s = 0.0

    def watch(self, tell: Callable[[str], None]) -> None:
        """Have `tell` told, in a sentence, that the second model answers and why, and that the first is back.

        It is told at once if the second answers already.
        """
        self._tell = tell
        if self._away is not None:
            tell(self._away)

    async def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        """See `ChatModel.reply`.

        A first model that breaks off in the middle of a reply ends it: half of it may have been heard.
        """
        if self._away is None or asyncio.get_running_loop().time() >= self._retry_at_s:
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
        await asyncio.gather(self._first.close(), self._second.close())

    async def _begun(self, deltas: AsyncGenerator[TextDelta, None]) -> TextDelta | None:
        """Return the beginning of the first model's reply, None if there is none in time."""
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
            if self._away is not None:
                self._away = None
                self._tell(f"{name} answers again.")
            return delta
        return None

    def _failed(self, why: str) -> None:
        self._retry_at_s = asyncio.get_running_loop().time() + self._retry_after_s
        if self._away is None:
            self._away = f"{why} {self._second.name} answers instead."
            self._tell(self._away)
