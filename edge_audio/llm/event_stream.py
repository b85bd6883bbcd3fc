"""Server-sent events, as far as chat models use them: lines that begin with ``data:``."""

from collections.abc import AsyncGenerator, AsyncIterator

MAX_LINE_BYTES = 64 * 1024
"""Longest line; an event holds a word or two."""

MAX_STREAM_BYTES = 8 * 1024 * 1024
"""Longest stream: far more than anybody listens to."""


class StreamTooLong(Exception):
    """The server sent more than the bounds allow."""


async def read_events(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield the data of each event in a response's body, which may come in any pieces.

    Every data line is an event of its own; comments and other fields are skipped. An unfinished last
    line is dropped. Raises `StreamTooLong` for a line or a stream above its bound.
    """
    rest = b""
    total = 0
    async for chunk in chunks:
        total += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        if total > MAX_STREAM_BYTES or len(rest) > MAX_LINE_BYTES:
            raise StreamTooLong
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].strip()
