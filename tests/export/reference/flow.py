"""Golden data of the flow model: its equations in float64, with PyTorch's functions, not its modules."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tests.export.reference.weights import Weights, write_arrays, write_json

VOCABULARY, INPUTS, WIDTH, HEADS, INNER, LAYERS = 211, 24, 32, 2, 48, 1
BANDS, EMBEDDING, SMOOTHINGS, REGULATOR_GROUPS = 20, 40, 3, 2
CHANNELS, ESTIMATOR_HEADS, HEAD_SIZE, TRANSFORMERS, MIDDLE = (24, 32), 3, 8, 1, 1
CODES_PER_SECOND, STEPS, GUIDANCE = 50, 8, 0.4
CODES, PROMPT_CODES, PROMPT_FRAMES, ALONE = 43, 14, 28, 10

WATCHED = 4
"""A step of which input and output are kept, beside the first."""

Told = dict[str, Tensor]


def write_flow(folder: Path, seed: int) -> None:
    folder.mkdir()
    model = Model(seed)
    frames = int(CODES / CODES_PER_SECOND * 22050 / 256)
    generator = torch.Generator().manual_seed(seed + 1)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).double()

    token = torch.randint(VOCABULARY, (1, CODES), generator=generator)
    token[0, 5] = -1
    main = {
        "token": token,
        "prompt_token": torch.randint(VOCABULARY, (1, PROMPT_CODES), generator=generator),
        "prompt_feat": normal(1, PROMPT_FRAMES, BANDS),
        "embedding": normal(1, EMBEDDING),
        "z": normal(1, BANDS, PROMPT_FRAMES + frames),
    }
    write_arrays(folder / "golden.npz", main | model.told(main))
    alone = {
        "token": torch.randint(VOCABULARY, (1, ALONE), generator=generator),
        "z": normal(1, BANDS, int(ALONE / CODES_PER_SECOND * 22050 / 256)),
    }
    nothing = {
        "prompt_token": torch.zeros(1, 0, dtype=torch.int64),
        "prompt_feat": torch.zeros(1, 0, BANDS),
        "embedding": main["embedding"],
    }
    told = model.told(alone | nothing)
    write_arrays(folder / "no_prompt.npz", alone | {name: told[name] for name in ("mu", "mel")})
    write_arrays(folder / "bf16_reference.npz", {"mel_bf16": told["mel"]})
    model.weights.save(folder / "flow.safetensors")
    write_json(folder / "config.json", _config(frames))


class Model:
    """The reference, with random weights."""

    def __init__(self, seed: int) -> None:
        self.weights = _weights(seed)

    def told(self, given: Told) -> Told:
        """Return everything on the way from codes to mel."""
        w, prompted = self.weights, given["prompt_feat"].shape[1]
        noise = given["z"].double()
        codes = torch.cat((given["prompt_token"], given["token"]), dim=1)[0].clamp(min=0)
        told = {"encoder_in": w["input_embedding.weight"][codes]}
        told["encoder_out"] = self._encoded(told["encoder_in"])
        told["encoder_proj"] = w.apply("encoder_proj", told["encoder_out"])
        told["mu"] = self._regulated(
            told["encoder_proj"], given["prompt_token"].shape[1], prompted, noise.shape[2]
        )
        embedding = given["embedding"].double()
        speaker = w.apply("spk_embed_affine_layer", embedding / embedding.norm())
        known = torch.zeros_like(noise)
        known[:, :, :prompted] = given["prompt_feat"].double().transpose(1, 2)
        mu, spks, cond = (torch.cat((x, 0 * x)) for x in (told["mu"][None], speaker, known))
        grid = [1 - np.cos(np.pi / 2 * step / STEPS) for step in range(STEPS + 1)]
        x, kept = noise, []
        for step, (time, following) in enumerate(pairwise(grid)):
            t = torch.full((2,), time, dtype=torch.float64)
            out = self._velocity(torch.cat((x, x)), mu, t, spks, cond)
            if step == 0:
                mask = torch.ones(2, 1, noise.shape[2])
                calls = {"x": torch.cat((x, x)), "mask": mask, "mu": mu, "spks": spks, "cond": cond}
                told |= {f"est0_{name}": value for name, value in calls.items()}
            if step in (0, WATCHED):
                told |= {f"est{step}_t": t, f"est{step}_out": out}
            kept.append(x[0])
            x = x + (following - time) * ((1 + GUIDANCE) * out[:1] - GUIDANCE * out[1:])
        told["t_per_step"] = torch.tensor(grid[:-1])
        told[f"x_at_steps_1_{STEPS - 1}"] = torch.stack((kept[1], kept[-1]))
        told["mel"] = x[0, :, prompted:]
        return told

    def _encoded(self, x: Tensor) -> Tensor:
        w = self.weights
        x = w.normed("encoder.embed.out.1", w.apply("encoder.embed.out.0", x), 1e-5) * WIDTH**0.5
        count, size = len(x), WIDTH // HEADS
        distance = torch.arange(count)[:, None] - torch.arange(count)
        rates = 10000 ** (-torch.arange(0, WIDTH, 2).double() / WIDTH)
        angles = distance[:, :, None] * rates
        place = torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(2)
        for layer in range(LAYERS):
            name = f"encoder.encoders.{layer}"
            normed = w.normed(f"{name}.norm_mha", x, 1e-12)
            query, key, value = (w.apply(f"{name}.self_attn.linear_{part}", normed) for part in "qkv")
            placed = w.apply(f"{name}.self_attn.linear_pos", place)
            mixed = []
            for head in range(HEADS):
                own = slice(head * size, (head + 1) * size)
                content = (query[:, own] + w[f"{name}.self_attn.pos_bias_u"][head]) @ key[:, own].T
                by_place = query[:, own] + w[f"{name}.self_attn.pos_bias_v"][head]
                scores = content + torch.einsum("id,ijd->ij", by_place, placed[:, :, own])
                mixed.append((scores / size**0.5).softmax(-1) @ value[:, own])
            x = x + w.apply(f"{name}.self_attn.linear_out", torch.cat(mixed, dim=1))
            inner = w.apply(f"{name}.feed_forward.w_1", w.normed(f"{name}.norm_ff", x, 1e-12))
            x = x + w.apply(f"{name}.feed_forward.w_2", functional.silu(inner))
        return w.normed("encoder.after_norm", x, 1e-5)

    def _regulated(self, x: Tensor, prompt: int, prompted: int, frames: int) -> Tensor:
        parts = ((x[:prompt], prompted), (x[prompt:], frames - prompted))
        y = torch.cat(
            [functional.interpolate(part.T[None], size, mode="linear") for part, size in parts if size], dim=2
        )
        for layer in range(SMOOTHINGS):
            y = self._conv(f"length_regulator.model.{3 * layer}", y, padding=1)
            norm = f"length_regulator.model.{3 * layer + 1}"
            y = functional.mish(self._group_norm(norm, y, REGULATOR_GROUPS))
        return self._conv(f"length_regulator.model.{3 * SMOOTHINGS}", y)[0]

    def _velocity(self, x: Tensor, mu: Tensor, t: Tensor, spks: Tensor, cond: Tensor) -> Tensor:
        half = 2 * BANDS
        angles = 1000 * t[:, None] * torch.exp(torch.arange(half).double() * -np.log(10000) / (half - 1))
        time = torch.cat((angles.sin(), angles.cos()), dim=1)
        name = "decoder.estimator"
        time = functional.silu(self.weights.apply(f"{name}.time_mlp.linear_1", time))
        time = self.weights.apply(f"{name}.time_mlp.linear_2", time)
        x = torch.cat((x, mu, spks[:, :, None].expand_as(mu), cond), dim=1)
        levels, kept = len(CHANNELS), []
        for i in range(levels):
            x = self._level(f"{name}.down_blocks.{i}", x, time)
            kept.append(x)
            last = i == levels - 1
            part = f"{name}.down_blocks.{i}.2" + ("" if last else ".conv")
            x = self._conv(part, x, padding=1, stride=1 if last else 2)
        for i in range(MIDDLE):
            x = self._level(f"{name}.mid_blocks.{i}", x, time)
        for i in range(levels):
            skipped = kept.pop()
            x = torch.cat((x[:, :, : skipped.shape[2]], skipped), dim=1)
            x = self._level(f"{name}.up_blocks.{i}", x, time)
            if i == levels - 1:
                x = self._conv(f"{name}.up_blocks.{i}.2", x, padding=1)
            else:
                part = f"{name}.up_blocks.{i}.2.conv"
                kernel, bias = self.weights[f"{part}.weight"], self.weights[f"{part}.bias"]
                x = functional.conv_transpose1d(x, kernel, bias, stride=2, padding=1)
        return self._conv(f"{name}.final_proj", self._block(f"{name}.final_block", x))

    def _level(self, name: str, x: Tensor, time: Tensor) -> Tensor:
        inner = self._block(f"{name}.0.block1", x)
        inner = inner + self.weights.apply(f"{name}.0.mlp.1", functional.mish(time))[:, :, None]
        x = self._block(f"{name}.0.block2", inner) + self._conv(f"{name}.0.res_conv", x)
        x = x.transpose(1, 2)
        for number in range(TRANSFORMERS):
            x = self._transformer(f"{name}.1.{number}", x)
        return x.transpose(1, 2)

    def _transformer(self, name: str, x: Tensor) -> Tensor:
        w = self.weights
        normed = w.normed(f"{name}.norm1", x, 1e-5)
        query, key, value = (w.apply(f"{name}.attn1.to_{part}", normed) for part in "qkv")
        mixed = [
            functional.scaled_dot_product_attention(*heads)
            for heads in zip(*(y.split(HEAD_SIZE, dim=2) for y in (query, key, value)), strict=True)
        ]
        x = x + w.apply(f"{name}.attn1.to_out.0", torch.cat(mixed, dim=2))
        inner = functional.gelu(w.apply(f"{name}.ff.net.0.proj", w.normed(f"{name}.norm3", x, 1e-5)))
        return x + w.apply(f"{name}.ff.net.2", inner)

    def _block(self, name: str, x: Tensor) -> Tensor:
        x = self._group_norm(f"{name}.block.1", self._conv(f"{name}.block.0", x, padding=1), 8)
        return functional.mish(x)

    def _conv(self, name: str, x: Tensor, padding: int = 0, stride: int = 1) -> Tensor:
        kernel, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return functional.conv1d(x, kernel, bias, stride=stride, padding=padding)

    def _group_norm(self, name: str, x: Tensor, groups: int) -> Tensor:
        return functional.group_norm(x, groups, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])


def _weights(seed: int) -> Weights:
    w = Weights(seed)
    w.add("input_embedding.weight", VOCABULARY, INPUTS, deviation=1.0)
    w.linear("spk_embed_affine_layer", EMBEDDING, BANDS)
    w.linear("encoder.embed.out.0", INPUTS, WIDTH)
    w.norm("encoder.embed.out.1", WIDTH)
    for layer in range(LAYERS):
        name = f"encoder.encoders.{layer}"
        for part in ("q", "k", "v", "out", "pos"):
            w.linear(f"{name}.self_attn.linear_{part}", WIDTH, WIDTH, bias=part != "pos")
        for part in "uv":
            w.add(f"{name}.self_attn.pos_bias_{part}", HEADS, WIDTH // HEADS)
        w.linear(f"{name}.feed_forward.w_1", WIDTH, INNER)
        w.linear(f"{name}.feed_forward.w_2", INNER, WIDTH)
        w.norm(f"{name}.norm_mha", WIDTH)
        w.norm(f"{name}.norm_ff", WIDTH)
    w.norm("encoder.after_norm", WIDTH)
    w.linear("encoder_proj", WIDTH, BANDS)
    for layer in range(SMOOTHINGS):
        w.conv(f"length_regulator.model.{3 * layer}", BANDS, BANDS, 3)
        w.norm(f"length_regulator.model.{3 * layer + 1}", BANDS)
    w.conv(f"length_regulator.model.{3 * SMOOTHINGS}", BANDS, BANDS, 1)
    _add_estimator(w)
    return w


def _add_estimator(w: Weights) -> None:
    name, last = "decoder.estimator", CHANNELS[-1]
    w.linear(f"{name}.time_mlp.linear_1", 4 * BANDS, 4 * CHANNELS[0])
    w.linear(f"{name}.time_mlp.linear_2", 4 * CHANNELS[0], 4 * CHANNELS[0])
    _add_level(w, f"{name}.down_blocks.0", 4 * BANDS, CHANNELS[0])
    w.conv(f"{name}.down_blocks.0.2.conv", CHANNELS[0], CHANNELS[0], 3)
    _add_level(w, f"{name}.down_blocks.1", CHANNELS[0], last)
    w.conv(f"{name}.down_blocks.1.2", last, last, 3)
    for i in range(MIDDLE):
        _add_level(w, f"{name}.mid_blocks.{i}", last, last)
    _add_level(w, f"{name}.up_blocks.0", 2 * last, CHANNELS[0])
    w.conv(f"{name}.up_blocks.0.2.conv", CHANNELS[0], CHANNELS[0], 4)
    _add_level(w, f"{name}.up_blocks.1", 2 * CHANNELS[0], CHANNELS[0])
    w.conv(f"{name}.up_blocks.1.2", CHANNELS[0], CHANNELS[0], 3)
    _add_block(w, f"{name}.final_block", CHANNELS[0], CHANNELS[0])
    w.conv(f"{name}.final_proj", CHANNELS[0], BANDS, 1)


def _add_level(w: Weights, name: str, inputs: int, width: int) -> None:
    w.linear(f"{name}.0.mlp.1", 4 * CHANNELS[0], width)
    _add_block(w, f"{name}.0.block1", inputs, width)
    _add_block(w, f"{name}.0.block2", width, width)
    w.conv(f"{name}.0.res_conv", inputs, width, 1)
    inner = ESTIMATOR_HEADS * HEAD_SIZE
    for number in range(TRANSFORMERS):
        part = f"{name}.1.{number}"
        w.norm(f"{part}.norm1", width)
        for projection in "qkv":
            w.linear(f"{part}.attn1.to_{projection}", width, inner, bias=False)
        w.linear(f"{part}.attn1.to_out.0", inner, width)
        w.norm(f"{part}.norm3", width)
        w.linear(f"{part}.ff.net.0.proj", width, 4 * width)
        w.linear(f"{part}.ff.net.2", 4 * width, width)


def _add_block(w: Weights, name: str, inputs: int, outputs: int) -> None:
    w.conv(f"{name}.block.0", inputs, outputs, 3)
    w.norm(f"{name}.block.1", outputs)


def _config(frames: int) -> dict[str, object]:
    return {
        "vocab_size": VOCABULARY,
        "input_size": INPUTS,
        "spk_embed_dim": EMBEDDING,
        "output_size": BANDS,
        "input_frame_rate": CODES_PER_SECOND,
        "encoder": {
            "input_size": INPUTS,
            "output_size": WIDTH,
            "attention_heads": HEADS,
            "linear_units": INNER,
            "num_blocks": LAYERS,
        },
        "decoder": {
            "channels": CHANNELS,
            "dropout": 0.0,
            "attention_head_dim": HEAD_SIZE,
            "n_blocks": TRANSFORMERS,
            "num_mid_blocks": MIDDLE,
            "num_heads": ESTIMATOR_HEADS,
            "act_fn": "gelu",
        },
        "cfm": {
            "sigma_min": 1e-06,
            "solver": "euler",
            "t_scheduler": "cosine",
            "training_cfg_rate": 0.2,
            "inference_cfg_rate": GUIDANCE,
            "reg_loss_type": "l1",
        },
        "n_timesteps": STEPS,
        "tokens": CODES,
        "prompt_tokens": PROMPT_CODES,
        "prompt_frames": PROMPT_FRAMES,
        "encoder_fixed": {"activation": "swish", "static_chunk_size": 0, "use_dynamic_chunk": False},
        "length_regulator": {
            "channels": BANDS,
            "sampling_ratios": [1] * SMOOTHINGS,
            "groups": REGULATOR_GROUPS,
        },
        "estimator": {"in_channels": 4 * BANDS, "out_channels": BANDS},
        "mel_feat_conf": {"sampling_rate": 22050, "hop_size": 256},
        "mel_len1": PROMPT_FRAMES,
        "mel_len2": frames,
    }
