"""Chat models on llama.cpp, in this process: any GGUF file.

xllamacpp runs llama.cpp's server, which computes on a thread of its own and answers through callbacks
as well as on a loopback port. The callback's answer is how a computation is stopped, and it comes once
for every token written and every batch read, so the batch must be small.
"""

import math
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from edge_audio.llm.chat_model import (
    ChatModel,
    ChatModelConfig,
    ChatModelError,
    Message,
    TextDelta,
    UserTurn,
)
from edge_audio.llm.chat_template import ChatTemplate, chat_request
from edge_audio.llm.prompt import SMALL_TALK, USER
from edge_audio.models import find_model
from edge_audio.settings import Shared, Threads
from edge_audio.text.sentences import WholeSentences
from runtime.errors import UserError
from runtime.worker import Cancelled, CancelToken, Emit, Lane, ThreadLane

BATCH_TOKENS = 4
"""Tokens of the prompt that are read between two chances to stop: 32 ms for SmolLM2-135M on one core.
Eight would take 56 ms, which is too long for a cancel, and save 12 % a token."""

_DELTAS_WAITING = 64

_END_MARKS = ".?!,;:\u2026"
"""What a recognizer puts behind the last word, whatever comes."""

_LIKELIEST = 40
"""So many of the likeliest next tokens are looked at: marks that end a sentence are among them or rare."""

_SHORTER_IN_SPEECH = 4.0
"""How many times the odds of an end are those that a model sees under its template. SmolLM2-135M gives whole
sentences 0.5 there and 0.9 in a written dialogue; with this, 95 % of them get more than 0.3 either way."""

_Request = dict[str, Any]
_Choice = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one call cost, in tokens."""

    cached: int
    """Of the prompt, taken from the cache."""
    read: int
    """Of the prompt, computed."""
    written: int
    """Of the reply."""


class LlamaCppModel(ChatModel):
    """A `ChatModel` that runs a GGUF file on llama.cpp. One slot: one conversation, its prompt cached."""

    def __init__(
        self,
        path: Path,
        lane: Lane,
        *,
        prompt: Literal["dialogue", "template"] = "template",
        context_tokens: int = 2048,
        max_reply_tokens: int = 120,
        temperature: float = 0.0,
        seed: int = 0,
        threads: int = 1,
        batch_tokens: int = BATCH_TOKENS,
        name: str | None = None,
    ) -> None:
        """Look at the file but load nothing yet; `warm_up` or the first call does, on `lane`.

        `template` is the chat template in the file, `dialogue` the one of `edge_audio.llm.prompt`.
        `threads` should leave a core free: llama.cpp's threads wait for each other by spinning, and where
        something else keeps one of their cores busy, two are a hundred times slower than one.
        Raises `UserError` if `path` is no GGUF file.
        """
        _check_file(path)
        self.name = name or path.stem
        self.usage: Usage | None = None
        """Of the last call that came to its end."""
        self._path = path
        self._lane = lane
        self._prompt = prompt
        self._context_tokens = context_tokens
        self._max_reply_tokens = max_reply_tokens
        self._settings: _Request = {
            "temperature": temperature,
            "seed": seed,
            "stream": True,
            "return_progress": True,
            "cache_prompt": True,
            "id_slot": 0,
        }
        self._threads = threads
        self._batch_tokens = batch_tokens
        self._key = secrets.token_urlsafe(32)
        self._server: Any = None
        self._replies = 0

    async def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        """See `ChatModel.reply`. A reply that reaches its limit ends with its last whole sentence."""
        request = self._request(context, turn.transcript or "", self._max_reply_tokens)
        self._replies += 1
        try:
            pieces = self._lane.stream(partial(self._write, request), capacity=_DELTAS_WAITING)
            async with aclosing(pieces):
                async for piece in pieces:
                    yield TextDelta(piece)
        finally:
            self._replies -= 1

    async def prefill(self, context: Sequence[Message], heard: str = "") -> float | None:
        """See `ChatModel.prefill`. The next token tells whether the turn is over, as words alone can.

        How likely a mark is there, or a new line, told 156 whole sentences and questions from their 912
        beginnings with an AUC of 0.98, in a written dialogue as under a template (SmolLM2-135M). The token
        that ends a turn in its template did not (AUC 0.60 to 0.83), and adds nothing to the marks.
        """
        heard = heard.strip().rstrip(_END_MARKS + " ")
        ends: float | None = None

        def read(token: CancelToken) -> None:
            def go_on() -> bool:
                return not token.cancelled and not self._replies

            def look(choice: _Choice) -> None:
                nonlocal ends
                if ends is None and (found := choice.get("logprobs")):
                    ends = _end_probability(found["content"][0]["top_logprobs"])
                    if self._prompt == "template":
                        ends = _as_in_speech(ends)

            begun = self._begin(context, heard)
            if not go_on():
                raise Cancelled
            asks = bool(heard) and begun.endswith(heard)  # a template may have changed the words
            look_ahead = {"max_tokens": 1, "n_probs": _LIKELIEST} if asks else {"max_tokens": 0}
            self._run(self._settings | {"prompt": begun} | look_ahead, go_on, look)

        with suppress(ChatModelError, UserError, Cancelled):
            await self._lane.run(read)
        return ends

    async def warm_up(self) -> None:
        """See `ChatModel.warm_up`."""
        request = self._request((), "Hello.", 1)
        await self._lane.run(lambda token: self._run(request, lambda: not token.cancelled, lambda _: None))

    async def close(self) -> None:
        """See `ChatModel.close`. What is running stops at its next callback, and frees the model there."""
        self._lane.close()
        self._server = None

    def _request(self, context: Sequence[Message], said: str, reply_tokens: int) -> _Request:
        """Ask for the answer to `said`."""
        request = self._settings | {"max_tokens": reply_tokens}
        if self._prompt == "dialogue":
            return request | {"prompt": SMALL_TALK.render(context, said), "stop": ["\n", USER], **_NO_LOOPS}
        return request | chat_request(context, said)

    # On the lane's thread.

    def _begin(self, context: Sequence[Message], heard: str) -> str:
        """Return what is certain of the next prompt, as text that the server makes the same tokens of."""
        if self._prompt == "dialogue":
            return SMALL_TALK.begin(context, heard)
        return ChatTemplate(self._loaded().listening_address, self._key).begin(context, heard)

    def _write(self, request: _Request, token: CancelToken, emit: Emit[str]) -> None:
        sentences = WholeSentences()

        def take(choice: _Choice) -> None:
            text = choice.get("text") or choice.get("delta", {}).get("content")
            if text and (whole := sentences.push(text)):
                emit(whole)

        ending = self._run(request, lambda: not token.cancelled, take)
        if rest := sentences.flush(cut_short=ending == "length"):
            emit(rest)

    def _run(self, request: _Request, go_on: Callable[[], bool], take: Callable[[_Choice], None]) -> str:
        """Have `request` computed and hand what comes to `take`; returns why it ended, `stop` or `length`.

        Raises `Cancelled` when `go_on` says no, `ChatModelError` when llama.cpp does.
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
        if self._server is None:
            self._server = self._load()
        return self._server

    def _load(self) -> Any:
        import xllamacpp  # 100 MB: read here, off the loop, and only by those who use it

        params = xllamacpp.CommonParams()
        params.model.path = str(self._path)
        params.n_ctx = self._context_tokens
        params.n_parallel = 1
        params.n_batch = params.n_ubatch = self._batch_tokens
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = self._threads
        params.cache_ram_mib = 0  # no copies of earlier prompts: the slot holds the only one
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
                f"llama.cpp can't load {self._path}: it is damaged, unknown to it, or too big.",
                "Fetch it again, or choose another GGUF file.",
            ) from None


_NO_LOOPS = {
    "dry_multiplier": 0.8,
    "dry_base": 1.75,
    "dry_allowed_length": 5,
    "dry_penalty_last_n": 48,
}
"""The "don't repeat yourself" sampler: from the fifth repeated token on, going on gets ever less likely.
Tiny models circle without it, and unlike a plain repetition penalty it spares the end of the line."""


def _end_probability(likeliest: Sequence[dict[str, Any]]) -> float:
    """Return how likely the next token is a mark that ends a sentence, or a new line."""
    ends = (".", "?", "!", "\n")
    return sum(math.exp(token["logprob"]) for token in likeliest if token["token"].startswith(ends))


def _as_in_speech(written: float) -> float:
    """Return how likely the turn is over, of how likely that is in the long requests of written chats."""
    return _SHORTER_IN_SPEECH * written / (1 + (_SHORTER_IN_SPEECH - 1) * written)


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


class LlamaCppConfig(ChatModelConfig, frozen=True):
    """A chat model in this process: any GGUF file, on llama.cpp."""

    packages = ("xllamacpp",)

    model: str = "smollm2-135m-instruct"
    """Name in `edge-audio models`, or path of any GGUF file."""
    prompt: Literal["dialogue", "template"] = "template"
    """`template`: the model's own chat template. `dialogue`: a written dialogue with examples, for models
    too small for their template."""
    context_tokens: Annotated[int, Meta(ge=256, le=1_048_576)] = 2048
    """Size of the context window in tokens; costs memory."""
    max_reply_tokens: Annotated[int, Meta(ge=1, le=4096)] = 120
    """Longest reply in tokens."""
    temperature: Annotated[float, Meta(ge=0.0, le=2.0)] = 0.0
    """Randomness of the reply; 0 always takes the likeliest word."""
    threads: Threads = 1
    """Threads of the model. On two cores one is the better choice: two are twice as fast while nothing else
    runs, and many times slower when something does, as each waits for the other at every layer."""

    def load(self, shared: Shared) -> LlamaCppModel:
        """See `ChatModelConfig.load`."""
        return LlamaCppModel(
            find_model(self.model),
            ThreadLane("llm"),
            prompt=self.prompt,
            context_tokens=self.context_tokens,
            max_reply_tokens=self.max_reply_tokens,
            temperature=self.temperature,
            threads=self.threads,
            name=Path(self.model).stem,
        )

    def models(self) -> tuple[str, ...]:
        """See `AdapterConfig.models`."""
        return (self.model,)
