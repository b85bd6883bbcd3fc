"""The client of OpenAI-compatible servers, against a real server on loopback with every fault."""

import asyncio
import time
from contextlib import aclosing, suppress
from typing import Any

import pytest

from edge_audio.llm import event_stream
from edge_audio.llm.chat_model import ChatModelError, Message, UserTurn
from edge_audio.llm.completion_server import CompletionServer
from edge_audio.llm.openai_server import OpenAIServer
from runtime.errors import UserError
from tests.edge_audio.llm.chat_server import (
    DONE,
    STOP,
    Answer,
    ChatServer,
    chat_server,
    chunk,
    event,
    raw,
    silence,
    status,
    stream,
    stream_head,
    text,
)

CONTEXT = (Message("system", "Be brief."), Message("user", "Hi."), Message("assistant", "Hello!"))


def model_at(url: str, **options: Any) -> OpenAIServer:
    server = CompletionServer(url, connect_timeout_s=1.0, **options)
    return OpenAIServer(server, "tiny")


async def answer_of(model: OpenAIServer) -> str:
    async with aclosing(model.reply(CONTEXT, UserTurn("How are you?"))) as deltas:
        return "".join([delta.text async for delta in deltas])


def ask(answer: Answer, **options: Any) -> tuple[str, ChatServer]:
    async def main() -> tuple[str, ChatServer]:
        async with chat_server(answer) as server:
            model = model_at(server.url, **options)
            try:
                return await asyncio.wait_for(answer_of(model), 5), server
            finally:
                await model.close()

    return asyncio.run(main())


def test_the_deltas_of_a_stream_are_the_reply() -> None:
    reply, server = ask(stream(text("I am"), text(" fine"), text("."), STOP, DONE))
    assert reply == "I am fine."
    assert server.bodies == [
        {
            "model": "tiny",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Hi."},
                {"role": "assistant", "content": "Hello!"},
                {"role": "user", "content": "How are you?"},
            ],
            "stream": True,
            "max_tokens": 200,
            "temperature": 0.7,
        }
    ]
    assert server.heads[0].startswith("POST /v1/chat/completions ")
    assert "authorization" not in server.heads[0].lower()


def test_the_stream_may_come_byte_by_byte_with_comments_roles_and_usage_between() -> None:
    whole = b"".join(
        (
            b": ping\r\n\r\n",
            event(delta={"role": "assistant", "content": None}),
            text("Grüße").replace(b"\n\n", b"\r\n\r\n"),
            b"event: message\nid: 7\n",
            b'data:{"choices":[],"usage":{"total_tokens":3}}\n\n',
            STOP,
            DONE,
        )
    )
    reply, _ = ask(stream(*(whole[i : i + 1] for i in range(len(whole)))))
    assert reply == "Grüße"


def test_a_key_is_sent_and_only_as_a_header() -> None:
    reply, server = ask(
        stream(text("Yes."), STOP, DONE), api_key_env="CHAT_KEY", environ={"CHAT_KEY": " sesame "}
    )
    assert reply == "Yes."
    assert "authorization: bearer sesame" in server.heads[0].lower()


@pytest.mark.parametrize("end", [(STOP,), (DONE,)], ids=["no [DONE]", "no finish reason"])
def test_a_reply_ends_in_time_though_the_server_keeps_the_stream_open(end: tuple[bytes, ...]) -> None:
    begin = time.perf_counter()
    reply, _ = ask(silence(stream_head() + chunk(text("Yes.")) + b"".join(map(chunk, end))))
    assert reply == "Yes."
    assert time.perf_counter() - begin < 2


def test_two_replies_share_one_connection() -> None:
    async def main() -> int:
        async with chat_server(stream(text("Yes."), STOP, DONE)) as server:
            model = model_at(server.url)
            assert [await answer_of(model), await answer_of(model)] == ["Yes.", "Yes."]
            await model.close()
            return server.connections

    assert asyncio.run(main()) == 1


@pytest.mark.parametrize("words", [0, 2], ids=["before the first token", "in the middle"])
def test_closing_the_iterator_closes_the_connection_at_once(words: int) -> None:
    async def main() -> float:
        begin = stream_head() + chunk(text("and on ")) * words
        async with chat_server(silence(begin)) as server:
            model = model_at(server.url)
            reply = model.reply(CONTEXT, UserTurn("Go on."))
            for _ in range(words):
                await anext(reply)
            waiting = asyncio.ensure_future(anext(reply))
            await server.asked.wait()
            await asyncio.sleep(0.02)
            cancelled_s = time.perf_counter()
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting
            await reply.aclose()
            await asyncio.wait_for(server.left.wait(), 2)
            await model.close()
            return time.perf_counter() - cancelled_s

    assert asyncio.run(main()) < 0.5


FAULTS: dict[str, tuple[Answer, str]] = {
    "unauthorized": (
        status("401 Unauthorized", b'{"error": {"message": "Bad\\nkey.", "code": 1}}'),
        r"wants a valid API key \(status 401\): Bad key\.",
    ),
    "forbidden": (status("403 Forbidden", b"no"), r"denies access \(status 403\)\."),
    "unknown model": (
        status("404 Not Found", b'{"error": "model \\"tiny\\" not found"}'),
        r'doesn\'t know this model or address \(status 404\): model "tiny" not found\.',
    ),
    "too many requests": (status("429 Too Many Requests", b"{}"), r"gets too many requests \(status 429\)\."),
    "bad request": (status("400 Bad Request", b"[]"), r"refused the request \(status 400\)\."),
    "moved": (status("302 Found"), r"refused the request \(status 302\)\."),
    "down": (status("503 Service Unavailable", b"\xff\xfe"), r"failed \(status 503\)\."),
    "an endless error": (
        raw(b"HTTP/1.1 500 Oh\r\nContent-Type: text/plain\r\n\r\n" + b"x" * 300_000),
        r"failed \(status 500\)\.",
    ),
    "a page": (status("200 OK", b"<html>", "text/html; charset=utf-8"), "doesn't answer like a chat model"),
    "no stream": (status("200 OK", b'{"choices": []}'), "doesn't answer like a chat model"),
    "compressed": (
        stream(head=stream_head(extra="Content-Encoding: gzip\r\n")),
        "doesn't answer like a chat model",
    ),
    "no http": (raw(b"220 mail.example ESMTP\r\n"), "connection .* broke"),
    "no answer at all": (raw(b""), "connection .* broke"),
    "no json": (stream(text("Yes"), b"data: {oops\n\n"), "garbled"),
    "no text": (stream(b"data: \xff\xfe\n\n"), "garbled"),
    "wrong shape": (stream(b'data: {"choices": [{"delta": {"content": 5}}]}\n\n'), "garbled"),
    "wrong shape too": (stream(b"data: 5\n\n"), "garbled"),
    "an error in the stream": (
        stream(text("Yes"), b'data: {"error": {"message": "out of memory"}}\n\n'),
        "failed: out of memory",
    ),
    "filtered": (stream(event(delta={}, finish_reason="content_filter"), DONE), "refused to answer"),
    "broken off": (
        raw(stream_head() + chunk(text("Yes, I")) + b"40\r\ndata: {"),
        "connection .* broke",
    ),
    "broken off politely": (stream(text("Yes, I")), "broke off"),
    "empty": (stream(), "broke off"),
    "an endless line": (stream(*[b"data: " + b"x" * 10_000] * 10), "sent too much"),
    "an endless stream": (stream(*[b": nothing\n" * 1000] * 50), "sent too much"),
    "never a word": (silence(), "wrote nothing for 0.3 seconds"),
    "never a word after the head": (silence(stream_head()), "wrote nothing for 0.3 seconds"),
    "only empty words": (stream(*[event(delta={})] * 100, gap_s=0.02), "wrote nothing for 0.3 seconds"),
    "only comments": (stream(*[b": ping\n\n"] * 100, gap_s=0.02), "wrote nothing for 0.3 seconds"),
    "stuck": (silence(stream_head() + chunk(text("Yes, I "))), "wrote nothing for 0.2 seconds"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_server_ends_in_one_sentence(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "MAX_STREAM_BYTES", 400_000)
    answer, sentence = FAULTS[fault]
    with pytest.raises(ChatModelError, match=sentence) as caught:
        ask(answer, first_token_timeout_s=0.3, token_timeout_s=0.2)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert not message.endswith("..")
    assert len(message) < 300


def test_a_refused_connection_is_told_with_the_address() -> None:
    async def main() -> None:
        async with chat_server(silence()) as server:
            url = server.url
        model = model_at(url)
        with pytest.raises(ChatModelError, match=r"127\.0\.0\.1:\d+ can't be reached"):
            await answer_of(model)
        with pytest.raises(UserError, match=r"can't be reached.*Check url, model and api_key_env"):
            await model.warm_up()
        await model.close()

    asyncio.run(main())


def test_words_that_came_before_a_fault_are_passed_on() -> None:
    async def main() -> list[str]:
        words = []
        async with chat_server(stream(text("Yes,"), text(" I"), end=b"")) as server:
            model = model_at(server.url, token_timeout_s=0.1)
            with pytest.raises(ChatModelError):
                async for delta in model.reply((), UserTurn("Well?")):
                    words.append(delta.text)
            await model.close()
        return words

    assert asyncio.run(main()) == ["Yes,", " I"]


def test_a_slow_reader_is_no_slow_server() -> None:
    async def main() -> str:
        reply = ""
        async with chat_server(stream(text("one "), text("two "), STOP, DONE)) as server:
            model = model_at(server.url, token_timeout_s=0.1)
            async for delta in model.reply((), UserTurn("Count.")):
                reply += delta.text
                await asyncio.sleep(0.2)
            await model.close()
        return reply

    assert asyncio.run(main()) == "one two "


@pytest.mark.parametrize("line", ["200 OK", "404 Not Found"])
def test_warming_up_opens_the_connection_that_the_first_reply_uses(line: str) -> None:
    async def main() -> tuple[int, str]:
        async with chat_server(status(line, b'{"data": []}')) as server:
            model = model_at(server.url)
            await model.warm_up()
            with pytest.raises(ChatModelError):
                await answer_of(model)
            await model.close()
            return server.connections, server.heads[0]

    connections, head = asyncio.run(main())
    assert connections == 1
    assert head.startswith("GET /v1/models ")


@pytest.mark.parametrize(
    ("answer", "cause"),
    [(status("401 Unauthorized", b"{}"), "wants a valid API key"), (silence(), "doesn't answer")],
)
def test_warming_up_finds_a_wrong_key_and_a_dead_server(answer: Answer, cause: str) -> None:
    async def main() -> None:
        async with chat_server(answer) as server:
            model = model_at(server.url, first_token_timeout_s=0.1)
            try:
                await model.warm_up()
            finally:
                await model.close()

    with pytest.raises(UserError, match=cause):
        asyncio.run(main())


def test_closing_the_model_ends_a_running_reply() -> None:
    async def main() -> None:
        async with chat_server(silence(stream_head() + chunk(text("Yes, I ")))) as server:
            model = model_at(server.url)
            reply = model.reply((), UserTurn("Well?"))
            await anext(reply)
            rest = asyncio.ensure_future(anext(reply))
            await asyncio.sleep(0.02)
            await model.close()
            with pytest.raises(ChatModelError):
                await asyncio.wait_for(rest, 2)

    asyncio.run(main())
