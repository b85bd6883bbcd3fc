"""The decode loop: a prompt becomes groups of ids, until the model ends its turn."""

from collections.abc import Callable, Sequence
from typing import Protocol

from edge_audio.step_audio.language_model.cache import KeyValueCache
from edge_audio.step_audio.language_model.model import MAX_LENGTH, LanguageModel, Logits
from edge_audio.step_audio.tokens import GROUP
from runtime.errors import UserError
from runtime.worker import CancelToken

Group = tuple[int, ...]
"""Ids in their order: normally those of two linguistic and three semantic codes."""


class Sampler(Protocol):
    """Chooses the next id."""

    def __call__(self, logits: Logits, ids: Sequence[int]) -> int:
        """Return one of the model's `output_ids`, given their `logits` and all `ids` up to here."""
        ...


def generate(
    model: LanguageModel,
    prompt: Sequence[int],
    sampler: Sampler,
    cache: KeyValueCache,
    token: CancelToken,
    emit: Callable[[Group], None],
    max_length: int = MAX_LENGTH,
) -> None:
    """Emit the ids that `model` generates after `prompt`, in groups of five; the last group may have fewer.

    Ends when the model ends its turn, whose id is not emitted, or when prompt and reply have `max_length`
    positions, or as many as `cache` and model can hold. The prefix of `prompt` that `cache` already holds is
    not read again, and the cache keeps everything for the next prompt.

    Belongs on a lane, as `lane.stream(partial(generate, ...))`. Raises `Cancelled` within a step when `token`
    is cancelled, and `UserError` if the prompt leaves no room for a reply.
    """
    limit = min(max_length, cache.capacity, model.settings.max_length)
    if not prompt:
        raise ValueError("the prompt is empty")
    if len(prompt) >= limit:
        raise UserError(
            f"The prompt has {len(prompt)} tokens, but with its reply it may have only {limit}.",
            "Shorten the text, or the prompt of the voice.",
        )
    # The last id is always read: its logits are needed.
    cache.keep(min(cache.shared_prefix(prompt), len(prompt) - 1))
    ids = list(prompt)
    unread: Sequence[int] = prompt[cache.length :]
    group: list[int] = []
    while len(ids) < limit:
        number = sampler(model.read(unread, cache, token), ids)
        if number == model.end_of_turn:
            break
        ids.append(number)
        group.append(number)
        unread = (number,)
        if len(group) == GROUP:
            emit(tuple(group))
            group.clear()
    if group:
        emit(tuple(group))
