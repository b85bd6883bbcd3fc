"""One step of Paraformer's streaming encoder: SANM blocks, which attend and remember by convolution.

A step sees a window: some old frames once more, then the new ones. What lies further back it sees through
the keys and values that earlier steps left. Every length is fixed, so that one graph serves all steps and
TensorRT too; what isn't there yet (or isn't there in a short last step) is marked absent.

SAN-M: Gao et al., "SAN-M: Memory Equipped Self-Attention for End-to-End Speech Recognition", 2020.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from export.checkpoint import Tensors
from export.linguistic.config import LinguisticConfig
from runtime.errors import UserError

NORM_EPSILON = 1e-12
"""Of all LayerNorms (Step-Audio release). It vanishes in float16, where a frame of zeros would give NaN."""

_HIDDEN = -1e9
"""Added to the attention score of an absent frame: its weight becomes exactly 0."""


class EncoderSizes(NamedTuple):
    """The sizes of the encoder."""

    features: int
    """Values of a frame that comes in."""
    width: int
    """Values of a frame that goes out, and of one between two blocks."""
    heads: int
    feed_forward: int
    """Values between the two layers of a feed-forward net."""
    blocks: int
    kernel: int
    """Frames that the memory's convolution spans."""
    window: int
    """Frames of a step."""
    chunk: int
    """New frames of a step."""
    past: int
    """Frames whose keys and values are kept."""

    @property
    def head_size(self) -> int:
        """Values of one attention head."""
        return self.width // self.heads


def encoder_sizes(tensors: Tensors, config: LinguisticConfig) -> EncoderSizes:
    """Return the sizes of the encoder whose tensors these are. Raises `UserError` if it is none."""
    width = tensors.size("after_norm.weight")
    if width % config.heads:
        raise UserError(
            f"{tensors.source}: {width} values don't divide into {config.heads} heads.",
            "Check that weights and description belong to each other.",
        )
    return EncoderSizes(
        features=tensors.size("encoders0.0.norm1.weight"),
        width=width,
        heads=config.heads,
        feed_forward=tensors.size("encoders0.0.feed_forward.w_1.weight"),
        blocks=1 + tensors.count("encoders.{}.norm1.weight"),
        kernel=tensors.size("encoders0.0.self_attn.fsmn_block.weight", 2),
        window=config.overlap_frames + config.chunk_frames,
        chunk=config.chunk_frames,
        past=config.look_back_chunks * config.chunk_frames,
    )


class Attention(nn.Module):
    """Self-attention over past and window, plus a depth-wise convolution of the window's values."""

    def __init__(self, features: int, sizes: EncoderSizes) -> None:
        super().__init__()
        self._sizes = sizes
        width, before = sizes.width, (sizes.kernel - 1) // 2
        self.linear_q_k_v = nn.Linear(features, 3 * width)
        self.linear_out = nn.Linear(width, width)
        self.fsmn_block = nn.Conv1d(width, width, sizes.kernel, groups=width, bias=False)
        self._padding = (before, sizes.kernel - 1 - before)

    def forward(
        self, frames: Tensor, past_keys: Tensor, past_values: Tensor, present: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return what a block makes of `frames`, and their keys and values (heads, window, head size)."""
        query, key, value = self.linear_q_k_v(frames).chunk(3, dim=-1)
        hidden = (1.0 - present) * _HIDDEN
        keys, values = self._heads(key), self._heads(value)
        scores = self._heads(query * self._sizes.head_size**-0.5) @ torch.cat(
            (past_keys, keys), dim=1
        ).transpose(1, 2)
        weights = torch.softmax(scores + hidden, dim=-1)
        attended = (weights @ torch.cat((past_values, values), dim=1)).transpose(0, 1)
        attended = self.linear_out(attended.reshape(self._sizes.window, self._sizes.width))
        return attended + self._memory(value, present), keys, values

    def _heads(self, frames: Tensor) -> Tensor:
        """Split frames (window, width) into heads: (heads, window, head size)."""
        return frames.reshape(self._sizes.window, self._sizes.heads, -1).transpose(0, 1)

    def _memory(self, value: Tensor, present: Tensor) -> Tensor:
        """Return the convolution of the values plus themselves; absent frames count as zeros."""
        value = value * present[self._sizes.past :, None]
        padded = nn.functional.pad(value.transpose(0, 1)[None], self._padding)
        remembered: Tensor = self.fsmn_block(padded)[0].transpose(0, 1)
        return remembered + value


class FeedForward(nn.Module):
    """Two linear layers with a ReLU between them."""

    def __init__(self, sizes: EncoderSizes) -> None:
        super().__init__()
        self.w_1 = nn.Linear(sizes.width, sizes.feed_forward)
        self.w_2 = nn.Linear(sizes.feed_forward, sizes.width)

    def forward(self, frames: Tensor) -> Tensor:
        """Return the frames, each by itself, through both layers."""
        transformed: Tensor = self.w_2(torch.relu(self.w_1(frames)))
        return transformed


class Block(nn.Module):
    """Attention and feed-forward net, each behind a norm and added to what came in."""

    def __init__(self, features: int, sizes: EncoderSizes) -> None:
        super().__init__()
        self.self_attn = Attention(features, sizes)
        self.feed_forward = FeedForward(sizes)
        self.norm1 = nn.LayerNorm(features, eps=NORM_EPSILON)
        self.norm2 = nn.LayerNorm(sizes.width, eps=NORM_EPSILON)
        # The first block changes the width, so that there is nothing to add its attention to.
        self._adds = features == sizes.width

    def forward(
        self, frames: Tensor, past_keys: Tensor, past_values: Tensor, present: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the transformed frames, and their keys and values."""
        attended, keys, values = self.self_attn(self.norm1(frames), past_keys, past_values, present)
        if self._adds:
            attended = frames + attended
        return attended + self.feed_forward(self.norm2(attended)), keys, values


class LinguisticEncoder(nn.Module):
    """The whole encoder; the names of its parameters are the released ones without `encoder.`."""

    def __init__(self, sizes: EncoderSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.encoders0 = nn.ModuleList([Block(sizes.features, sizes)])
        self.encoders = nn.ModuleList([Block(sizes.width, sizes) for _ in range(sizes.blocks - 1)])
        self.after_norm = nn.LayerNorm(sizes.width, eps=NORM_EPSILON)

    def forward(
        self, window: Tensor, keys: Tensor, values: Tensor, present: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Compute one step, in float32.

        `window` (window, features): scaled frames with their positions. `keys` and `values` (blocks, heads,
        past, head size): what earlier steps left, in any order. `present` (past + window,): 1 for each kept
        key and each frame of the window that is there, 0 for the others.

        Returns the encoded window (window, width), and the keys and values to keep (blocks, heads, chunk,
        head size): those of the window's first frames, which the next step no longer holds.
        """
        kept_keys, kept_values = [], []
        for index, block in enumerate((*self.encoders0, *self.encoders)):
            window, key, value = block(window, keys[index], values[index], present)
            kept_keys.append(key[:, : self.sizes.chunk])
            kept_values.append(value[:, : self.sizes.chunk])
        encoded: Tensor = self.after_norm(window)
        return encoded, torch.stack(kept_keys), torch.stack(kept_values)


def empty_inputs(sizes: EncoderSizes) -> dict[str, Tensor]:
    """Return the inputs of a first step, by name, with a window of zeros."""
    past = (sizes.blocks, sizes.heads, sizes.past, sizes.head_size)
    return {
        "window": torch.zeros(sizes.window, sizes.features),
        "keys": torch.zeros(past),
        "values": torch.zeros(past),
        "present": torch.cat((torch.zeros(sizes.past), torch.ones(sizes.window))),
    }
