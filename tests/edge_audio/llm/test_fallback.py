"""Going over to the second chat model and back, with a real server on loopback as the first."""

import asyncio
import re
import time
from collections.abc import Sequence
from contextlib import aclosing
from typing import Literal

import pytest

from edge_audio.llm.chat_model import ChatModel, ChatModelError, UserTurn
from edge_audio.llm.completion_server import CompletionServer
from edge_audio.llm.fallback import FallbackModel
from edge_audio.llm.openai_server import OpenAIServer
from edge_audio.testing import ScriptedChat
from runtime.errors import UserError
from tests.edge_audio.llm.chat_server import (
    DONE,
    STOP,
    Answer,
    chat_server,
    chunk,
    raw,
    silence,
    status,
    stream,
    stream_head,
    text,
)

TURN = UserTurn("How are you?", (65536,))


class Away(ScriptedChat):
    """Can't even be warmed up."""

    async def warm_up(self) -> None:
        raise UserError("Away.", "Start it.")


def local(
    *replies: str | Exception | Sequence[str | Exception], hears: Literal["text", "codes"] = "text"
) -> ScriptedChat:
    return ScriptedChat(*replies, name="local", hears=hears)


def remote_at(url: str) -> OpenAIServer:
    return OpenAIServer(CompletionServer(url), "remote")


async def answer_of(model: ChatModel, turn: UserTurn = TURN) -> str:
    async with aclosing(model.reply((), turn)) as deltas:
        return "".join([delta.text async for delta in deltas])


FAULTS: dict[str, tuple[Answer, str]] = {
    "refused": (status("401 Unauthorized", b"{}"), "wants a valid API key"),
    "down": (status("503 Service Unavailable"), "failed"),
    "gone": (raw(b""), "connection .* broke"),
    "garbled": (stream(b"data: {oops\n\n"), "garbled"),
    "empty": (stream(STOP, DONE), "wrote nothing at all"),
    "silent": (silence(), r"wrote nothing for 0\.2 seconds"),
    "slow to start": (stream(b": ping\n\n", text("Yes"), gap_s=1.0), r"wrote nothing for 0\.2 seconds"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_keeps_the_first_model_from_beginning_the_second_answers(fault: str) -> None:
    answer, why = FAULTS[fault]
    told: list[str] = []

    async def main() -> tuple[str, float]:
        async with chat_server(answer) as server:
            second = local(["Fine", "."])
            model = FallbackModel(remote_at(server.url), second, first_token_limit_s=0.2)
            model.watch(told.append)
            begin_s = time.perf_counter()
            reply = await answer_of(model)
            took_s = time.perf_counter() - begin_s
            await asyncio.wait_for(server.asked.wait(), 1)
            # Left alone from now on.
            requests = len(server.bodies)
            assert await answer_of(model) == "Fine."
            assert len(server.bodies) == requests
            await model.close()
            assert second.closed
            return reply, took_s

    reply, took_s = asyncio.run(main())
    assert reply == "Fine."
    assert took_s < 0.8
    [sentence] = told
    assert sentence.endswith("local answers instead.")
    assert re.search(why, sentence)


def test_a_server_that_is_not_there_costs_no_wait() -> None:
    async def main() -> None:
        async with chat_server(silence()) as server:
            url = server.url
        model = FallbackModel(remote_at(url), local("Fine."), first_token_limit_s=30)
        assert await asyncio.wait_for(answer_of(model), 2) == "Fine."
        await model.close()

    asyncio.run(main())


def test_what_one_conversation_finds_out_about_the_first_model_all_others_know() -> None:
    told: dict[str, list[str]] = {"one": [], "other": [], "gone": []}
    first, second = local(ChatModelError("It broke.")), local("Fine.")

    async def main() -> None:
        model = FallbackModel(first, second)
        sessions = {name: model.session() for name in told}
        for name, session in sessions.items():
            session.watch(told[name].append)
        await sessions["gone"].close()
        for name in ("one", "other"):
            assert await answer_of(sessions[name]) == "Fine."
            await sessions[name].close()
        assert len(first.prompts) == 1
        assert not second.closed
        late: list[str] = []
        model.session().watch(late.append)
        assert late == told["one"]

    asyncio.run(main())
    assert told == {"one": ["It broke. local answers instead."], "other": told["one"], "gone": []}


def test_a_late_first_model_is_stopped() -> None:
    async def main() -> None:
        async with chat_server(silence(stream_head())) as server:
            model = FallbackModel(remote_at(server.url), local("Fine."), first_token_limit_s=0.1)
            assert await answer_of(model) == "Fine."
            await asyncio.wait_for(server.left.wait(), 1)
            await model.close()

    asyncio.run(main())


def test_the_first_model_is_tried_again_after_a_while_and_its_return_told() -> None:
    told: list[str] = []

    async def main() -> None:
        first, second = local(ChatModelError("Down.")), local("second")
        model = FallbackModel(first, second, retry_after_s=0.05)
        model.watch(told.append)
        assert await answer_of(model) == "second"
        await asyncio.sleep(0.06)
        assert await answer_of(model) == "second"
        assert len(first.prompts) == 2
        first.replies = ("first",)
        assert await answer_of(model) == "second"
        await asyncio.sleep(0.06)
        assert await answer_of(model) == "first"
        assert await answer_of(model) == "first"

    asyncio.run(main())
    assert told == ["Down. local answers instead.", "local answers again."]


def test_a_first_model_that_breaks_off_ends_the_reply_and_the_next_is_the_second_s() -> None:
    async def main() -> None:
        heard = []
        async with chat_server(raw(stream_head() + chunk(text("Yes, I")))) as server:
            model = FallbackModel(remote_at(server.url), local("Fine."))
            with pytest.raises(ChatModelError, match="broke"):
                async for delta in model.reply((), TURN):
                    heard.append(delta.text)
            assert heard == ["Yes, I"]
            assert await answer_of(model) == "Fine."
            await model.close()

    asyncio.run(main())


def test_the_limit_holds_for_the_first_token_only() -> None:
    async def main() -> str:
        async with chat_server(stream(text("one "), text("two"), STOP, DONE, gap_s=0.3)) as server:
            model = FallbackModel(remote_at(server.url), local("no"), first_token_limit_s=0.2)
            reply = await answer_of(model)
            await model.close()
            return reply

    assert asyncio.run(main()) == "one two"


def test_without_a_transcript_a_second_model_that_hears_text_is_not_asked() -> None:
    async def main() -> None:
        first, second = local(ChatModelError("Down."), hears="codes"), local("Fine.")
        model = FallbackModel(first, second)
        assert model.hears == "codes"
        with pytest.raises(ChatModelError, match="got no transcript"):
            await answer_of(model, UserTurn(audio_ids=(65536,)))
        assert second.prompts == []

    asyncio.run(main())


def test_closing_a_reply_closes_the_model_that_writes_it() -> None:
    async def main() -> None:
        first = local("one two")
        reply = FallbackModel(first, local("no")).reply((), TURN)
        await anext(reply)
        assert first.running == 1
        await reply.aclose()
        assert first.running == 0

    asyncio.run(main())


def test_both_models_get_ready_for_a_turn() -> None:
    first, second = local(), local()
    asyncio.run(FallbackModel(first, second).prefill((), "How"))
    assert first.prefilled == second.prefilled == ["How"]


def test_warming_up_goes_over_at_once_where_the_first_is_away_but_needs_the_second() -> None:
    async def main() -> None:
        away, there = Away(name="away"), local("Fine.")
        model = FallbackModel(away, there)
        await model.warm_up()
        assert await answer_of(model) == "Fine."
        assert away.prompts == []
        told: list[str] = []
        model.watch(told.append)
        assert told == ["Away. local answers instead."]
        with pytest.raises(UserError, match="Away"):
            await FallbackModel(there, away).warm_up()

    asyncio.run(main())
