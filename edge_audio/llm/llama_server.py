"""llama.cpp's server in this process: one model, and a slot with a KV cache for each conversation.

xllamacpp runs it. It computes on a thread of its own, all slots that have work in one batch, and answers
through callbacks as well as on a loopback port. A computation is stopped by the callback's return value. The
callback runs once for every token written and every batch read, so the batch must be small.
"""

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_audio.llm.chat_model import ChatModelError, Message
from edge_audio.llm.chat_template import ChatTemplate
from runtime.errors import UserError
from runtime.worker import Cancelled

BATCH_TOKENS = 4
"""Tokens of the prompt that are read between two chances to stop: 32 ms for SmolLM2-135M on one core.
Eight would take 56 ms, which is too long for a cancel, and save 12 % a token."""

Request = dict[str, Any]
"""A request to llama.cpp's server, as its own documentation describes it."""

Choice = dict[str, Any]
"""A piece of its answer."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one call cost, in tokens."""

    cached: int
    """Tokens of the prompt taken from the cache."""
    read: int
    """Tokens of the prompt computed."""
    written: int
    """Tokens of the reply."""


class LlamaServer:
    """A GGUF file on llama.cpp. Its methods block, and may be called on several threads at a time."""

    def __init__(
        self, path: Path, *, slots: int, context_tokens: int, threads: int, batch_tokens: int
    ) -> None:
        """Look at the file but load nothing yet; the first call does.

        Each of `slots` has `context_tokens` of context, which costs memory, and computes beside the others.
        Raises `UserError` if `path` is not a GGUF file.
        """
        _check_file(path)
        self.usage: Usage | None = None
        """The cost of the last call that completed."""
        self._path = path
        self._slots = slots
        self._context_tokens = context_tokens
        self._threads = threads
        self._batch_tokens = batch_tokens
        self._key = secrets.token_urlsafe(32)
        self._server: Any = None
        self._loading = threading.Lock()

    def prefix(self, context: Sequence[Message], heard: str) -> str:
        """Return what is certain of the next prompt, by the model's template; see `ChatTemplate.prefix`."""
        return ChatTemplate(self._loaded().listening_address, self._key).prefix(context, heard)

    def close(self) -> None:
        """Free the model, at once or when the last call has ended."""
        self._server = None

    def run(self, request: Request, go_on: Callable[[], bool], take: Callable[[Choice], None]) -> str:
        """Compute `request`, passing each piece to `take`; return why it ended, `stop` or `length`.

        Raises `Cancelled` when `go_on` returns False, `ChatModelError` when llama.cpp refuses.
        """
        server = self._loaded()
        failure: BaseException | None = None
        ending = "stop"

        def on_chunk(chunk: dict[str, Any]) -> bool:
            nonlocal failure, ending
            try:
                if not go_on():
                    raise Cancelled
                if error := chunk.get("error"):
                    raise ChatModelError(self._explain(error))
                choice = chunk["choices"][0]
                take(choice)
                ending = choice.get("finish_reason") or ending
                if timings := chunk.get("timings"):
                    self.usage = Usage(timings["cache_n"], timings["prompt_n"], timings["predicted_n"])
            except BaseException as caught:  # xllamacpp would swallow it
                failure = caught
            return failure is not None

        compute = server.handle_completions if "prompt" in request else server.handle_chat_completions
        try:
            compute(request, on_chunk)
        except ValueError as error:  # its template does
            reason = str(error).strip().rpartition("\n")[2]
            raise ChatModelError(f"The chat model refuses the conversation: {reason}") from error
        if failure is not None:
            raise failure
        return ending

    def _explain(self, error: dict[str, Any]) -> str:
        if error.get("type") == "exceed_context_size_error":
            return (
                f"The conversation is too long for the chat model's {self._context_tokens} tokens of context."
            )
        return f"The chat model failed: {error.get('message', 'no reason given')}."

    def _loaded(self) -> Any:
        with self._loading:
            if self._server is None:
                self._server = self._load()
            return self._server

    def _load(self) -> Any:
        import xllamacpp  # 100 MB: imported here, off the loop, and only when it is used

        params = xllamacpp.CommonParams()
        params.model.path = str(self._path)
        params.n_ctx = self._context_tokens * self._slots
        params.n_parallel = self._slots
        params.n_batch = params.n_ubatch = self._batch_tokens
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = self._threads
        params.cache_ram_mib = 0  # no copies of earlier prompts: a slot holds its only one
        params.fit_params = False  # loads the model twice to find out what fits a GPU
        params.verbosity = -1
        # Nobody else is meant to use its port: any free one, on loopback, with a key that only we know.
        params.port = 0
        params.api_keys = [self._key]
        params.n_threads_http = 1
        params.ui = params.endpoint_slots = False
        try:
            return xllamacpp.Server(params)
        except RuntimeError:
            raise UserError(
                f"llama.cpp can't load {self._path}: it is damaged, of an unknown kind, or too big.",
                "Fetch it again, or choose another GGUF file.",
            ) from None


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise UserError(
            f"The chat model {path} can't be read: {reason[0].lower()}{reason[1:]}.",
            "Give the path of a GGUF file, or a name from `edge-audio models`.",
        ) from None
    if magic != b"GGUF":
        raise UserError(f"{path} is not a GGUF file.", "Give the path of a model in llama.cpp's format.")
