"""The language model's files but for its tokenizer: configuration, and shards of weights with an index."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors.torch import save_file

from export.checkpoint import INDEX, Shape
from export.disk import require_space
from export.lm.config import CONFIG, Step1Config
from export.lm.generation_config import GENERATION_CONFIG, GenerationConfig
from export.progress import Progress

_SHARD_BYTES = 1 << 30
"""A shard holds at least one tensor, and otherwise at most this much."""

_LEFT_AT_DEFAULT = ("alibi_slopes", "max_pos_interp_ratio", "logit_scale")
"""Keys that the release leaves out, as its model has Step1's own defaults."""


def write_lm_files(
    folder: Path,
    config: Step1Config,
    tensor: Callable[[str], torch.Tensor],
    dtype: torch.dtype,
    generation: GenerationConfig,
    progress: Progress,
) -> None:
    """Write the model into `folder`, shard by shard; `tensor` returns one by its name when its turn comes.

    Tensors are stored as `dtype`, bfloat16 in the release. `generation` says how ids are to be drawn, and is
    empty in the release. Raises `UserError` if the disk has too little room.
    """
    shapes = config.shapes()
    total = sum(map(prod, shapes.values())) * dtype.itemsize
    require_space(folder, total)
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / CONFIG, _released_config(config, dtype))
    drawn = _without_defaults(generation, generation.__struct_fields__)
    _write_json(
        folder / GENERATION_CONFIG,
        {"bos_token_id": 1, "eos_token_id": config.eos_token_id, "pad_token_id": 0, **drawn},
    )
    shards = list(_shards(shapes, dtype.itemsize))
    shard_of: dict[str, str] = {}
    for number, names in enumerate(shards, start=1):
        file = f"model-{number:05}-of-{len(shards):05}.safetensors"
        progress("language model", number - 1, len(shards))
        tensors = {name: tensor(name).to(dtype) for name in names}
        save_file(tensors, folder / file, metadata={"format": "pt"})
        shard_of |= dict.fromkeys(names, file)
    _write_json(folder / INDEX, {"metadata": {"total_size": total}, "weight_map": shard_of})
    progress("language model", len(shards), len(shards))


def _shards(shapes: Mapping[str, Shape], value_bytes: int) -> Iterator[list[str]]:
    names: list[str] = []
    used = 0
    for name, shape in shapes.items():
        needed = prod(shape) * value_bytes
        if names and used + needed > _SHARD_BYTES:
            yield names
            names, used = [], 0
        names.append(name)
        used += needed
    yield names


def _released_config(config: Step1Config, dtype: torch.dtype) -> dict[str, Any]:
    """Return what `config.json` holds."""
    return {
        "architectures": ["Step1ForCausalLM"],
        "model_type": "step1",
        "torch_dtype": str(dtype).removeprefix("torch."),
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "pad_token_id": 0,
        **_without_defaults(config, _LEFT_AT_DEFAULT),
    }


def _without_defaults(settings: msgspec.Struct, names: Collection[str]) -> dict[str, Any]:
    """Return the values by name, without those among `names` that are left at their default."""
    plain: dict[str, Any] = msgspec.to_builtins(settings)
    for field in msgspec.structs.fields(settings):
        if field.name in names and getattr(settings, field.name) == field.default:
            del plain[field.name]
    return plain


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
