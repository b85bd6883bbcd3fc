"""A chat server on loopback that does as a test says: good answers, and every kind of fault."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class ChatServer:
    """What a running server has seen."""

    url: str
    heads: list[str] = field(default_factory=list)
    bodies: list[dict[str, object]] = field(default_factory=list)
    connections: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request is there."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client has closed its connection."""


@asynccontextmanager
async def chat_server(answer: Answer) -> AsyncGenerator[ChatServer, None]:
    """Serve every request with `answer`, which writes a raw HTTP response."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                fields = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if line)
                seen.heads.append(head)
                if length := int(fields.get("content-length", 0)):
                    seen.bodies.append(json.loads(await reader.readexactly(length)))
                seen.asked.set()
                answering = asyncio.create_task(answer(writer))
                leaving = asyncio.create_task(_left(reader, answering))
                await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
                leaving.cancel()
                if not answering.done():
                    answering.cancel()
                    break
                await answering
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            seen.left.set()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    seen = ChatServer(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
    try:
        yield seen
    finally:
        server.close()


async def _left(reader: asyncio.StreamReader, answering: asyncio.Task[None]) -> None:
    # Reading would wait as well, but might take the next request's bytes.
    while not reader.at_eof() and not answering.done():  # noqa: ASYNC110
        await asyncio.sleep(0.005)


def stream_head(*, kind: str = "text/event-stream", extra: str = "") -> bytes:
    return (f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n{extra}\r\n").encode()


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


END = chunk(b"")


def event(**choice: object) -> bytes:
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def text(words: str) -> bytes:
    return event(delta={"content": words}, finish_reason=None)


STOP = event(delta={}, finish_reason="stop")
DONE = b"data: [DONE]\n\n"


def stream(*parts: bytes, gap_s: float = 0.0, end: bytes = END, head: bytes | None = None) -> Answer:
    """An event stream of `parts`, each in a chunk of its own, `gap_s` apart."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(stream_head() if head is None else head)
        for part in parts:
            writer.write(chunk(part))
            await writer.drain()
            await asyncio.sleep(gap_s)
        writer.write(end)
        await writer.drain()

    return answer


def status(line: str, body: bytes = b"", kind: str = "application/json") -> Answer:
    """A plain response."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {line}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return answer


def raw(data: bytes) -> Answer:
    """Exactly these bytes, then the end of the connection."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    return answer


def silence(before: bytes = b"") -> Answer:
    """Nothing more after `before`, and the connection stays open."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(before)
        await writer.drain()
        await asyncio.sleep(60)

    return answer
