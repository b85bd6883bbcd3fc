"""The loaded language model: from ids to the logits of the next one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edge_audio.step_audio.component import Component, read_array
from edge_audio.step_audio.language_model.cache import KeyValueCache
from edge_audio.step_audio.language_model.settings import (
    NAME,
    OUTPUT_IDS,
    PREFILL,
    LanguageModelSettings,
)
from runtime.compute import ON_CPU, Compute
from runtime.errors import UserError
from runtime.session import Array, OnnxSession
from runtime.worker import CancelToken

Logits = NDArray[np.float32]
"""One value for each of a model's `output_ids`."""

MAX_LENGTH = 8192
"""Positions of a prompt and its reply together (Step-Audio release, `tts.py`)."""

PIECE = 16
"""Positions read at a time. A run can be stopped between two operators: at the true dimensions the largest
one takes 10 to 20 ms for 16 positions on a CPU. Larger pieces are hardly faster."""


_EXPORT_AGAIN = "Export it again with `python -m export`."


class LanguageModel:
    """Reads ids and returns the logits of the next one. Blocks while it computes: belongs on a lane."""

    def __init__(
        self, session: OnnxSession, settings: LanguageModelSettings, output_ids: NDArray[np.int64]
    ) -> None:
        """Use `session`, whose graph fits `settings` and computes the logits of `output_ids`, ascending."""
        self._session = session
        self.settings = settings
        self.output_ids = output_ids

    @classmethod
    def load(cls, folder: Path, compute: Compute = ON_CPU) -> Self:
        """Load the component in `folder`, which `python -m export lm` wrote.

        Raises `UserError` if it is missing or incomplete.
        """
        component = Component(folder, NAME)
        settings = component.settings(LanguageModelSettings)
        if OUTPUT_IDS in component.record.files:
            output_ids = _output_ids(component.path(OUTPUT_IDS), settings)
        else:
            output_ids = np.arange(settings.vocabulary, dtype=np.int64)
        if len(output_ids) != settings.logits:
            raise UserError(f"{folder} doesn't have the ids of its {settings.logits} logits.", _EXPORT_AGAIN)
        # One graph both prefills and decodes: for one position, it is as fast as the graph for just one,
        # and a second session would hold the weights a second time.
        session = OnnxSession(component.path(PREFILL), compute)
        row = (None, settings.groups, settings.head_size)
        last = settings.layers - 1
        session.require({f"past_key_{last}": row, f"past_value_{last}": row, "logits": (settings.logits,)})
        if f"past_key_{settings.layers}" in session.inputs:
            raise UserError(f"{folder} has more layers than {settings.layers}.", _EXPORT_AGAIN)
        return cls(session, settings, output_ids)

    @property
    def end_of_turn(self) -> int:
        """The id that ends the model's turn."""
        return self.settings.end_of_turn

    def new_cache(self, capacity: int = MAX_LENGTH) -> KeyValueCache:
        """Return the empty state of a sequence of at most `capacity` positions."""
        settings = self.settings
        return KeyValueCache(settings.layers, settings.groups, settings.head_size, capacity)

    def read(self, ids: Sequence[int], cache: KeyValueCache, token: CancelToken | None = None) -> Logits:
        """Append `ids`, at least one, to the sequence and return the logits of the next id.

        Raises `Cancelled` when `token` is cancelled; the cache then holds the pieces that were read
        completely. Raises `UserError` for ids that the model doesn't have.
        """
        unknown = [number for number in ids if not 0 <= number < self.settings.vocabulary]
        if unknown:
            raise UserError(
                f"The language model has the ids 0 to {self.settings.vocabulary - 1}, not {unknown[0]}.",
                "Use the tokenizer that was exported with it.",
            )
        for start in range(0, len(ids), PIECE):
            logits = self._read_piece(ids[start : start + PIECE], cache, token)
        return logits

    def _read_piece(self, ids: Sequence[int], cache: KeyValueCache, token: CancelToken | None) -> Logits:
        feeds: dict[str, Array] = {
            "ids": np.array(ids, dtype=np.int64),
            "past_length": np.array([cache.length], dtype=np.int64),
        }
        for layer in range(self.settings.layers):
            feeds[f"past_key_{layer}"], feeds[f"past_value_{layer}"] = cache.rows(layer)
        logits, *rows = self._session.run(feeds, token)
        cache.append(ids, rows[0::2], rows[1::2])
        return logits


def _output_ids(path: Path, settings: LanguageModelSettings) -> NDArray[np.int64]:
    """Read the ids of the logits. Raises `UserError` unless they are ids of the model, one for each logit."""
    ids: NDArray[np.int64] = read_array(path, settings.logits)
    if not np.issubdtype(ids.dtype, np.integer) or ids.min() < 0 or ids.max() >= settings.vocabulary:
        raise UserError(
            f"{path} doesn't hold {settings.logits} ids below {settings.vocabulary}.",
            _EXPORT_AGAIN,
        )
    return ids
