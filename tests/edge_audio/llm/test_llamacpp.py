"""The llama.cpp adapter with a scripted llama.cpp: requests, endings, cancelling, priorities."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from edge_audio.llm.chat_model import ChatModelError, Message, UserTurn
from edge_audio.llm.llamacpp import LlamaCppModel, Usage
from runtime.errors import UserError
from runtime.worker import Cancelled, ThreadLane

Chunk = dict[str, Any]
TIMINGS = {"cache_n": 7, "prompt_n": 3, "predicted_n": 2}
ENDLESS = 10_000


def read(done: int = 1) -> Chunk:
    return {"choices": [{"text": "", "finish_reason": None}], "prompt_progress": {"processed": done}}


def text(words: str) -> Chunk:
    return {"choices": [{"text": words, "finish_reason": None}]}


def end(reason: str = "stop") -> Chunk:
    return {"choices": [{"text": "", "finish_reason": reason}], "timings": TIMINGS}


class ScriptedServer:
    """Calls back with each chunk, and notes what was asked and how far it came."""

    def __init__(self, chunks: Sequence[Chunk], gap_s: float = 0.0) -> None:
        self.chunks = chunks
        self.gap_s = gap_s
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
    model._server = server
    return model, lane


async def reply_of(model: LlamaCppModel, *context: Message) -> list[str]:
    return [delta.text async for delta in model.reply(context, UserTurn("Well?"))]


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


def test_a_template_is_given_the_messages_and_a_dialogue_its_text(tmp_path: Path) -> None:
    history = (Message("system", "Be brief."), Message("user", "a"), Message("assistant", "b"))
    server = ScriptedServer([end()])
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
    assert prefilled["messages"] == asked["messages"][:-1]
    assert prefilled["max_tokens"] == 0
    assert written["prompt"].startswith("Be brief.\n")
    assert written["prompt"].endswith("User: a\nAssistant: b\nUser: Well?\nAssistant:")
    assert written["stop"] == ["\n", "User:"]
    assert begun["prompt"].endswith("Assistant: b\nUser:")


def test_what_was_heard_so_far_is_read_ahead(tmp_path: Path) -> None:
    server = ScriptedServer([end()])
    model, _ = model_on(server, tmp_path, prompt="dialogue")
    asyncio.run(model.prefill((), "What is the"))
    assert server.requests[0]["prompt"].endswith("\nUser: What is the")


def test_a_reply_at_its_limit_ends_with_its_last_whole_sentence(tmp_path: Path) -> None:
    words = [text(" One"), text("."), text(" Two."), text(" And then")]
    cut, _ = model_on(ScriptedServer([*words, end("length")]), tmp_path)
    assert "".join(asyncio.run(reply_of(cut))) == "One. Two."
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


def test_a_prefill_gives_way_to_a_reply(tmp_path: Path) -> None:
    server = ScriptedServer([read()] * ENDLESS, gap_s=0.005)
    model, _ = model_on(server, tmp_path)

    async def main() -> list[str]:
        prefill = asyncio.ensure_future(model.prefill(()))
        await asyncio.sleep(0.03)
        server.chunks = [text("Yes."), end()]
        reply = await asyncio.wait_for(reply_of(model), 1)
        await asyncio.wait_for(prefill, 1)
        return reply

    assert asyncio.run(main()) == ["Yes."]
    assert server.stopped_after[0] < 50


def test_a_reply_goes_before_prefills_that_wait(tmp_path: Path) -> None:
    server = ScriptedServer([text("Yes."), end()], gap_s=0.01)
    model, _ = model_on(server, tmp_path)

    async def main() -> None:
        first = asyncio.ensure_future(reply_of(model))
        await asyncio.sleep(0.005)
        prefill = asyncio.ensure_future(model.prefill(()))
        await asyncio.sleep(0)
        await asyncio.gather(first, prefill, reply_of(model))

    asyncio.run(main())
    assert [request["max_tokens"] for request in server.requests] == [120, 120, 0]


def test_a_prefill_that_fails_says_nothing(tmp_path: Path) -> None:
    model, _ = model_on(ScriptedServer([{"error": {"message": "no"}}]), tmp_path)
    asyncio.run(model.prefill(()))


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
