"""How far an exported linguistic encoder is from the PyTorch module that it was made from."""

import numpy as np
import torch

from edge_audio.step_audio.tokenizer.front_end import Features
from edge_audio.step_audio.tokenizer.linguistic import EncoderState, LinguisticEncoder
from export.check import max_abs_error
from export.linguistic import encoder
from runtime.session import Array
from runtime.worker import CancelToken

_STEPS = 16
_SEED = 20250217


class ModuleStep:
    """The PyTorch module as the runtime's `EncoderStep`."""

    def __init__(self, module: encoder.LinguisticEncoder) -> None:
        self._module = module.eval()

    def __call__(
        self, window: Array, keys: Array, values: Array, present: Array, token: CancelToken | None
    ) -> tuple[Array, Array, Array]:
        """Compute one step; the token is of no use here."""
        with torch.inference_mode():
            outputs = self._module(*(torch.from_numpy(value) for value in (window, keys, values, present)))
        encoded, new_keys, new_values = (output.numpy() for output in outputs)
        return encoded, new_keys, new_values


def parity(module: LinguisticEncoder, graph: LinguisticEncoder) -> dict[str, float]:
    """Run both over the same random features, a short last step among them, and compare what they encode."""
    theirs, ours = _encoded(module), _encoded(graph)
    agreement = np.mean(module.nearest(theirs) == graph.nearest(ours))
    return {"encoded_max_abs_error": max_abs_error(ours, theirs), "codes_agreement": float(agreement)}


def _encoded(linguistic: LinguisticEncoder) -> Features:
    """Encode normalised features, the same for every encoder of these sizes."""
    settings = linguistic.settings
    state, generator = EncoderState(settings), np.random.default_rng(_SEED)
    encoded = []
    for count in [settings.chunk_frames] * _STEPS + [1]:
        features = generator.standard_normal((count, settings.features), np.float32)
        encoded.append(linguistic.encode(features, state)[-count:])
    return np.concatenate(encoded)
