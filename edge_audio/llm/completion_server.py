"""The client of a chat model's server: HTTP, and replies as server-sent events, one JSON object a line.

Everything that a server sends is bounded and checked, and every failure ends in one sentence.
"""

import asyncio
import ipaddress
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress

import httpx
import msgspec

from edge_audio.llm.chat_model import ChatModelError, TextDelta
from edge_audio.llm.event_stream import StreamTooLong, read_events
from runtime.errors import UserError

_MAX_ANSWER_BYTES = 64 * 1024  # of answers that are not streams: errors, lists
_MAX_REASON_CHARS = 200
_AFTER_END_S = 0.25  # wait this long for the stream's last line, so that the connection can be used again


class _Delta(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    """What `/chat/completions` has written next."""
    text: str | None = None
    """What `/completions` has written next."""
    finish_reason: str | None = None

    @property
    def written(self) -> str:
        return self.text or (self.delta and self.delta.content) or ""


class _Event(msgspec.Struct):
    choices: list[_Choice] = []
    error: object = None
    kind: str | None = msgspec.field(name="object", default=None)
    message: str | None = None

    @property
    def failure(self) -> object:
        """Return what the server says about an error; older vLLM servers put no `error` around it."""
        return (self.message or self.kind) if self.kind == "error" else self.error


_DONE = _Choice(finish_reason="stop")


class CompletionServer:
    """A server that writes text on request: chat models of any protocol of OpenAI's use it."""

    def __init__(
        self,
        url: str,
        *,
        api_key_env: str | None = None,
        connect_timeout_s: float = 5.0,
        first_token_timeout_s: float = 20.0,
        token_timeout_s: float = 10.0,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """`url` is the base address, usually ending in `/v1`; `api_key_env` names the key's variable.

        Plain http is allowed, because home servers use it, but a key is never sent over it to
        another machine. Raises `UserError` for an address or a key that can't be used.
        """
        address = _check_url(url)
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        if api_key_env is not None:
            headers["Authorization"] = f"Bearer {_key(api_key_env, environ)}"
            if address.scheme == "http" and not _is_loopback(address.host):
                raise UserError(
                    f"{url} is not encrypted: the API key could be read on the way.",
                    "Use an https address, or a server that needs no key.",
                )
        self._url = url.rstrip("/")
        self._host = address.netloc.decode("ascii", "replace")
        self._first_token_timeout_s = first_token_timeout_s
        self._token_timeout_s = token_timeout_s
        self._client = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(None, connect=connect_timeout_s),
            # A proxy can't reach this machine's own loopback.
            trust_env=not _is_loopback(address.host),
        )

    async def write(self, path: str, request: Mapping[str, object]) -> AsyncGenerator[TextDelta, None]:
        """Post `request` to `path`, which begins with a slash, and stream what the server writes.

        Closing the iterator closes the connection, which stops the server. Raises `ChatModelError`.
        """
        now = asyncio.get_running_loop().time
        wait_s, ended = self._first_token_timeout_s, False
        deadline_s = now() + wait_s
        async with aclosing(self._choices(path, request)) as choices:
            while True:
                try:
                    async with asyncio.timeout_at(deadline_s):
                        choice = await anext(choices)
                except StopAsyncIteration:
                    break
                except TimeoutError:
                    if ended:
                        return
                    raise ChatModelError(
                        f"The chat model at {self._host} wrote nothing for {wait_s:g} seconds."
                    ) from None
                if choice.written:
                    yield TextDelta(choice.written)
                    wait_s = self._token_timeout_s
                    deadline_s = now() + wait_s
                if choice.finish_reason == "content_filter":
                    raise ChatModelError("The chat model refused to answer.")
                if choice.finish_reason in ("abort", "error"):  # vLLM's words
                    break
                if choice.finish_reason is not None and not ended:
                    ended = True
                    deadline_s = now() + _AFTER_END_S
        if not ended:
            raise ChatModelError(f"The chat model at {self._host} broke off.")

    async def warm_up(self) -> None:
        """Ask for the list of models, which opens the connection and tries the key.

        Raises `UserError` if the server can't be reached or rejects the key.
        """
        try:
            async with asyncio.timeout(self._first_token_timeout_s), self._open("GET", "/models") as response:
                body = await _read(response)
                if response.status_code in (401, 403):
                    raise ChatModelError(self._refusal(response.status_code, body))
        except TimeoutError:
            raise UserError(f"The chat model's server at {self._host} doesn't answer.", _REMEDY) from None
        except ChatModelError as error:
            raise UserError(str(error), _REMEDY) from None

    async def close(self) -> None:
        """Close all connections; what is running ends in a `ChatModelError`."""
        await self._client.aclose()

    async def _choices(self, path: str, request: Mapping[str, object]) -> AsyncGenerator[_Choice, None]:
        """Yield the stream's choices; one with a finish reason means that the reply is complete."""
        async with self._open("POST", path, {**request, "stream": True}) as response:
            if response.status_code != httpx.codes.OK:
                raise ChatModelError(self._refusal(response.status_code, await _read(response)))
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if (
                kind != "text/event-stream"
                or response.headers.get("content-encoding", "identity") != "identity"
            ):
                raise ChatModelError(f"{self._host} doesn't answer like a chat model: check its address.")
            async for data in read_events(response.aiter_raw()):
                if data == b"[DONE]":
                    yield _DONE
                    continue
                event = msgspec.json.decode(data, type=_Event)
                if event.failure is not None:
                    raise ChatModelError(f"The chat model at {self._host} failed{_reason(event.failure)}.")
                for choice in event.choices:
                    yield choice

    @asynccontextmanager
    async def _open(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> AsyncGenerator[httpx.Response, None]:
        """Open a request; whatever goes wrong until it is closed becomes a `ChatModelError`."""
        try:
            async with self._client.stream(method, self._url + path, json=body) as response:
                yield response
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ChatModelError(
                f"The chat model at {self._host} can't be reached{_reason(str(error) or 'no answer')}."
            ) from None
        except httpx.HTTPError:
            raise ChatModelError(f"The connection to the chat model at {self._host} broke.") from None
        except StreamTooLong:
            raise ChatModelError(f"The chat model at {self._host} sent too much.") from None
        except msgspec.DecodeError:
            raise ChatModelError(f"The chat model at {self._host} sent something garbled.") from None

    def _refusal(self, status: int, body: bytes) -> str:
        """Return one sentence on why the server refused."""
        error: object = None
        with suppress(msgspec.DecodeError):
            error = msgspec.json.decode(body, type=_Event).failure
        what = _REFUSALS.get(status, "failed" if status >= 500 else "refused the request")
        return f"The chat model at {self._host} {what} (status {status}){_reason(error)}."


_REFUSALS = {
    401: "wants a valid API key",
    403: "denies access",
    404: "doesn't know this model or address",
    429: "gets too many requests",
}

_REMEDY = "Check url, model and api_key_env in the config's [llm] table, and that the server runs."


async def _read(response: httpx.Response) -> bytes:
    """Read a body that is not a stream, up to its bound."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _MAX_ANSWER_BYTES:
            break
    return bytes(body)


def _reason(error: object) -> str:
    """Return what a server says about an error, as the end of a sentence; empty if it says nothing."""
    if isinstance(error, dict):
        error = error.get("message")
    if not isinstance(error, str) or not (words := " ".join(error.split())):
        return ""
    printable = "".join(c for c in words if c.isprintable()).rstrip(".")
    return f": {printable[:_MAX_REASON_CHARS]}"


def _check_url(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL()
    if address.scheme not in ("http", "https") or not address.host:
        raise UserError(
            f"{url!r} is not the address of a server.", "Give one like http://127.0.0.1:11434/v1."
        )
    if address.userinfo:
        raise UserError(
            "The chat model's address holds a password.",
            "Put it into an environment variable, and name that in api_key_env.",
        )
    return address


def _key(variable: str, environ: Mapping[str, str]) -> str:
    key = environ.get(variable, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        raise UserError(
            f"The environment variable {variable} holds no API key.", "Set it, or remove api_key_env."
        )
    return key


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
