"""Chat models on llama.cpp, in this process: any GGUF file."""

import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
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
from edge_audio.llm.chat_template import chat_request
from edge_audio.llm.llama_server import BATCH_TOKENS, Choice, LlamaServer, Request, Usage
from edge_audio.llm.prompt import SMALL_TALK, USER
from edge_audio.models import find_model
from edge_audio.settings import Shared, Threads
from edge_audio.text.sentences import SENTENCE_MARKS, WholeSentences
from runtime.errors import UserError
from runtime.worker import Cancelled, CancelToken, Emit, Lane, ThreadLane

_DELTAS_WAITING = 64

_END_MARKS = SENTENCE_MARKS + ",;:，；：、،؛"
"""What a recognizer puts after the last word, whatever follows."""

_ENDS = (*(mark for mark in SENTENCE_MARKS if mark != "…"), "\n")
"""What a model writes after the last word."""

_LIKELIEST = 40
"""How many of the likeliest next tokens are looked at: marks that end a sentence are among them or rare."""

_SHORTER_IN_SPEECH = 4.0
"""The odds of an end in speech are this many times those that a model gives under its template. SmolLM2-135M
gives complete sentences 0.5 there and 0.9 in a written dialogue; with this factor, 95 % of them get more than
0.3 either way."""


class LlamaCppModel(ChatModel):
    """A `ChatModel` that runs a GGUF file on llama.cpp.

    Each conversation's session has a slot of its own, where its prompt stays cached, as long as there are
    slots; more sessions share them and cost each other the cache. The model itself is its first slot.
    """

    def __init__(
        self,
        path: Path,
        *lanes: Lane,
        prompt: Literal["dialogue", "template"] = "template",
        context_tokens: int = 2048,
        max_reply_tokens: int = 120,
        temperature: float = 0.0,
        seed: int = 0,
        threads: int = 1,
        batch_tokens: int = BATCH_TOKENS,
        name: str | None = None,
    ) -> None:
        """Look at the file but load nothing yet; `warm_up` or the first call does, on its lane.

        There are as many slots as `lanes`. `template` is the chat template in the file, `dialogue` the one
        of `edge_audio.llm.prompt`. `threads` should leave a core free: llama.cpp's threads wait for each
        other by spinning, and where something else keeps one of their cores busy, two are a hundred times
        slower than one. Raises `UserError` if `path` is not a GGUF file.
        """
        self.name = name or path.stem
        self._server = LlamaServer(
            path, slots=len(lanes), context_tokens=context_tokens, threads=threads, batch_tokens=batch_tokens
        )
        self._prompt = prompt
        self._max_reply_tokens = max_reply_tokens
        self._settings: Request = {
            "temperature": temperature,
            "seed": seed,
            "stream": True,
            "return_progress": True,
            "cache_prompt": True,
        }
        self._slots = [_Slot(number, lane) for number, lane in enumerate(lanes)]
        self._urgent = 0
        """Computations that somebody waits for, on any slot: what is read in advance gives way to them."""

    @property
    def usage(self) -> Usage | None:
        """Return the cost of the last call that completed."""
        return self._server.usage

    def session(self) -> ChatModel:
        """See `ChatModel.session`. It gets the slot with the fewest sessions."""
        return _Session(self, min(self._slots, key=lambda slot: slot.sessions))

    def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        """See `ChatModel.reply`. A reply that reaches its limit ends with its last whole sentence."""
        return self.reply_on(self._slots[0], context, turn)

    async def prefill(self, context: Sequence[Message], heard: str = "") -> float | None:
        """See `ChatModel.prefill` and `prefill_on`."""
        return await self.prefill_on(self._slots[0], context, heard)

    async def reply_on(
        self, slot: "_Slot", context: Sequence[Message], turn: UserTurn
    ) -> AsyncGenerator[TextDelta, None]:
        """Stream a reply that is computed on `slot`."""
        request = self._request(slot, context, turn.transcript or "", self._max_reply_tokens)
        slot.replies += 1
        self._urgent += 1
        try:
            pieces = slot.lane.stream(partial(self._write, request, turn.language), capacity=_DELTAS_WAITING)
            async with aclosing(pieces):
                async for piece in pieces:
                    yield TextDelta(piece)
        finally:
            slot.replies -= 1
            self._urgent -= 1

    async def prefill_on(self, slot: "_Slot", context: Sequence[Message], heard: str) -> float | None:
        """Read ahead on `slot`. The next token shows whether the turn is over, as far as words alone can.

        The probability of a mark or a new line there separates 156 complete sentences and questions from
        their 912 beginnings with an AUC of 0.98, in a written dialogue as under a template (SmolLM2-135M).
        The token that ends a turn in its template did not (AUC 0.60 to 0.83), and adds nothing to the marks.
        """
        heard = heard.strip().rstrip(_END_MARKS + " ")
        ends: float | None = None

        def read(token: CancelToken) -> None:
            def go_on() -> bool:
                return not (token.cancelled or slot.replies or (self._urgent and not heard))

            def look(choice: Choice) -> None:
                nonlocal ends
                if ends is None and (found := choice.get("logprobs")):
                    ends = _end_probability(found["content"][0]["top_logprobs"])
                    if self._prompt == "template":
                        ends = _as_in_speech(ends)

            prefix = self._prefix(context, heard)
            if not go_on():
                raise Cancelled
            asks = bool(heard) and prefix.endswith(heard)  # a template may have changed the words
            look_ahead = {"max_tokens": 1, "n_probs": _LIKELIEST} if asks else {"max_tokens": 0}
            request = self._settings | {"id_slot": slot.number, "prompt": prefix} | look_ahead
            self._server.run(request, go_on, look)

        self._urgent += bool(heard)
        try:
            with suppress(ChatModelError, UserError, Cancelled):
                await slot.lane.run(read)
        finally:
            self._urgent -= bool(heard)
        return ends

    async def warm_up(self) -> None:
        """See `ChatModel.warm_up`."""
        slot = self._slots[0]
        request = self._request(slot, (), "Hello.", 1)
        await slot.lane.run(lambda token: self._server.run(request, lambda: not token.cancelled, _ignore))

    async def close(self) -> None:
        """See `ChatModel.close`. What is running stops at its next callback, and frees the model there."""
        for slot in self._slots:
            slot.lane.close()
        self._server.close()

    def _request(self, slot: "_Slot", context: Sequence[Message], said: str, reply_tokens: int) -> Request:
        """Return the request for the answer to `said`."""
        request = self._settings | {"id_slot": slot.number, "max_tokens": reply_tokens}
        if self._prompt == "dialogue":
            return request | {"prompt": SMALL_TALK.render(context, said), "stop": ["\n", USER], **_NO_LOOPS}
        return request | chat_request(context, said)

    # On the slot's lane.

    def _prefix(self, context: Sequence[Message], heard: str) -> str:
        """Return what is certain of the next prompt, as text that the server makes the same tokens of."""
        if self._prompt == "dialogue":
            return SMALL_TALK.prefix(context, heard)
        return self._server.prefix(context, heard)

    def _write(self, request: Request, language: str | None, token: CancelToken, emit: Emit[str]) -> None:
        sentences = WholeSentences(language)

        def take(choice: Choice) -> None:
            text = choice.get("text") or choice.get("delta", {}).get("content")
            if text and (whole := sentences.push(text)):
                emit(whole)

        ending = self._server.run(request, lambda: not token.cancelled, take)
        if rest := sentences.flush(cut_short=ending == "length"):
            emit(rest)


class _Slot:
    """A place in llama.cpp's server where one prompt stays cached."""

    def __init__(self, number: int, lane: Lane) -> None:
        self.number = number
        self.lane = lane
        self.sessions = 0
        self.replies = 0
        """Replies that are computed here or wait for that; prefill gives way to them."""


class _Session(ChatModel):
    """One conversation's share of a `LlamaCppModel`."""

    def __init__(self, model: LlamaCppModel, slot: _Slot) -> None:
        self.name = model.name
        self._model = model
        self._slot = slot
        slot.sessions += 1
        self._closed = False

    def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        return self._model.reply_on(self._slot, context, turn)

    async def prefill(self, context: Sequence[Message], heard: str = "") -> float | None:
        return await self._model.prefill_on(self._slot, context, heard)

    async def close(self) -> None:
        """Leave the slot to the next conversation, which cancels what is computed there for this one."""
        if not self._closed:
            self._closed = True
            self._slot.sessions -= 1


def _ignore(choice: Choice) -> None:
    """Ignore a piece of an answer."""


_NO_LOOPS = {
    "dry_multiplier": 0.8,
    "dry_base": 1.75,
    "dry_allowed_length": 5,
    "dry_penalty_last_n": 48,
}
"""The "don't repeat yourself" sampler: from the fifth repeated token on, another one gets ever less likely.
Tiny models loop without it, and unlike a plain repetition penalty it spares the end of the line."""


def _end_probability(likeliest: Sequence[dict[str, Any]]) -> float:
    """Return the probability that the next token is a mark that ends a sentence, or a new line."""
    return sum(math.exp(token["logprob"]) for token in likeliest if token["token"].startswith(_ENDS))


def _as_in_speech(written: float) -> float:
    """Return the probability of a turn's end in speech from that in the longer requests of written chats."""
    return _SHORTER_IN_SPEECH * written / (1 + (_SHORTER_IN_SPEECH - 1) * written)


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
            *(ThreadLane(f"llm-{number}") for number in range(shared.conversations)),
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
