"""A random language model in the released layout: configuration, shards with an index, tokenizer."""

from pathlib import Path

import torch

from export.layout.lm import write_lm_files
from export.lm.config import Step1Config
from export.lm.generation_config import GenerationConfig
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


def configuration(size: Size) -> Step1Config:
    """Return the dimensions of the model of a size."""
    return _CONFIGS[size]


def write_lm(folder: Path, size: Size, generator: torch.Generator, progress: Progress) -> None:
    """Write a random language model into `folder`, shard by shard: at `Size.RELEASED` 7 GB.

    Raises `UserError` if the disk has too little room.
    """
    config = configuration(size)
    shapes = config.shapes()

    def tensor(name: str) -> torch.Tensor:
        return random_tensor(name, shapes[name], generator)

    write_lm_files(folder, config, tensor, torch.bfloat16, GenerationConfig(), progress)
    write_tokenizer(folder, RELEASED_FIRST_AUDIO_ID if size is Size.RELEASED else TINY_FIRST_AUDIO_ID)
