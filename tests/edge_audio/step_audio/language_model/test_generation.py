import asyncio
import time
from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest

from edge_audio.step_audio.language_model.generation import Group, generate
from edge_audio.step_audio.language_model.model import LanguageModel, Logits
from edge_audio.step_audio.sampler import RandomSampler
from runtime.errors import UserError
from runtime.worker import Cancelled, CancelToken, ThreadLane

PROMPT = (1, 4, 300, 301, 3, 4, 302)
FIRST_SOUND = 512


def greedy(logits: Logits, ids: Sequence[int]) -> int:
    """Say the most likely sound; never end, which is the first logit."""
    return FIRST_SOUND + int(np.argmax(logits[1:]))


class Ending:
    """Says what `greedy` says, and ends the turn after `count` ids."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.seen: list[tuple[int, ...]] = []

    def __call__(self, logits: Logits, ids: Sequence[int]) -> int:
        self.seen.append(tuple(ids))
        self.left -= 1
        return greedy(logits, ids) if self.left >= 0 else 3


def said(model: LanguageModel, sampler: Ending, **options: int) -> list[Group]:
    groups: list[Group] = []
    generate(model, PROMPT, sampler, model.new_cache(64), CancelToken(), groups.append, **options)
    return groups


def test_ids_come_in_groups_of_five_until_the_turn_ends(model: LanguageModel) -> None:
    groups = said(model, Ending(10))
    assert [len(group) for group in groups] == [5, 5]
    cache, ids = model.new_cache(64), list(PROMPT)
    expected = []
    unread = PROMPT
    for _ in range(10):
        expected.append(greedy(model.read(unread, cache), ids))
        unread = (expected[-1],)
    assert [number for group in groups for number in group] == expected


def test_what_is_left_of_a_group_is_not_lost(model: LanguageModel) -> None:
    assert [len(group) for group in said(model, Ending(7))] == [5, 2]
    assert said(model, Ending(0)) == []


def test_the_sampler_sees_prompt_and_reply(model: LanguageModel) -> None:
    sampler = Ending(2)
    (group,) = said(model, sampler)
    assert sampler.seen == [PROMPT, (*PROMPT, group[0]), (*PROMPT, *group)]


def test_a_reply_stops_at_the_longest_length_and_keeps_its_last_id(model: LanguageModel) -> None:
    groups = said(model, Ending(100), max_length=len(PROMPT) + 6)
    assert [len(group) for group in groups] == [5, 1]


def test_a_reply_stops_when_its_cache_is_full(model: LanguageModel) -> None:
    cache, groups = model.new_cache(len(PROMPT) + 3), []
    generate(model, PROMPT, Ending(100), cache, CancelToken(), groups.append)
    assert [len(group) for group in groups] == [3]


def test_a_prompt_without_room_for_a_reply_is_refused(model: LanguageModel) -> None:
    with pytest.raises(UserError, match="The prompt has 7 tokens, but with its reply it may have only 7"):
        said(model, Ending(1), max_length=len(PROMPT))


def test_a_shared_prefix_is_not_read_again(model: LanguageModel) -> None:
    cache = model.new_cache(64)
    first: list[Group] = []
    generate(model, PROMPT, Ending(5), cache, CancelToken(), first.append)
    read: list[int] = []

    class Counting:
        settings, end_of_turn = model.settings, model.end_of_turn

        def read(self, ids: Sequence[int], *rest: object) -> Logits:
            read.extend(ids)
            return model.read(ids, *rest)

    again: list[Group] = []
    generate(Counting(), PROMPT, Ending(5), cache, CancelToken(), again.append)
    assert again == first
    assert read == [PROMPT[-1], *first[0]]
    read.clear()
    generate(Counting(), (*PROMPT[:4], 400, 401), Ending(0), cache, CancelToken(), again.append)
    assert read == [400, 401]


def test_a_cancelled_token_stops_within_a_step(model: LanguageModel) -> None:
    token = CancelToken()
    groups: list[Group] = []

    def emit(group: Group) -> None:
        groups.append(group)
        token.cancel()

    cache = model.new_cache(64)
    with pytest.raises(Cancelled):
        generate(model, PROMPT, Ending(100), cache, token, emit)
    assert len(groups) == 1
    assert cache.length == len(PROMPT) + 4


def test_the_releases_sampler_speaks(model: LanguageModel) -> None:
    groups: list[Group] = []
    sampler = RandomSampler(np.random.default_rng(3), columns=model.output_ids.tolist())
    generate(model, PROMPT, sampler, model.new_cache(32), CancelToken(), groups.append)
    assert {number for group in groups for number in group} <= set(model.output_ids.tolist())
    assert sum(map(len, groups)) > 0


def test_a_lane_streams_groups_and_is_free_at_once_when_nobody_listens(model: LanguageModel) -> None:
    async def main() -> None:
        lane = ThreadLane("lm")
        call = partial(generate, model, PROMPT, greedy, model.new_cache())
        stream = lane.stream(call, capacity=2)
        groups = [await anext(stream) for _ in range(3)]
        assert [len(group) for group in groups] == [5, 5, 5]
        began_s = time.perf_counter()
        await stream.aclose()
        assert await lane.run(lambda _: "free") == "free"
        assert time.perf_counter() - began_s < 0.25  # of seconds
        lane.close()

    asyncio.run(main())
