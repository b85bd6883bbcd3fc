"""Let the assistant speak by itself as soon as nobody else does; it can be interrupted as ever."""

import asyncio

from edge_audio import Assistant


async def remind(assistant: Assistant, after_s: float, text: str) -> None:
    await asyncio.sleep(after_s)
    heard = await assistant.say(text)
    print("You were told:" if heard == text else "You only heard:", heard)


async def main() -> None:
    async with Assistant.open() as assistant:
        await asyncio.gather(
            remind(assistant, 10, "The eggs are done."),
            remind(assistant, 20, "And the tea is ready."),
        )


if __name__ == "__main__":
    asyncio.run(main())
