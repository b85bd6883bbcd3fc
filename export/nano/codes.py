"""The codes of a corpus, computed by the trained tokenizers."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
import torch

from edge_audio.step_audio.tokens import RELEASED
from export.nano.corpus import FILE_NAMES
from export.nano.features import Sentence
from export.nano.tokenizers import CHUNK_HOPS, STRIDE, Tokenizers
from runtime.atomic import AtomicFile
from runtime.errors import UserError

GROUP_S = 0.12
"""Seconds of a group of codes."""

_HOPS_PER_SEMANTIC = 4

_MOST_HOPS = 3000
"""The semantic encoder reads at most 30 s at once; a longer sentence is left out."""


class Coded(msgspec.Struct, frozen=True, rename=FILE_NAMES):
    """A sentence and its codes."""

    text: str
    speaker: str
    tag: str
    held_out: bool
    phones: tuple[tuple[str, float], ...]
    codes: tuple[int, ...]
    """Whole groups; the semantic codebook's codes are numbered after those of the linguistic one."""


@torch.no_grad()
def coded(tokenizers: Tokenizers, sentence: Sentence) -> Coded:
    """Return `sentence` with its codes."""
    hops = len(sentence["log_mel"])
    count = -(-hops // CHUNK_HOPS) * CHUNK_HOPS
    places = np.minimum(np.arange(count), len(sentence["fbank"]) - 1)
    fbank = torch.from_numpy(sentence["fbank"][places].astype(np.float32))[None]
    log_mel = torch.from_numpy(sentence["log_mel"].astype(np.float32))[None]
    linguistic, semantic = tokenizers.encode(fbank, log_mel)
    linguistic_codes = tokenizers.linguistic_codes(linguistic)[0, : -(-(hops - 2) // STRIDE)].numpy()
    semantic_codes = tokenizers.semantic_codes(semantic)[0, : hops // _HOPS_PER_SEMANTIC].numpy()
    codes = RELEASED.codes(RELEASED.interleave(linguistic_codes, semantic_codes))
    return Coded(
        sentence.text,
        sentence.speaker,
        sentence.tag,
        sentence.held_out,
        sentence.phones,
        tuple(codes.tolist()),
    )


def write_codes(path: Path, tokenizers: Tokenizers, sentences: Iterable[Sentence]) -> int:
    """Write the codes of `sentences` to `path`, one sentence a line, and return how many there are.

    The write is atomic. Raises `UserError` if it fails.
    """
    count = 0
    with AtomicFile(path) as file:
        for sentence in sentences:
            if len(sentence["log_mel"]) > _MOST_HOPS - CHUNK_HOPS:
                continue
            file.write(msgspec.json.encode(coded(tokenizers, sentence)) + b"\n")
            count += 1
    return count


def read_codes(path: Path) -> list[Coded]:
    """Read what `write_codes` wrote. Raises `UserError` if it is damaged."""
    try:
        return [msgspec.json.decode(line, type=Coded) for line in path.read_bytes().splitlines()]
    except (OSError, msgspec.MsgspecError) as error:
        raise UserError(f"{path} is damaged.", "Remove it, and make it again.") from error
