"""A function as a chat model: whatever yields text can answer."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from inspect import iscoroutinefunction

from edge_audio.llm.chat_model import ChatModel, Message, TextDelta, UserTurn

ChatFunction = Callable[[Sequence[Message]], AsyncIterator[str]]
"""Takes the conversation, with what the user just said as the last message, and yields the reply's text."""


class FunctionModel(ChatModel):
    """A `ChatModel` that asks an async generator function.

    Any number of conversations may share it, if the function allows that. A speculation calls it before it is
    known whether the user has finished, and closes the generator if they haven't: the function should have no
    effects.
    """

    def __init__(self, function: ChatFunction) -> None:
        """`function` is called once for each reply that is begun."""
        self.name = getattr(function, "__name__", type(function).__name__)
        self._function = function

    async def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        """See `ChatModel.reply`."""
        texts = self._function((*context, Message("user", turn.transcript or "")))
        async with aclosing(_generator(texts)) as pieces:
            async for text in pieces:
                if not isinstance(text, str):
                    raise TypeError(f"{self.name} must yield text, not {type(text).__name__}")
                yield TextDelta(text)


def as_chat_model(given: ChatModel | ChatFunction) -> ChatModel:
    """Return a chat model unchanged, and a function as a chat model.

    Raises `TypeError` for a coroutine function, which returns its text instead of yielding it, and for
    anything else.
    """
    if iscoroutinefunction(given):
        raise TypeError(f"{given.__name__} is no async generator: it must yield its text, not return it")
    if callable(given):
        return FunctionModel(given)
    if not hasattr(given, "reply"):
        raise TypeError(f"a ChatModel or an async generator function can answer, no {type(given).__name__}")
    return given


async def _generator(texts: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    """Yield what comes, and close `texts` at the end if it can be closed."""
    try:
        async for text in texts:
            yield text
    finally:
        if isinstance(texts, AsyncGenerator):
            await texts.aclose()
