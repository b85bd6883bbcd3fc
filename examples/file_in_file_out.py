"""Let the assistant answer an audio file, and keep its replies.

Usage: file_in_file_out.py IN.wav OUT.wav
"""

import asyncio
import sys
from pathlib import Path

from edge_audio import Assistant, TurnFinished
from edge_audio.audio.file_device import FileDevice, OutputFiles
from edge_audio.audio.files import WavWriter
from edge_audio.audio.script import read_script


async def main(source: Path, target: Path) -> None:
    with WavWriter(target) as writer:
        device = FileDevice(source.name, read_script(source), OutputFiles(reply=writer))
        async with Assistant.open(device=device) as assistant:
            async for event in assistant.events():
                if isinstance(event, TurnFinished):
                    print(event.report.user_text, "->", event.report.heard_text)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
