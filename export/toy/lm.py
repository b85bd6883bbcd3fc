"""A random language model in the released layout: configuration, shards with an index, tokenizer."""

import json
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors.torch import save_file

from export.checkpoint import INDEX, Shape
from export.disk import require_space
from export.lm.config import CONFIG, Step1Config
from export.progress import Progress
from export.toy.size import Size
from export.toy.tokenizer import (
    AUDIO_TOKENS,
    RELEASED_FIRST_AUDIO_ID,
    TINY_FIRST_AUDIO_ID,
    write_tokenizer,
)
from export.toy.weights import random_tensor

_UNUSED_IDS = 64
"""Rows of a small model's embedding that no token has: the release has such rows too."""

_SMALL_VOCABULARY = TINY_FIRST_AUDIO_ID + AUDIO_TOKENS + _UNUSED_IDS

_CONFIGS = {
    Size.TINY: Step1Config(
        hidden_size=96,
        intermediate_size=128,
        num_attention_heads=6,
        num_attention_groups=2,
        num_hidden_layers=2,
        vocab_size=_SMALL_VOCABULARY,
        max_seq_len=32768,
    ),
    # 180 million parameters, of the shape that small language models have.
    Size.SMALL: Step1Config(
        hidden_size=1024,
        intermediate_size=3712,
        num_attention_heads=16,
        num_attention_groups=4,
        num_hidden_layers=12,
        vocab_size=_SMALL_VOCABULARY,
        max_seq_len=32768,
    ),
    # Step-Audio-TTS-3B: 3,529,706,496 parameters.
    Size.RELEASED: Step1Config(
        hidden_size=3072,
        intermediate_size=8192,
        num_attention_heads=48,
        num_attention_groups=4,
        num_hidden_layers=32,
        vocab_size=74752,
        max_seq_len=32768,
    ),
}

_SHARD_BYTES = 1 << 30
"""A shard holds at least one tensor, and otherwise at most this much."""

_BYTES = 2
"""Of a value: bfloat16."""


def configuration(size: Size) -> Step1Config:
    """Return the dimensions of the model of a size."""
    return _CONFIGS[size]


def write_lm(folder: Path, size: Size, generator: torch.Generator, progress: Progress) -> None:
    """Write a random language model into `folder`, shard by shard: at `Size.RELEASED` 7 GB.

    Raises `UserError` if the disk has too little room.
    """
    config = configuration(size)
    shapes = config.shapes()
    total = sum(map(prod, shapes.values())) * _BYTES
    require_space(folder, total)
    folder.mkdir(parents=True, exist_ok=True)
    first_audio_id = RELEASED_FIRST_AUDIO_ID if size is Size.RELEASED else TINY_FIRST_AUDIO_ID
    write_tokenizer(folder, first_audio_id)
    _write_json(folder / CONFIG, _released_config(config))
    _write_json(
        folder / "generation_config.json",
        {"bos_token_id": 1, "eos_token_id": config.eos_token_id, "pad_token_id": 0},
    )
    shards = list(_shards(shapes))
    shard_of: dict[str, str] = {}
    for number, names in enumerate(shards, start=1):
        file = f"model-{number:05}-of-{len(shards):05}.safetensors"
        progress("language model", number - 1, len(shards))
        tensors = {name: random_tensor(name, shapes[name], generator).bfloat16() for name in names}
        save_file(tensors, folder / file, metadata={"format": "pt"})
        shard_of |= dict.fromkeys(names, file)
    _write_json(folder / INDEX, {"metadata": {"total_size": total}, "weight_map": shard_of})
    progress("language model", len(shards), len(shards))


def _shards(shapes: Mapping[str, Shape]) -> Iterator[list[str]]:
    names: list[str] = []
    used = 0
    for name, shape in shapes.items():
        needed = prod(shape) * _BYTES
        if names and used + needed > _SHARD_BYTES:
            yield names
            names, used = [], 0
        names.append(name)
        used += needed
    yield names


def _released_config(config: Step1Config) -> dict[str, Any]:
    """Return what `config.json` holds in the release; keys that are left at their defaults are absent."""
    plain: dict[str, Any] = msgspec.to_builtins(config)
    for key in ("alibi_slopes", "max_pos_interp_ratio", "logit_scale"):
        del plain[key]
    return {
        "architectures": ["Step1ForCausalLM"],
        "model_type": "step1",
        "torch_dtype": "bfloat16",
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "pad_token_id": 0,
        **plain,
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
