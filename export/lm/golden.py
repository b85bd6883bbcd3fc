"""The language model against golden data, as a PyTorch module and as exported graphs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edge_audio.step_audio.language_model.model import LanguageModel
from edge_audio.step_audio.language_model.settings import DECODE
from export.check import Check, compare, compare_codes, counted
from export.checkpoint import open_tensors
from export.lm.config import read_config
from export.lm.export import export_lm
from export.lm.step1 import LayerCache, Step1, Trace
from export.precision import Precision
from export.progress import silent
from runtime.errors import UserError
from runtime.session import OnnxSession

_TOLERANCE = 3e-4
"""On values of a root mean square of 3 at most; the reference's own noise is a tenth of it."""

_SLOPE_TOLERANCE = 1e-7

_NAME = "lm"

Golden = Mapping[str, NDArray[Any]]


def checks(golden: Path, work: Path) -> Iterator[Check]:
    """Compare with the arrays in `golden`/lm; the graphs are exported into `work`."""
    folder = golden / _NAME
    arrays = _arrays(folder / "golden.npz")
    with torch.no_grad():
        yield from _torch(folder, arrays)
    export_lm(folder, work / _NAME, Precision.FP32, silent)
    yield from _onnx(work / _NAME, arrays)


def _arrays(path: Path) -> Golden:
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} can't be read.", "Check that the golden data is whole.") from error


def _torch(folder: Path, golden: Golden) -> Iterator[Check]:
    tensors = open_tensors(folder)
    config = read_config(folder, tensors)
    with torch.device("meta"):
        model = Step1(config)
    tensors.load_into(model)
    ids = torch.from_numpy(golden["input_ids"])[None]
    cache, trace = model.new_cache(), Trace((0,))
    normed = model(ids, cache, trace)
    logits = model.logits(normed)[0]

    def check(name: str, actual: NDArray[Any], tolerance: float = _TOLERANCE) -> Check:
        return compare(_NAME, name, "torch", actual, golden[name], tolerance)

    yield check("slopes", np.array(config.slopes, np.float32), _SLOPE_TOLERANCE)
    yield check("logits", logits.numpy())
    for name, hidden in (("hidden_after_layer0", trace.hidden[0]), ("hidden_final_norm", normed)):
        if (last := counted(golden, f"{name}_last")) is not None:
            yield compare(_NAME, name, "torch", hidden[0, -len(last) :], last, _TOLERANCE)
    yield check("cache_k_layer0", _rows(cache[0].keys))
    yield check("cache_v_last", _rows(cache[-1].values))
    yield check("logits_cached", _logits_in_steps(model, ids, int(golden["decode_from"])))
    said, chosen_by = _greedy_torch(model, cache, logits[-1], len(golden["greedy_ids"]))
    yield compare_codes(_NAME, "greedy_ids", "torch", said, golden["greedy_ids"])
    yield check("greedy_logits", chosen_by)


def _rows(values: torch.Tensor | None) -> NDArray[Any]:
    assert values is not None
    return values[0].numpy()


def _logits_in_steps(model: Step1, ids: torch.Tensor, prefilled: int) -> NDArray[Any]:
    cache = model.new_cache()
    parts = [model(ids[:, :prefilled], cache)]
    parts += [model(ids[:, place : place + 1], cache) for place in range(prefilled, ids.shape[1])]
    return model.logits(torch.cat(parts, 1))[0].numpy()


def _greedy_torch(
    model: Step1, cache: Sequence[LayerCache], logits: torch.Tensor, count: int
) -> tuple[list[int], NDArray[Any]]:
    said: list[int] = []
    chosen_by = []
    for _ in range(count):
        said.append(int(logits.argmax()))
        chosen_by.append(logits.numpy())
        logits = model.logits(model(torch.tensor([said[-1:]]), cache))[0, -1]
    return said, np.stack(chosen_by)


def _onnx(folder: Path, golden: Golden) -> Iterator[Check]:
    """Read every prefix at once, then a long one at once and the rest one by one, then go on greedily."""
    prefill = LanguageModel.load(folder)
    decode = LanguageModel(OnnxSession(folder / DECODE), prefill.settings, prefill.output_ids)
    ids = golden["input_ids"].tolist()

    def check(name: str, actual: NDArray[Any]) -> Check:
        return compare(_NAME, name, "onnx", actual, golden[name][-len(actual) :], _TOLERANCE)

    whole = [prefill.read(ids[:end], prefill.new_cache(end)) for end in range(1, len(ids) + 1)]
    yield check("logits", np.stack(whole))

    start, count = int(golden["decode_from"]), len(golden["greedy_ids"])
    cache = prefill.new_cache(len(ids) + count)
    stepped = [prefill.read(ids[:start], cache)]
    stepped += [decode.read([each], cache) for each in ids[start:]]
    yield check("logits_cached", np.stack(stepped))
    (keys, _), (_, values) = cache.rows(0), cache.rows(prefill.settings.layers - 1)
    yield check("cache_k_layer0", keys.reshape(len(ids), -1))
    yield check("cache_v_last", values.reshape(len(ids), -1))

    chosen_by = [stepped[-1]]
    said = [int(stepped[-1].argmax())]
    while len(said) < count:
        chosen_by.append(decode.read(said[-1:], cache))
        said.append(int(chosen_by[-1].argmax()))
    yield compare_codes(_NAME, "greedy_ids", "onnx", said, golden["greedy_ids"])
    yield check("greedy_logits", np.stack(chosen_by))
