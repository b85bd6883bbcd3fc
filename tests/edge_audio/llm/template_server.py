"""Stands in for llama.cpp's server where it renders chat templates: on loopback, as a test says."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import patch

from edge_audio.llm import chat_template

Render = Callable[[list[dict[str, str]]], str]


def turns(messages: list[dict[str, str]]) -> str:
    """Render each message between tags, and the tag of the answer."""
    return "".join(f"<{m['role']}>{m['content']}</{m['role']}>" for m in messages) + "<assistant>"


@dataclass
class TemplateServer:
    """What a running server has seen."""

    address: str
    heads: list[dict[str, str]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def patience() -> Iterator[None]:
    """Have templates waited for however busy the machine is: it runs tests."""
    with patch.object(chat_template, "_RENDER_S", 5.0):
        yield


@contextmanager
def template_server(render: Render = turns) -> Iterator[TemplateServer]:
    """Answer with what `render` makes of the messages, or with status 500 if it raises `ValueError`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.heads.append({"path": self.path, **self.headers})
            seen.requests.append(request)
            try:
                status, answer = 200, {"prompt": render(request["messages"])}
            except ValueError as error:
                status, answer = 500, {"error": str(error)}
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, patience():
        seen = TemplateServer(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=partial(server.serve_forever, 0.01))
        thread.start()
        try:
            yield seen
        finally:
            server.shutdown()
            thread.join()
