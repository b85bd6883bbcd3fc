"""Answer by a function of your own: an async generator that takes the conversation and yields text."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from edge_audio import Assistant, Message, TurnFinished


async def answer(messages: Sequence[Message]) -> AsyncIterator[str]:
    """Called before it is certain that the user has finished, and closed if they haven't: no effects here."""
    question = messages[-1].text.lower()
    turns = sum(message.role == "user" for message in messages)
    if "time" in question:
        yield f"It is {datetime.now():%H:%M}. "
    else:
        yield "I know nothing but the time. "
    if turns > 1:
        yield f"That was your question number {turns}."


async def main() -> None:
    async with Assistant.open(chat=answer) as assistant:
        async for event in assistant.events():
            if isinstance(event, TurnFinished):
                print(event.report.user_text, "->", event.report.heard_text)


if __name__ == "__main__":
    asyncio.run(main())
