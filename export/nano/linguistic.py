"""The streaming encoder of the linguistic codes over all steps of a recording at once, for training."""

import math

import torch
from torch import Tensor, nn

from export.linguistic.encoder import Block, EncoderSizes, LinguisticEncoder

_MASKED = -1e9
_LONGEST_PERIOD = 10000.0


def all_steps(encoder: LinguisticEncoder, features: Tensor, first: int = 0) -> Tensor:
    """Return the output of `encoder` for each frame, shape (batch, frames, width).

    `features` (batch, frames, values), normalised, are whole chunks; their positions follow `first` frames.
    Each step has the same window, and the same keys and values of earlier steps, as in a stream.
    """
    sizes = encoder.sizes
    placed = features * math.sqrt(sizes.width) + _positions(first, features.shape[1], sizes.features)
    overlap = sizes.window - sizes.chunk
    padded = nn.functional.pad(placed, (0, 0, overlap, 0))
    windows = padded.unfold(1, sizes.window, sizes.chunk).transpose(2, 3)  # (batch, steps, window, values)
    mask = _mask(windows.shape[1], sizes)
    for block in (*encoder.encoders0, *encoder.encoders):
        assert isinstance(block, Block)
        windows = _through(block, windows, mask, sizes)
    encoded: Tensor = encoder.after_norm(windows[:, :, overlap:])
    return encoded.flatten(1, 2)


def _through(block: Block, frames: Tensor, mask: Tensor, sizes: EncoderSizes) -> Tensor:
    """Return the output of `block`, which is pre-norm, for all windows (batch, steps, window, …)."""
    attention = block.self_attn
    queries, keys, value = attention.linear_q_k_v(block.norm1(frames)).chunk(3, dim=-1)
    queries, keys, values = (
        part.unflatten(-1, (sizes.heads, -1)).transpose(2, 3) for part in (queries, keys, value)
    )
    seen_keys, seen_values = (torch.cat((_past(part, sizes), part), dim=3) for part in (keys, values))
    scores = queries * sizes.head_size**-0.5 @ seen_keys.transpose(3, 4) + mask[:, None, None]
    attended = (torch.softmax(scores, dim=-1) @ seen_values).transpose(2, 3).flatten(3)
    attended = attention.linear_out(attended) + _memory(attention.fsmn_block, value, sizes)
    if frames.shape[-1] == sizes.width:
        attended = frames + attended
    transformed: Tensor = attended + block.feed_forward(block.norm2(attended))
    return transformed


def _past(kept: Tensor, sizes: EncoderSizes) -> Tensor:
    """Return the keys or values that each step caches of earlier ones: (…, window, …) to (…, past, …)."""
    left = kept[:, :, :, : sizes.chunk]
    steps = left.shape[1]
    chunks = sizes.past // sizes.chunk
    shifted = [
        nn.functional.pad(left, (0, 0, 0, 0, 0, 0, back, 0))[:, :steps] for back in range(chunks, 0, -1)
    ]
    return torch.cat(shifted, dim=3)


def _mask(steps: int, sizes: EncoderSizes) -> Tensor:
    """Return what is added to each step's scores, (steps, past + window), to mask steps before the first."""
    chunks = sizes.past // sizes.chunk
    back = torch.arange(chunks, 0, -1).repeat_interleave(sizes.chunk)
    missing = torch.arange(steps)[:, None] < back
    return nn.functional.pad(missing.float() * _MASKED, (0, sizes.window))


def _memory(convolution: nn.Module, value: Tensor, sizes: EncoderSizes) -> Tensor:
    """Return the FSMN memory, (batch, steps, window, width): the depth-wise convolution plus its input."""
    before = (sizes.kernel - 1) // 2
    flat = value.flatten(0, 1).transpose(1, 2)
    remembered = convolution(nn.functional.pad(flat, (before, sizes.kernel - 1 - before)))
    together: Tensor = remembered.transpose(1, 2).reshape(value.shape) + value
    return together


def _positions(first: int, count: int, values: int) -> Tensor:
    """Return the sinusoids of `count` frames after `first` others, counted from 1, (count, values)."""
    half = values // 2
    rates = _LONGEST_PERIOD ** (-torch.arange(half, dtype=torch.float64) / (half - 1))
    angles = torch.arange(first + 1, first + count + 1, dtype=torch.float64)[:, None] * rates
    return torch.cat((angles.sin(), angles.cos()), dim=1).float()
