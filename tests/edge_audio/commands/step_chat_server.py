"""A server that answers every completion with the same words."""

import asyncio
import json
import threading


async def answering(words: str, prompts: list[str], stop: threading.Event, url: list[str]) -> None:
    """Serve on loopback until `stop`; tells its address in `url` and keeps what it was asked in `prompts`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0] or 0)
        if length:
            prompts.append(json.loads(await reader.readexactly(length))["prompt"])
        events = ({"text": words}, {"text": "", "finish_reason": "stop"})
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for choice in events:
            writer.write(b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n")
        writer.write(b"data: [DONE]\n\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url.append(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        while not stop.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
