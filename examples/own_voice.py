"""Speak by a voice of your own: one that beeps once for each word."""

import asyncio
import re
from collections.abc import AsyncGenerator

import numpy as np

from edge_audio import Assistant, Clause, SpokenChunk, Style, Voice


class Beeper(Voice):
    name = "beeper"
    sample_rate_hz = 16_000

    async def speak(self, clause: Clause, style: Style) -> AsyncGenerator[SpokenChunk]:
        samples = np.arange(self.sample_rate_hz // 5) / self.sample_rate_hz
        beep = 0.3 * np.sin(2 * np.pi * 880 * samples) * (samples < 0.1)
        for word in re.finditer(r"\w+", clause.text):
            start, end = (clause.text_start + place for place in word.span())
            yield SpokenChunk(beep.astype(np.float32), start, end)


async def main() -> None:
    async with Assistant.open(voice=Beeper()) as assistant:
        print("Heard:", await assistant.say("One, two, three."))


if __name__ == "__main__":
    asyncio.run(main())
