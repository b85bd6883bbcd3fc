"""The embedded chat model on the real llama.cpp: cache, limits, cancelling, its port, its silence."""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import xllamacpp

from edge_audio.llm.chat_model import ChatModelError, Message, UserTurn
from edge_audio.llm.llamacpp import LlamaCppModel
from edge_audio.models import SMOLLM2
from runtime.errors import UserError
from runtime.store import Store, default_root
from runtime.worker import ThreadLane
from tests.edge_audio.llm.template_server import patience

pytestmark = pytest.mark.models

LONG = Message("user", "Many words about many things, all of which must be read. " * 60)


@pytest.fixture(scope="module")
def path() -> Path:
    return Store(default_root()).path(SMOLLM2) / SMOLLM2.files[0].path


@asynccontextmanager
async def loaded(path: Path, **options: Any) -> AsyncGenerator[tuple[LlamaCppModel, ThreadLane]]:
    lane = ThreadLane("llm")
    model = LlamaCppModel(path, lane, **{"prompt": "dialogue"} | options)
    await model.warm_up()
    try:
        with patience():
            yield model, lane
    finally:
        await free(lane)
        await model.close()


async def free(lane: ThreadLane) -> None:
    while lane.busy:  # noqa: ASYNC110  a lane tells nobody
        await asyncio.sleep(0.001)


async def say(model: LlamaCppModel, said: str, *context: Message) -> str:
    return "".join([delta.text async for delta in model.reply(context, UserTurn(said))])


def test_it_answers_and_reads_only_what_is_new_of_each_turn(path: Path) -> None:
    async def main() -> None:
        async with loaded(path) as (model, _):
            history: list[Message] = []
            for said, word in (("What is the capital of France?", "Paris"), ("And of Germany?", "Berlin")):
                reply = await say(model, said, *history)
                assert word in reply
                assert model.usage is not None
                assert model.usage.read <= 16
                history += [Message("user", said), Message("assistant", reply)]
            await model.prefill(history)
            assert model.usage is not None
            assert model.usage.read <= 4
            await say(model, "Why?", *history)
            assert model.usage.read <= 6

    asyncio.run(main())


def test_the_same_seed_gives_the_same_reply_at_any_temperature(path: Path) -> None:
    async def main() -> None:
        async with loaded(path, temperature=1.0, seed=5, max_reply_tokens=20) as (model, _):
            first = await say(model, "Tell me a story about a ship.")
            await say(model, "What is two plus two?")
            assert await say(model, "Tell me a story about a ship.") == first

    asyncio.run(main())


CHAT_ML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\nWORDS<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
)
TEMPLATES = {
    "the file's own": "",
    "trims": CHAT_ML.replace("WORDS", "{{ m.content | trim }}"),
    "begins with BOS": "{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}Me:",
    "shouts": CHAT_ML.replace("WORDS", "{{ m.content | upper }}"),
}
REFUSES = "{% if 'magic' in m.content %}{{ raise_exception('Not that word.') }}{% endif %}{{ m.content }}"


@pytest.fixture
def with_template(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have models loaded as if their files held that template; `""` for their own."""

    def give(template: str) -> None:
        def params() -> Any:
            made = real()
            made.chat_template = template
            return made

        real = xllamacpp.CommonParams
        monkeypatch.setattr(xllamacpp, "CommonParams", params)

    return give


@pytest.fixture(scope="module")
def path_with_bos(path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The same model, told to begin each prompt with a BOS token, as others are."""
    data = bytearray(path.read_bytes())
    key = b"tokenizer.ggml.add_bos_token"
    value = data.index(key) + len(key) + 4  # behind the key comes the value's type, of 4 bytes
    assert data[value] == 0
    data[value] = 1
    changed = tmp_path_factory.mktemp("bos") / path.name
    changed.write_bytes(data)
    yield changed
    changed.unlink()


@pytest.mark.parametrize("bos", [False, True], ids=["no BOS", "BOS"])
@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_what_was_read_ahead_under_a_template_is_what_the_reply_begins_with(
    template: str, bos: bool, path: Path, path_with_bos: Path, with_template: Callable[[str], None]
) -> None:
    with_template(template)

    async def main() -> None:
        options: dict[str, Any] = {"prompt": "template", "max_reply_tokens": 3}
        async with loaded(path_with_bos if bos else path, **options) as (model, _):
            history: list[Message] = []
            for said in ("How many days are there in a week?", "And how many in a whole year?"):
                await model.prefill(history)
                before = total_of_prompt(model)
                words = said.split()
                for count in range(1, len(words) + 1):
                    await model.prefill(history, " ".join(words[:count]) + ".")
                    assert model.usage is not None
                    assert model.usage.cached >= before - 1  # the last one is computed anew, to go on from
                    before = total_of_prompt(model)
                reply = await say(model, said, *history)
                assert model.usage.cached >= before - 1
                history += [Message("user", said), Message("assistant", reply)]

    asyncio.run(main())


def total_of_prompt(model: LlamaCppModel) -> int:
    assert model.usage is not None
    return model.usage.cached + model.usage.read


@pytest.mark.parametrize("prompt", ["dialogue", "template"])
def test_whole_words_are_told_from_unfinished_ones(prompt: str, path: Path) -> None:
    wholes = ("How many days are there in a week?", "Tell me a story about a dog.", "I would like some tea.")
    begun = ("How many days are there in", "Tell me a story about", "I would like some")

    async def main() -> tuple[list[float], list[float]]:
        async with loaded(path, prompt=prompt) as (model, _):

            async def judged(texts: Sequence[str]) -> list[float]:
                views = [await model.prefill((Message("system", "You answer briefly."),), t) for t in texts]
                return [view for view in views if view is not None]

            return await judged(wholes), await judged(begun)

    ends, goes_on = asyncio.run(main())
    assert len(ends) == len(goes_on) == 3
    assert min(ends) > 0.2 > 0.1 > max(goes_on)


def test_a_template_that_refuses_is_no_failure_before_the_reply(
    path: Path, with_template: Callable[[str], None]
) -> None:
    with_template(CHAT_ML.replace("WORDS", REFUSES))

    async def main() -> None:
        async with loaded(path, prompt="template", max_reply_tokens=3) as (model, _):
            assert await model.prefill((), "What is magic") is None
            with pytest.raises(ChatModelError, match="Not that word"):
                await say(model, "What is magic?")
            assert await model.prefill((), "What is art") is not None
            assert await say(model, "What is art?")

    asyncio.run(main())


def test_a_conversation_beyond_the_window_is_an_error_and_the_next_turn_is_fine(path: Path) -> None:
    async def main() -> None:
        async with loaded(path, context_tokens=512, max_reply_tokens=10) as (model, _):
            with pytest.raises(ChatModelError, match="too long for the chat model's 512 tokens"):
                await asyncio.wait_for(say(model, "So?", LONG), 10)
            await model.prefill((LONG,))
            assert await say(model, "Hello!")

    asyncio.run(main())


@pytest.mark.parametrize("while_reading", [True, False], ids=["reading", "writing"])
def test_a_cancelled_reply_frees_the_lane(path: Path, while_reading: bool) -> None:
    async def main() -> list[float]:
        times_s = []
        async with loaded(path) as (model, lane):
            for n in range(8):
                context = (Message("user", str(n)), LONG) if while_reading else ()
                reply = model.reply(context, UserTurn("Tell me a story about a dog and a cat."))
                if not while_reading:
                    await anext(reply)
                waiting = asyncio.ensure_future(anext(reply))
                await asyncio.sleep(0.1 + n * 0.007 if while_reading else 0)
                begin_s = time.perf_counter()
                waiting.cancel()
                with suppress(asyncio.CancelledError):
                    await waiting
                await reply.aclose()
                await free(lane)
                times_s.append(time.perf_counter() - begin_s)
        return times_s

    # 50 ms on a machine that does nothing else; this one runs tests.
    assert statistics.median(asyncio.run(main())) < 0.15


@pytest.mark.parametrize("prompt", ["dialogue", "template"])
def test_a_cancelled_prefill_frees_the_lane(prompt: str, path: Path) -> None:
    async def main() -> list[float]:
        times_s = []
        async with loaded(path, prompt=prompt) as (model, lane):
            for n in range(8):
                context = (Message("system", f"You are number {n}."), LONG)
                prefill = asyncio.ensure_future(model.prefill(context, "What is the"))
                await asyncio.sleep(0.001 + n * 0.007)  # in the middle of rendering, of reading
                begin_s = time.perf_counter()
                prefill.cancel()
                await free(lane)
                times_s.append(time.perf_counter() - begin_s)
        return times_s

    # 50 ms on a machine that does nothing else; this one runs tests.
    assert statistics.median(asyncio.run(main())) < 0.15


@pytest.mark.parametrize("prompt", ["dialogue", "template"])
def test_a_long_prefill_gives_way_to_a_reply(prompt: str, path: Path) -> None:
    async def main() -> float:
        async with loaded(path, prompt=prompt, max_reply_tokens=20) as (model, _):
            prefill = asyncio.ensure_future(model.prefill((LONG,)))
            await asyncio.sleep(0.1)
            begin_s = time.perf_counter()
            assert await say(model, "Hello!")
            took_s = time.perf_counter() - begin_s
            await asyncio.wait_for(prefill, 1)
            return took_s

    assert asyncio.run(main()) < 3  # LONG alone takes longer


def test_its_port_is_a_free_one_on_loopback_and_wants_a_key_that_nobody_knows(path: Path) -> None:
    async def main() -> None:
        async with loaded(path) as (one, _), loaded(path) as (other, _):
            addresses = [httpx.URL(model._server._server.listening_address) for model in (one, other)]
            assert {address.host for address in addresses} == {"127.0.0.1"}
            assert addresses[0].port != addresses[1].port
            async with httpx.AsyncClient(base_url=addresses[0], trust_env=False) as client:
                for headers in ({}, {"Authorization": "Bearer no"}, {"X-Api-Key": ""}):
                    body = {"prompt": "Hello", "messages": [], "max_tokens": 1}
                    for place in ("/completion", "/v1/completions", "/v1/chat/completions", "/tokenize"):
                        assert (await client.post(place, json=body, headers=headers)).status_code == 401
                    for place in ("/props", "/slots", "/v1/models", "/metrics"):
                        assert (await client.get(place, headers=headers)).status_code == 401
            assert await say(one, "Hello!")
            assert await say(other, "Hello!")

    asyncio.run(main())


def test_llama_cpp_writes_nothing_to_the_terminal(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        async with loaded(path, context_tokens=512) as (model, _):
            await say(model, "Hello!")
            with suppress(ChatModelError):
                await say(model, "So?", LONG)

    asyncio.run(main())
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def damaged(path: Path, tmp_path: Path) -> Iterator[Path]:
    half = tmp_path / "half.gguf"
    with path.open("rb") as whole:
        half.write_bytes(whole.read(20_000_000))
    yield half
    half.unlink()


def test_a_damaged_file_is_the_users_to_mend(damaged: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        model = LlamaCppModel(damaged, ThreadLane("llm"))
        with pytest.raises(UserError, match=r"can't load .*half\.gguf"):
            await model.warm_up()
        await model.close()

    asyncio.run(main())
    assert capfd.readouterr() == ("", "")
