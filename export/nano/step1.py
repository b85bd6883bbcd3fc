"""Step1, the language model, in PyTorch: to be trained. What runs it is `export.lm`'s graph.

The names of its parameters are the released ones.
"""

import math

import torch
from torch import Tensor, nn

from export.lm.config import Step1Config
from export.lm.step1 import FeedForward, attention_bias

_DROPPED = 0.1
"""Part of what a layer adds that is dropped in training: the texts are few for the model's size."""


class Attention(nn.Module):
    """Grouped attention whose scores fall with the square root of the distance."""

    def __init__(self, config: Step1Config) -> None:
        super().__init__()
        self._config = config
        self.q_proj = nn.Linear(config.hidden_size, config.hidden_size, bias=False)
        self.k_proj = nn.Linear(config.hidden_size, config.group_width, bias=False)
        self.v_proj = nn.Linear(config.hidden_size, config.group_width, bias=False)
        self.o_proj = nn.Linear(config.hidden_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Return what `x` (batch, n, width) gathers, and the scores of all heads (batch, heads, n, n).

        `bias` (heads, n, n) is added to the scores.
        """
        config = self._config
        repeats = config.num_attention_heads // config.num_attention_groups
        queries = self.q_proj(x).unflatten(-1, (config.num_attention_heads, -1)).transpose(1, 2)
        keys, values = (
            layer(x)
            .unflatten(-1, (config.num_attention_groups, -1))
            .transpose(1, 2)
            .repeat_interleave(repeats, 1)
            for layer in (self.k_proj, self.v_proj)
        )
        # On a CPU this learns twice as fast as PyTorch's own attention.
        scores = (queries * config.head_size**-0.5) @ keys.transpose(2, 3) + bias.to(queries.dtype)
        gathered = torch.softmax(scores, dim=-1) @ values
        result: Tensor = self.o_proj(gathered.transpose(1, 2).flatten(2))
        return result, scores


class Layer(nn.Module):
    """Attention and a net, each behind a norm and added to what came in."""

    def __init__(self, config: Step1Config) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = nn.RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.mlp = FeedForward(config)

    def forward(self, x: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Return the transformed `x`, and the attention's scores."""
        gathered, scores = self.self_attn(self.input_layernorm(x), bias)
        x = x + self._dropped(gathered)
        return x + self._dropped(self.mlp(self.post_attention_layernorm(x))), scores

    def _dropped(self, added: Tensor) -> Tensor:
        return nn.functional.dropout(added, _DROPPED, self.training)


class Body(nn.Module):
    """All but the head."""

    def __init__(self, config: Step1Config) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        self.norm = nn.RMSNorm(config.hidden_size, eps=config.rms_norm_eps)


class Step1(nn.Module):
    """The whole model."""

    def __init__(self, config: Step1Config) -> None:
        super().__init__()
        self.config = config
        self.model = Body(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                depth = (
                    math.sqrt(2 * config.num_hidden_layers)
                    if name.endswith(("o_proj.weight", "down_proj.weight"))
                    else 1
                )
                nn.init.normal_(
                    parameter, std=0.05 if "embed" in name else parameter.shape[1] ** -0.5 / depth
                )

    def forward(
        self, ids: Tensor, guided: tuple[int, ...] = (), head: int = -1
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the last layer's output (batch, n, width), behind the norm, for `ids` (batch, n).

        And for each layer in `guided` the logarithms of the weights of its `head`, (batch, n, n).
        """
        bias = attention_bias(self.config.slopes, 0, ids.shape[1])
        x = self.model.embed_tokens(ids)
        seen = []
        for index, layer in enumerate(self.model.layers):
            x, scores = layer(x, bias)
            if index in guided:
                seen.append(torch.log_softmax(scores[:, head].float(), dim=-1))
        return self.model.norm(x), seen
