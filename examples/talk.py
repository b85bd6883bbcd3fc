"""Talk with the built-in models, and print who says what."""

import asyncio

from edge_audio import Assistant, Notice, TurnEnded, TurnFinished


async def main() -> None:
    async with Assistant.open() as assistant:
        async for event in assistant.events():
            match event:
                case TurnEnded(user_text=text):
                    print("You:", text)
                case TurnFinished(report=report):
                    print("Assistant:", report.heard_text)
                case Notice(text=text):
                    print("Note:", text)


if __name__ == "__main__":
    asyncio.run(main())
