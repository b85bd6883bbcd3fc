"""Speaks one clause while the next one is started, so that there is no gap between them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import numpy as np

from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import SpokenChunk, Style, Voice, VoiceError
from runtime.channel import Channel

Line = tuple[Clause, Style]
"""A clause, and how to say it."""

_Speech = tuple[Channel[SpokenChunk], asyncio.Task[None]]
"""What a line makes, and the task that speaks it."""

_AT_ONCE = 2
"""The clause that is spoken, and the one that is started."""


async def speak_ahead(voice: Voice, lines: AsyncIterator[Line]) -> AsyncGenerator[SpokenChunk, None]:
    """Yield what `voice` makes of `lines`, in their order.

    While a line is spoken the next one is read and started, as far as the voice runs ahead of what is taken
    from it; none after it is touched. This keeps every stage of a multi-model voice busy: with a language
    model and a decoder, the next clause is written while this one is still decoded. A failure is raised in
    its place, after the sound before it. Closing the iterator stops everything that was started.
    """
    begun: Channel[_Speech] = Channel(_AT_ONCE)
    room = asyncio.Semaphore(_AT_ONCE)
    tasks: set[asyncio.Task[None]] = set()

    async def begin() -> None:
        try:
            while True:
                await room.acquire()
                clause, style = await anext(lines)
                chunks: Channel[SpokenChunk] = Channel(1)
                tasks.add(task := asyncio.create_task(_speak(voice, clause, style, chunks)))
                begun.put_nowait((chunks, task))
        except StopAsyncIteration:
            pass
        finally:
            begun.close()

    tasks.add(beginning := asyncio.create_task(begin()))
    try:
        async for chunks, task in begun:
            async for chunk in chunks:
                yield chunk
            await task
            tasks.remove(task)
            room.release()
        await beginning
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        tasks.clear()  # they hold what was computed, and `begin` holds them, its own one among them


def _check(voice: Voice, chunk: SpokenChunk) -> None:
    """Raise `VoiceError` if `chunk` isn't what a voice yields: its samples might be loud noise."""
    pcm = chunk.pcm
    if not isinstance(pcm, np.ndarray) or pcm.ndim != 1 or pcm.dtype != np.float32:
        found = f"{pcm.dtype} of shape {pcm.shape}" if isinstance(pcm, np.ndarray) else type(pcm).__name__
        raise VoiceError(f"The voice {voice.name} made {found} where float32 of shape (n,) is due.")
    if not np.isfinite(pcm).all():
        raise VoiceError(f"The voice {voice.name} made samples that are not numbers (NaN or infinity).")


async def _speak(voice: Voice, clause: Clause, style: Style, into: Channel[SpokenChunk]) -> None:
    try:
        async with aclosing(voice.speak(clause, style)) as chunks:
            async for chunk in chunks:
                _check(voice, chunk)
                await into.put(chunk)
    finally:
        into.close()
