"""What a chat template makes certain of a prompt, whatever it does to the words."""

import socket
import time
from collections.abc import Callable

import pytest

from edge_audio.llm.chat_model import ChatModelError, Message
from edge_audio.llm.chat_template import ChatTemplate
from tests.edge_audio.llm.template_server import Render, template_server, turns

HISTORY = (Message("system", "Be brief."), Message("user", "a"), Message("assistant", "b"))


def with_words(change: Callable[[str], str]) -> Render:
    return lambda messages: turns([{**m, "content": change(m["content"])} for m in messages])


def prefix(render: Render, heard: str) -> str:
    with template_server(render) as server:
        return ChatTemplate(server.address, "key").prefix(HISTORY, heard)


@pytest.mark.parametrize("heard", ["", "What is", 'Who said "A"', "Is it A or B"])
def test_the_prompt_is_certain_up_to_the_words_that_were_heard(heard: str) -> None:
    known = "<system>Be brief.</system><user>a</user><assistant>b</assistant><user>"
    assert prefix(turns, heard) == known + heard


def test_the_server_is_asked_as_for_a_chat_completion_and_shown_the_key() -> None:
    with template_server() as server:
        ChatTemplate(server.address, "sesame").prefix(HISTORY[:1], "So")
    for head, request, words in zip(server.heads, server.requests, ("SoA", "SoB"), strict=True):
        assert head["path"] == "/apply-template"
        assert head["Authorization"] == "Bearer sesame"
        assert request == {
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": words}],
            "chat_template_kwargs": {"enable_thinking": False},
        }


def test_a_template_may_trim_the_words() -> None:
    assert prefix(with_words(str.strip), " What is").endswith("<user>What is")


def test_a_template_may_change_the_words() -> None:
    assert prefix(with_words(str.upper), "What is").endswith("<user>WHAT IS")


def test_a_template_that_says_nothing_of_the_words_is_certain_to_its_end() -> None:
    assert prefix(lambda _: "Tell a joke. <assistant>", "What is") == "Tell a joke. <assistant>"


def test_nothing_is_certain_where_a_template_begins_with_the_last_words() -> None:
    assert prefix(lambda messages: messages[-1]["content"][::-1] + turns(messages), "What is") == ""


def test_a_template_may_refuse_a_conversation() -> None:
    def refuse(messages: list[dict[str, str]]) -> str:
        raise ValueError("System role not supported")

    with pytest.raises(ChatModelError, match="System role not supported"):
        prefix(refuse, "What is")


def test_nobody_at_the_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ChatModelError, match="could not be rendered"):
        ChatTemplate(f"http://127.0.0.1:{port}", "key").prefix((), "What is")


def test_a_server_that_does_not_answer_is_waited_for_no_longer_than_a_cancel_may_take() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        template = ChatTemplate(f"http://127.0.0.1:{silent.getsockname()[1]}", "key")
        began_s = time.perf_counter()
        with pytest.raises(ChatModelError, match="could not be rendered"):
            template.prefix((), "What is")
    # 50 ms on a machine that does nothing else; this one runs tests.
    assert time.perf_counter() - began_s < 0.5
