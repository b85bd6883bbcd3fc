"""The streaming encoder of the linguistic codes, all steps of a recording at once: so it is trained."""

import math

import torch
from torch import Tensor, nn

from export.linguistic.encoder import Block, EncoderSizes, LinguisticEncoder

_HIDDEN = -1e9
_LONGEST_PERIOD = 10000.0


def all_steps(encoder: LinguisticEncoder, features: Tensor, first: int = 0) -> Tensor:
    """Return what `encoder` makes of each new frame, shape (batch, frames, width), step after step of them.

    `features` (batch, frames, values), normalised, are whole chunks; their positions follow `first` frames.
    What a step's window and the keys and values of earlier steps are is the same as in a stream.
    """
    sizes = encoder.sizes
    placed = features * math.sqrt(sizes.width) + _positions(first, features.shape[1], sizes.features)
    overlap = sizes.window - sizes.chunk
    padded = nn.functional.pad(placed, (0, 0, overlap, 0))
    windows = padded.unfold(1, sizes.window, sizes.chunk).transpose(2, 3)  # (batch, steps, window, values)
    hidden = _hidden(windows.shape[1], sizes)
    for block in (*encoder.encoders0, *encoder.encoders):
        assert isinstance(block, Block)
        windows = _through(block, windows, hidden, sizes)
    encoded: Tensor = encoder.after_norm(windows[:, :, overlap:])
    return encoded.flatten(1, 2)


def _through(block: Block, frames: Tensor, hidden: Tensor, sizes: EncoderSizes) -> Tensor:
    """Return all windows (batch, steps, window, …) behind `block`."""
    attention = block.self_attn
    queries, keys, value = attention.linear_q_k_v(block.norm1(frames)).chunk(3, dim=-1)
    queries, keys, values = (
        part.unflatten(-1, (sizes.heads, -1)).transpose(2, 3) for part in (queries, keys, value)
    )
    seen_keys, seen_values = (torch.cat((_past(part, sizes), part), dim=3) for part in (keys, values))
    scores = queries * sizes.head_size**-0.5 @ seen_keys.transpose(3, 4) + hidden[:, None, None]
    attended = (torch.softmax(scores, dim=-1) @ seen_values).transpose(2, 3).flatten(3)
    attended = attention.linear_out(attended) + _memory(attention.fsmn_block, value, sizes)
    if frames.shape[-1] == sizes.width:
        attended = frames + attended
    transformed: Tensor = attended + block.feed_forward(block.norm2(attended))
    return transformed


def _past(kept: Tensor, sizes: EncoderSizes) -> Tensor:
    """Return for each step what earlier ones left: (batch, steps, heads, window, …) to (…, past, …)."""
    left = kept[:, :, :, : sizes.chunk]
    steps = left.shape[1]
    chunks = sizes.past // sizes.chunk
    shifted = [
        nn.functional.pad(left, (0, 0, 0, 0, 0, 0, back, 0))[:, :steps] for back in range(chunks, 0, -1)
    ]
    return torch.cat(shifted, dim=3)


def _hidden(steps: int, sizes: EncoderSizes) -> Tensor:
    """Return what is added to the scores of each step's keys, (steps, past + window), to hide some."""
    chunks = sizes.past // sizes.chunk
    back = torch.arange(chunks, 0, -1).repeat_interleave(sizes.chunk)
    missing = torch.arange(steps)[:, None] < back
    return nn.functional.pad(missing.float() * _HIDDEN, (0, sizes.window))


def _memory(convolution: nn.Module, value: Tensor, sizes: EncoderSizes) -> Tensor:
    """Return each window's depth-wise convolution plus itself, (batch, steps, window, width)."""
    before = (sizes.kernel - 1) // 2
    flat = value.flatten(0, 1).transpose(1, 2)
    remembered = convolution(nn.functional.pad(flat, (before, sizes.kernel - 1 - before)))
    together: Tensor = remembered.transpose(1, 2).reshape(value.shape) + value
    return together


def _positions(first: int, count: int, values: int) -> Tensor:
    """Return sinusoids for `count` frames that follow `first` others, counted from 1, (count, values)."""
    half = values // 2
    rates = _LONGEST_PERIOD ** (-torch.arange(half, dtype=torch.float64) / (half - 1))
    angles = torch.arange(first + 1, first + count + 1, dtype=torch.float64)[:, None] * rates
    return torch.cat((angles.sin(), angles.cos()), dim=1).float()
