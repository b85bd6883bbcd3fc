"""What a recognizer makes of speech."""

import asyncio

from edge_audio.adapters import load_recognizer
from edge_audio.audio.frame import Samples
from edge_audio.config import load_config


def understood(*speech: Samples) -> list[str]:
    """Return the words that the default recognizer hears in each, at `INPUT_RATE_HZ`."""

    async def main() -> list[str]:
        recognizer = load_recognizer(load_config())
        heard = []
        for pcm in speech:
            utterance = recognizer.open()
            utterance.feed(pcm)
            heard.append((await utterance.transcribe()).text)
        await recognizer.close()
        return heard

    return asyncio.run(main())
