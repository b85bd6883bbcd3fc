"""How far an exported language model is from the float32 module."""

from collections.abc import Callable

import numpy as np
import torch

from edge_audio.step_audio.language_model.model import LanguageModel
from export.checkpoint import Tensors
from export.lm.config import Step1Config
from export.lm.step1 import streamed_logits

_PREFILLED = 16
"""Positions that are read at once."""

_DECODED = 16
"""Positions that are read one by one after them."""

_SEED = 0


class Parity:
    """The float32 module's logits for random ids, computed layer by layer so that a large model fits."""

    def __init__(
        self, tensors: Tensors, config: Step1Config, output_ids: np.ndarray, layer_done: Callable[[], None]
    ) -> None:
        """Compute them; `output_ids` are the ids that the exported model can say."""
        count = _PREFILLED + _DECODED
        self._ids = [int(each) for each in np.random.default_rng(_SEED).choice(output_ids, count)]
        with torch.no_grad():
            logits = streamed_logits(tensors, config, torch.tensor(self._ids), layer_done).numpy()
        self._expected = logits[_PREFILLED - 1 :, output_ids]

    def of(self, model: LanguageModel) -> dict[str, float]:
        """Return the errors of `model`'s logits, and how often its most likely id is the module's."""
        cache = model.new_cache(len(self._ids))
        rows = [model.read(self._ids[:_PREFILLED], cache)]
        rows += [model.read([each], cache) for each in self._ids[_PREFILLED:]]
        actual = np.stack(rows)
        error = np.abs(actual - self._expected)
        return {
            "logits_rms": float(np.sqrt(np.mean(np.square(self._expected)))),
            "logits_max_abs_error": float(error.max()),
            "logits_mean_abs_error": float(error.mean()),
            "greedy_agreement": float(np.mean(actual.argmax(1) == self._expected.argmax(1))),
        }
