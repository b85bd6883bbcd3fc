"""The decode loop: a prompt becomes groups of ids, until the model ends its turn."""

from collections.abc import Callable, Sequence
from typing import Protocol

from edge_audio.step_audio.language_model.cache import KeyValueCache
from edge_audio.step_audio.language_model.model import MAX_LENGTH, LanguageModel, Logits
from edge_audio.step_audio.tokens import GROUP
from runtime.errors import UserError
from runtime.worker import CancelToken

Group = tuple[int, ...]
"""Ids in the order in which they were said: two linguistic and three semantic codes' if all is well."""


class Sampler(Protocol):
    """Chooses what is said next."""

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
    """Emit what `model` says after `prompt`, in groups of five ids; the last one may have fewer.

    Ends when the model ends its turn, whose id is not emitted, or when prompt and reply have `max_length`
    positions, or as many as `cache` and model can hold. Positions at the beginning of `cache` that the
    prompt shares are not read again, and the cache keeps all that was read for the next prompt.

    Belongs on a lane, as `lane.stream(partial(generate, ...))`. Raises `Cancelled` within a step when
    `token` is, and `UserError` if the prompt leaves no room for a reply.
    """
    limit = min(max_length, cache.capacity, model.settings.max_length)
    if not prompt:
        raise ValueError("the prompt is empty")
    if len(prompt) >= limit:
        raise UserError(
            f"The prompt has {len(prompt)} tokens, but with its reply it may have only {limit}.",
            "Shorten the text, or the prompt of the voice.",
        )
    # The last id is read in any case: only then it is known what follows.
    cache.keep(min(cache.shared_prefix(prompt), len(prompt) - 1))
    ids = list(prompt)
    unread: Sequence[int] = prompt[cache.length :]
    group: list[int] = []
    while len(ids) < limit:
        said = sampler(model.read(unread, cache, token), ids)
        if said == model.end_of_turn:
            break
        ids.append(said)
        group.append(said)
        unread = (said,)
        if len(group) == GROUP:
            emit(tuple(group))
            group.clear()
    if group:
        emit(tuple(group))
