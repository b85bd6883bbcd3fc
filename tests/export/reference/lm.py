"""Golden data of a language model: Step1's equations in float64, over all positions at once, no cache."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tests.export.reference.weights import Weights, write_arrays, write_json

HIDDEN, HEADS, GROUPS, LAYERS, INNER, VOCABULARY = 80, 10, 5, 2, 112, 77
PROMPT, DECODE_FROM, GREEDY, EPSILON = 23, 9, 11, 1e-6


def write_lm(folder: Path, seed: int) -> None:
    folder.mkdir()
    weights = _weights(seed)
    generator = np.random.default_rng(seed)
    ids = generator.integers(VOCABULARY, size=PROMPT)
    told = _forward(weights, ids)
    said: list[int] = []
    chosen_by = []
    for _ in range(GREEDY):
        logits = _forward(weights, np.concatenate((ids, said)).astype(np.int64))["logits"][-1]
        best = logits.topk(2).values
        assert best[0] - best[1] > 0.01, "two ids are as likely; take another seed"
        said.append(int(logits.argmax()))
        chosen_by.append(logits)
    write_arrays(
        folder / "golden.npz",
        {
            "input_ids": ids,
            "slopes": _slopes(),
            "decode_from": np.int32(DECODE_FROM),
            "logits_bf16_weights": told["logits"],
            "logits": told["logits"],
            "hidden_final_norm_last8": told["normed"][-8:],
            "hidden_after_layer0_last8": told["first"][-8:],
            "logits_cached": told["logits"],
            "cache_k_layer0": told["keys"],
            "cache_v_last": told["values"],
            "greedy_ids": np.array(said),
            "greedy_logits": torch.stack(chosen_by),
        },
    )
    weights.save(folder / "model.safetensors")
    config = {
        "model_type": "step1",
        "architectures": ["Step1ForCausalLM"],
        "bos_token_id": 1,
        "eos_token_id": 3,
        "pad_token_id": 0,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_attention_heads": HEADS,
        "num_attention_groups": GROUPS,
        "num_hidden_layers": LAYERS,
        "vocab_size": VOCABULARY,
        "max_seq_len": 512,
        "rms_norm_eps": EPSILON,
    }
    write_json(folder / "config.json", config)
    write_json(folder / "noise.json", {})


def _weights(seed: int) -> Weights:
    weights = Weights(seed, torch.bfloat16)
    weights.add("model.embed_tokens.weight", VOCABULARY, HIDDEN, deviation=1.0)
    grouped = HIDDEN // HEADS * GROUPS
    for layer in range(LAYERS):
        name = f"model.layers.{layer}"
        for norm in ("input_layernorm", "post_attention_layernorm"):
            weights.add(f"{name}.{norm}.weight", HIDDEN, around=1.0)
        for part, outputs in (("q", HIDDEN), ("k", grouped), ("v", grouped), ("o", HIDDEN)):
            weights.linear(f"{name}.self_attn.{part}_proj", HIDDEN, outputs, bias=False)
        weights.linear(f"{name}.mlp.gate_proj", HIDDEN, INNER, bias=False)
        weights.linear(f"{name}.mlp.up_proj", HIDDEN, INNER, bias=False)
        weights.linear(f"{name}.mlp.down_proj", INNER, HIDDEN, bias=False)
    weights.add("model.norm.weight", HIDDEN, around=1.0)
    weights.add("lm_head.weight", VOCABULARY, HIDDEN, deviation=3 * HIDDEN**-0.5)
    return weights


def _slopes() -> np.ndarray:
    """Return the slopes of 10 heads: 8 in a geometric series, and 2 between them."""
    return np.array([2.0**-k for k in range(1, 9)] + [2.0**-0.5, 2.0**-1.5])


def _rms(weights: Weights, name: str, x: Tensor) -> Tensor:
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + EPSILON) * weights[f"{name}.weight"]


def _forward(weights: Weights, ids: np.ndarray) -> dict[str, Tensor]:
    x = weights["model.embed_tokens.weight"][torch.from_numpy(ids)]
    place = torch.arange(len(ids), dtype=torch.float64)
    distance = place[:, None] - place
    size = HIDDEN // HEADS
    told: dict[str, Tensor] = {}
    for layer in range(LAYERS):
        name = f"model.layers.{layer}"
        normed = _rms(weights, f"{name}.input_layernorm", x)
        query, key, value = (weights.apply(f"{name}.self_attn.{part}_proj", normed) for part in "qkv")
        attended = []
        for head, slope in enumerate(_slopes()):
            group = head // (HEADS // GROUPS)
            own, shared = (slice(n * size, (n + 1) * size) for n in (head, group))
            scores = query[:, own] @ key[:, shared].T / size**0.5 - slope * distance.clamp(min=0).sqrt()
            scores = scores.masked_fill(distance < 0, -torch.inf)
            attended.append(scores.softmax(-1) @ value[:, shared])
        x = x + weights.apply(f"{name}.self_attn.o_proj", torch.cat(attended, dim=-1))
        normed = _rms(weights, f"{name}.post_attention_layernorm", x)
        gate, up = (weights.apply(f"{name}.mlp.{part}_proj", normed) for part in ("gate", "up"))
        x = x + weights.apply(f"{name}.mlp.down_proj", gate * torch.sigmoid(gate) * up)
        if layer == 0:
            told |= {"first": x, "keys": key}
        told["values"] = value
    told["normed"] = _rms(weights, "model.norm", x)
    told["logits"] = weights.apply("lm_head", told["normed"])
    return told
