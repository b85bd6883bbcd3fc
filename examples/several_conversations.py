"""Hold conversations side by side over one set of models.

Usage: several_conversations.py ONE.wav TWO.wav
"""

import asyncio
import sys
from pathlib import Path

from edge_audio import Assistant, Models, TurnFinished, load_config, open_models
from edge_audio.audio.file_device import FileDevice
from edge_audio.audio.script import read_script


async def converse(models: Models, source: Path) -> None:
    device = FileDevice(source.name, read_script(source))  # a device belongs to one conversation
    async with Assistant.open(models=models, device=device) as assistant:
        async for event in assistant.events():
            if isinstance(event, TurnFinished):
                print(f"{source.name}: {event.report.user_text} -> {event.report.heard_text}")


async def main(*sources: Path) -> None:
    async with open_models(load_config(), conversations=len(sources)) as models:
        await asyncio.gather(*(converse(models, source) for source in sources))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*map(Path, sys.argv[1:]))) if sys.argv[1:] else __doc__)
