"""The llama.cpp adapter with a scripted llama.cpp: requests, endings, cancelling, priorities."""

import asyncio
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from edge_audio.llm.chat_model import ChatModelError, Message, UserTurn
from edge_audio.llm.llamacpp import LlamaCppModel, Usage
from edge_audio.priority import Priority
from runtime.errors import UserError
from runtime.urgency import Urgency
from runtime.worker import Cancelled, ThreadLane
from tests.edge_audio.llm.template_server import Render, template_server

Chunk = dict[str, Any]
TIMINGS = {"cache_n": 7, "prompt_n": 3, "predicted_n": 2}
ENDLESS = 10_000


def read(done: int = 1) -> Chunk:
    return {"choices": [{"text": "", "finish_reason": None}], "prompt_progress": {"processed": done}}


def text(words: str) -> Chunk:
    return {"choices": [{"text": words, "finish_reason": None}]}


def end(reason: str = "stop") -> Chunk:
    return {"choices": [{"text": "", "finish_reason": reason}], "timings": TIMINGS}


def likeliest(tokens: dict[str, float]) -> Chunk:
    found = [{"token": token, "logprob": math.log(probability)} for token, probability in tokens.items()]
    return {"choices": [{"text": "", "logprobs": {"content": [{"top_logprobs": found}]}}]}


class ScriptedServer:
    """Calls back with each chunk, and notes what was asked and how far it came."""

    def __init__(self, chunks: Sequence[Chunk], gap_s: float = 0.0, address: str = "") -> None:
        self.chunks = chunks
        self.gap_s = gap_s
        self.listening_address = address
        self.requests: list[dict[str, Any]] = []
        self.stopped_after: list[int] = []

    def handle_completions(self, request: dict[str, Any], callback: Callable[[Chunk], bool]) -> None:
        assert threading.current_thread().name == "lane-llm"
        self.requests.append(request)
        for count, chunk in enumerate(self.chunks, 1):
            threading.Event().wait(self.gap_s)
            if callback(chunk):
                self.stopped_after.append(count)
                return

    handle_chat_completions = handle_completions


def model_on(server: ScriptedServer, tmp_path: Path, **options: Any) -> tuple[LlamaCppModel, ThreadLane]:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF...")
    lane = ThreadLane("llm")
    model = LlamaCppModel(path, lane, **options)
    model._server._server = server
    return model, lane


async def reply_of(model: LlamaCppModel, *context: Message) -> list[str]:
    return [delta.text async for delta in model.reply(context, UserTurn("Well?"))]


@pytest.fixture
def address() -> Iterator[str]:
    """Where a chat template is rendered."""
    with template_server() as server:
        yield server.address


async def free(lane: ThreadLane) -> None:
    while lane.busy:  # noqa: ASYNC110  a lane tells nobody
        await asyncio.sleep(0.001)


def test_the_reply_is_the_text_of_the_chunks(tmp_path: Path) -> None:
    server = ScriptedServer([read(), text(" "), text(" It"), text(" is"), text("."), end()])
    model, _ = model_on(server, tmp_path)
    assert asyncio.run(reply_of(model)) == ["It", " is", "."]
    assert model.usage == Usage(cached=7, read=3, written=2)
    assert model.name == "tiny"


def test_a_chat_completion_comes_as_deltas(tmp_path: Path) -> None:
    chunks: list[Chunk] = [
        {"choices": [{"delta": {"role": "assistant", "content": None}, "finish_reason": None}]},
        {"choices": [{"delta": {"content": "Yes."}, "finish_reason": None}]},
        {"choices": [{"delta": {}, "finish_reason": "stop"}], "timings": TIMINGS},
    ]
    model, _ = model_on(ScriptedServer(chunks), tmp_path, prompt="template")
    assert asyncio.run(reply_of(model)) == ["Yes."]


def test_a_template_is_given_the_messages_and_a_dialogue_its_text(tmp_path: Path, address: str) -> None:
    history = (Message("system", "Be brief."), Message("user", "a"), Message("assistant", "b"))
    server = ScriptedServer([end()], address=address)
    for prompt in ("template", "dialogue"):
        model, _ = model_on(server, tmp_path, prompt=prompt, max_reply_tokens=9, temperature=0.5, seed=3)
        asyncio.run(reply_of(model, *history))
        asyncio.run(model.prefill(history))
    asked, prefilled, written, begun = server.requests
    for request in server.requests:
        common = {"temperature": 0.5, "seed": 3, "stream": True, "cache_prompt": True, "id_slot": 0}
        assert common.items() <= request.items()
        assert request["return_progress"]  # without it, nothing can stop a long prefill
    assert asked["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "Well?"},
    ]
    assert asked["max_tokens"] == 9
    assert prefilled["prompt"] == "<system>Be brief.</system><user>a</user><assistant>b</assistant><user>"
    assert prefilled["max_tokens"] == 0
    assert written["prompt"].startswith("Be brief.\n")
    assert written["prompt"].endswith("User: a\nAssistant: b\nUser: Well?\nAssistant:")
    assert written["stop"] == ["\n", "User:"]
    assert begun["prompt"].endswith("Assistant: b\nUser:")


@pytest.mark.parametrize(
    ("prompt", "end_of_prompt"), [("dialogue", "\nUser: What is the"), ("template", "<user>What is the")]
)
def test_what_was_heard_so_far_is_read_ahead(
    prompt: str, end_of_prompt: str, tmp_path: Path, address: str
) -> None:
    server = ScriptedServer([end()], address=address)
    model, _ = model_on(server, tmp_path, prompt=prompt)
    asyncio.run(model.prefill((), " What is the."))
    assert server.requests[0]["prompt"].endswith(end_of_prompt)
    assert server.requests[0]["max_tokens"] == 1
    assert server.requests[0]["n_probs"]


@pytest.mark.parametrize(("prompt", "whole"), [("dialogue", 0.5), ("template", 0.8)])
def test_marks_and_new_lines_tell_whether_the_words_are_all(
    prompt: str, whole: float, tmp_path: Path, address: str
) -> None:
    tokens = {"?": 0.25, ".\n": 0.125, "\n": 0.125, " of": 0.25, "": 0.25}
    server = ScriptedServer([read(), likeliest(tokens), end()], address=address)
    model, _ = model_on(server, tmp_path, prompt=prompt)
    assert asyncio.run(model.prefill((), "What is that")) == pytest.approx(whole)


@pytest.mark.parametrize("certain", [0.0, 1.0])
def test_under_a_template_what_is_certain_remains_so(certain: float, tmp_path: Path, address: str) -> None:
    tokens = {"?": certain} if certain else {" of": 1.0}
    model, _ = model_on(ScriptedServer([likeliest(tokens), end()], address=address), tmp_path)
    assert asyncio.run(model.prefill((), "What is that")) == certain


@pytest.mark.parametrize(
    "render",
    [lambda messages: "Tell a joke.", lambda messages: messages[-1]["content"].upper()],
    ids=["no words", "other words"],
)
def test_a_template_that_has_not_the_words_heard_is_read_without_a_judgement(
    render: Render, tmp_path: Path
) -> None:
    with template_server(render) as template:
        server = ScriptedServer([end()], address=template.address)
        model, _ = model_on(server, tmp_path)
        assert asyncio.run(model.prefill((), "What is that")) is None
    assert server.requests[0]["max_tokens"] == 0
    assert "n_probs" not in server.requests[0]


def test_without_words_there_is_no_judgement(tmp_path: Path, address: str) -> None:
    for prompt in ("template", "dialogue"):
        server = ScriptedServer([end()], address=address)
        model, _ = model_on(server, tmp_path, prompt=prompt)
        assert asyncio.run(model.prefill((), "...")) is None
        assert server.requests[0]["max_tokens"] == 0


def test_where_the_template_can_not_be_rendered_nothing_is_read(tmp_path: Path) -> None:
    def refuse(messages: list[dict[str, str]]) -> str:
        raise ValueError("no")

    with template_server(refuse) as template:
        server = ScriptedServer([text("Yes."), end()], address=template.address)
        model, _ = model_on(server, tmp_path)
        assert asyncio.run(model.prefill((), "What is that")) is None
        assert not server.requests
        assert asyncio.run(reply_of(model)) == ["Yes."]


def test_a_prefill_that_was_cancelled_while_the_template_was_rendered_reads_nothing(tmp_path: Path) -> None:
    rendering, go_on = threading.Event(), threading.Event()

    def slowly(messages: list[dict[str, str]]) -> str:
        rendering.set()
        go_on.wait(1)
        return "Hello."

    async def main() -> None:
        prefill = asyncio.ensure_future(model.prefill((), "What is that"))
        await asyncio.to_thread(rendering.wait, 1)
        prefill.cancel()
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.wait_for(free(lane), 1)

    with template_server(slowly) as template:
        server = ScriptedServer([read()] * ENDLESS, address=template.address)
        model, lane = model_on(server, tmp_path)
        asyncio.run(main())
    assert not server.requests


def test_a_reply_at_its_limit_ends_with_its_last_whole_sentence(tmp_path: Path) -> None:
    words = [text(" One"), text("."), text(" Two."), text(" And then")]
    cut, _ = model_on(ScriptedServer([*words, end("length")]), tmp_path)
    assert "".join(asyncio.run(reply_of(cut))) == "One. Two. "
    whole, _ = model_on(ScriptedServer([*words, end("stop")]), tmp_path)
    assert "".join(asyncio.run(reply_of(whole))) == "One. Two. And then"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ({"type": "exceed_context_size_error", "message": "request (5001 tokens)"}, "too long .* 512 tokens"),
        ({"type": "server_error", "message": "out of luck"}, "failed: out of luck"),
        ({}, "failed: no reason given"),
    ],
)
def test_an_error_of_llama_cpp_is_the_users_to_see(
    error: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    model, _ = model_on(ScriptedServer([{"error": error or {"code": 500}}]), tmp_path, context_tokens=512)
    with pytest.raises(ChatModelError, match=sentence):
        asyncio.run(reply_of(model))


def test_a_chunk_that_nobody_understands_is_no_silence(tmp_path: Path) -> None:
    model, _ = model_on(ScriptedServer([{"choices": []}]), tmp_path)
    with pytest.raises(IndexError):
        asyncio.run(reply_of(model))


@pytest.mark.parametrize("chunk", [read(), text("and ")], ids=["reading", "writing"])
def test_closing_the_reply_stops_llama_cpp_at_its_next_callback(chunk: Chunk, tmp_path: Path) -> None:
    server = ScriptedServer([chunk] * ENDLESS, gap_s=0.005)
    model, lane = model_on(server, tmp_path)

    async def main() -> None:
        reply = model.reply((), UserTurn("Go on."))
        waiting = asyncio.ensure_future(anext(reply))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        await reply.aclose()
        await asyncio.wait_for(free(lane), 1)

    asyncio.run(main())
    assert server.stopped_after[0] < 50


def test_a_reader_that_does_not_read_can_leave(tmp_path: Path) -> None:
    server = ScriptedServer([text("a ")] * ENDLESS)
    model, lane = model_on(server, tmp_path)

    async def main() -> None:
        reply = model.reply((), UserTurn("Go on."))
        await anext(reply)
        await asyncio.sleep(0.05)  # by now the lane waits for room
        await reply.aclose()
        await asyncio.wait_for(free(lane), 1)

    asyncio.run(main())
    assert server.stopped_after


def test_a_prefill_gives_way_to_a_reply(tmp_path: Path, address: str) -> None:
    server = ScriptedServer([read()] * ENDLESS, gap_s=0.005, address=address)
    model, _ = model_on(server, tmp_path)

    async def main() -> list[str]:
        prefill = asyncio.ensure_future(model.prefill(()))
        while not server.requests:  # noqa: ASYNC110  nor does a server
            await asyncio.sleep(0.001)
        server.chunks = [text("Yes."), end()]
        reply = await asyncio.wait_for(reply_of(model), 1)
        await asyncio.wait_for(prefill, 1)
        return reply

    assert asyncio.run(main()) == ["Yes."]
    assert server.stopped_after[0] < 50


def test_a_reply_goes_before_prefills_that_wait(tmp_path: Path, address: str) -> None:
    server = ScriptedServer([text("Yes."), end()], gap_s=0.01, address=address)
    model, _ = model_on(server, tmp_path)

    async def main() -> None:
        first = asyncio.ensure_future(reply_of(model))
        await asyncio.sleep(0.005)
        prefill = asyncio.ensure_future(model.prefill(()))
        await asyncio.sleep(0)
        Urgency(Priority.REPLY).use()
        await asyncio.gather(first, prefill, reply_of(model))

    asyncio.run(main())
    assert [request["max_tokens"] for request in server.requests] == [120, 120, 0]


def test_a_prefill_that_fails_says_nothing(tmp_path: Path, address: str) -> None:
    server = ScriptedServer([{"error": {"message": "no"}}], address=address)
    model, _ = model_on(server, tmp_path)
    assert asyncio.run(model.prefill((), "What is that")) is None
    assert server.requests


def test_closing_the_model_stops_what_runs(tmp_path: Path) -> None:
    server = ScriptedServer([text("and ")] * ENDLESS, gap_s=0.005)
    model, lane = model_on(server, tmp_path)

    async def main() -> None:
        reply = model.reply((), UserTurn("Go on."))
        await anext(reply)
        await model.close()
        with pytest.raises(Cancelled):
            async for _ in reply:
                pass
        await asyncio.wait_for(free(lane), 1)

    asyncio.run(main())
    assert server.stopped_after


def test_a_file_that_is_no_model_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    lane = ThreadLane("llm")
    (tmp_path / "empty.gguf").touch()
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(UserError, match=r"nowhere\.gguf can't be read: no such file"):
        LlamaCppModel(tmp_path / "nowhere.gguf", lane)
    with pytest.raises(UserError, match="can't be read: is a directory"):
        LlamaCppModel(tmp_path, lane)
    for name in ("empty.gguf", "note.txt"):
        with pytest.raises(UserError, match=f"{name} is not a GGUF file"):
            LlamaCppModel(tmp_path / name, lane)
