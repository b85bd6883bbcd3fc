"""Golden data of the linguistic encoder: SANM in float64, step by step with caches that grow and are cut."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tests.export.reference import sounds
from tests.export.reference.weights import Weights, write_arrays, write_json

WIDTH, HEADS, INNER, BLOCKS, KERNEL, CENTROIDS = 48, 3, 80, 3, 7, 21
CHUNK, OVERLAP, LOOK_BACK = 3, 4, 3
STEP = CHUNK * 960
FEATURES = 560

LEAST_MARGIN = 1e-3
"""By how much the nearest centroid is nearer than the next, in every case."""

TAILS = (
    0,
    1,
    399,
    400,
    879,
    880,
    1039,
    1040,
    1840,
    2799,
    2800,
    2879,
    2880,
    2881,
    3759,
    3760,
    5760,
    7000,
    8640,
)
STATES = (0, 2, 4)


@dataclass
class Run:
    """What one recording becomes."""

    features: list[np.ndarray]
    windows: list[np.ndarray] = field(default_factory=list)
    states: list[dict[str, np.ndarray]] = field(default_factory=list)

    @property
    def encoded(self) -> np.ndarray:
        cut = [w[-len(f) :] for w, f in zip(self.windows, self.features, strict=True)]
        return np.concatenate([np.zeros((0, WIDTH)), *cut])


class Reference:
    """The encoder and its front end."""

    def __init__(self, seed: int) -> None:
        self.weights = _weights(seed)
        generator = np.random.default_rng(seed)
        self.shift = generator.normal(-11, 2, FEATURES).astype(np.float32)
        self.scale = generator.uniform(0.15, 0.3, FEATURES).astype(np.float32)
        self._candidates = generator.normal(0, 1, (50, CENTROIDS, WIDTH)).astype(np.float32)
        self.centroids = self._candidates[0]

    def choose_centroids(self, runs: list[Run]) -> None:
        """Take centroids of which none but one is near any of the encoded frames."""
        encoded = np.concatenate([run.encoded for run in runs])
        for candidate in self._candidates:
            self.centroids = candidate
            if self.margin(encoded) > LEAST_MARGIN:
                return
        raise AssertionError("no centroids are clear enough; take another seed")

    def margin(self, encoded: np.ndarray) -> float:
        distances = np.sort(self._distances(encoded), axis=1)
        return float((distances[:, 1] - distances[:, 0]).min())

    def codes(self, run: Run) -> np.ndarray:
        return self._distances(run.encoded).argmin(axis=1)

    def _distances(self, encoded: np.ndarray) -> np.ndarray:
        return np.linalg.norm(encoded[:, None] - self.centroids, axis=2)

    def run(self, pcm: np.ndarray) -> Run:
        run = Run(self.features(pcm))
        cached = torch.zeros(OVERLAP, FEATURES, dtype=torch.float64)
        keys = [torch.zeros(HEADS, 0, WIDTH // HEADS, dtype=torch.float64)] * BLOCKS
        values = list(keys)
        start = 0
        for features in run.features:
            x = torch.cat((cached, self._placed(torch.from_numpy(features), start)))
            start += len(features)
            cached = x[-OVERLAP:]
            for block in range(BLOCKS):
                x, key, value = self._block(block, x, keys[block], values[block])
                keys[block], values[block] = _kept(keys[block], key), _kept(values[block], value)
            run.windows.append(self.weights.normed("encoder.after_norm", x, 1e-12).numpy())
            state = {"feats": cached.numpy(), "start_idx": np.int32(start)}
            for block in (0, BLOCKS - 1):
                state |= {f"k{block}": keys[block].numpy(), f"v{block}": values[block].numpy()}
            run.states.append(state)
        return run

    def features(self, pcm: np.ndarray) -> list[np.ndarray]:
        """Return the stacked and normalised frames of each step: 7 of every 6, the first one 3 times more."""
        rest = len(pcm) % STEP
        last = int(np.ceil(((rest - 80) // 160 - 1) / 6)) if rest >= 880 else 0
        count = CHUNK * (len(pcm) // STEP) + last
        bank = sounds.fbank(pcm, sounds.HAMMING, 32768)
        stacked = [
            np.concatenate([bank[np.clip(6 * i - 3 + k, 0, len(bank) - 1)] for k in range(7)])
            for i in range(count)
        ]
        normalised = (np.array(stacked).reshape(count, FEATURES) + self.shift) * self.scale
        return [normalised[i : i + CHUNK] for i in range(0, count, CHUNK)]

    def _placed(self, features: Tensor, start: int) -> Tensor:
        position = torch.arange(start + 1, start + 1 + len(features), dtype=torch.float64)[:, None]
        half = FEATURES // 2
        angles = position * torch.exp(torch.arange(half).double() * -np.log(10000) / (half - 1))
        return features * WIDTH**0.5 + torch.cat((angles.sin(), angles.cos()), dim=1)

    def _block(
        self, block: int, x: Tensor, past_keys: Tensor, past_values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        name = "encoder.encoders0.0" if block == 0 else f"encoder.encoders.{block - 1}"
        normed = self.weights.normed(f"{name}.norm1", x, 1e-12)
        query, key, flat = self.weights.apply(f"{name}.self_attn.linear_q_k_v", normed).split(WIDTH, dim=1)
        query, key, value = (part.view(len(x), HEADS, -1).transpose(0, 1) for part in (query, key, flat))
        scores = query @ torch.cat((past_keys, key), dim=1).transpose(1, 2) / (WIDTH / HEADS) ** 0.5
        mixed = (scores.softmax(-1) @ torch.cat((past_values, value), dim=1)).transpose(0, 1)
        kernel = self.weights[f"{name}.self_attn.fsmn_block.weight"]
        left = (KERNEL - 1) // 2
        padded = functional.pad(flat.T, (left, KERNEL - 1 - left))
        memory = functional.conv1d(padded[None], kernel, groups=WIDTH)[0].T + flat
        y = self.weights.apply(f"{name}.self_attn.linear_out", mixed.reshape(len(x), WIDTH)) + memory
        if block:
            y = x + y
        normed = self.weights.normed(f"{name}.norm2", y, 1e-12)
        inner = self.weights.apply(f"{name}.feed_forward.w_1", normed).clamp(min=0)
        return y + self.weights.apply(f"{name}.feed_forward.w_2", inner), key, value


def _kept(past: Tensor, window: Tensor) -> Tensor:
    """Return what the next step sees: the overlap is computed again, and what is too old is forgotten."""
    return torch.cat((past, window[:, :-OVERLAP]), dim=1)[:, -LOOK_BACK * CHUNK :]


def write_linguistic(
    folder: Path, reference: Reference, heard: dict[str, np.ndarray], also: list[Run], seed: int
) -> None:
    """Write everything that is heard of the sounds at 16 kHz; `also` gets codes from the centroids too."""
    folder.mkdir()
    generator = np.random.default_rng(seed)
    runs = {name: reference.run(pcm) for name, pcm in heard.items()}
    signal = sounds.sweep(generator, 16000, max(TAILS)).astype(np.float32)
    tails = [reference.run(signal[:samples].astype(np.float64)) for samples in TAILS]
    reference.choose_centroids([*runs.values(), *tails, *also])
    for name, run in runs.items():
        write_arrays(folder / f"{name}.npz", _case(reference, name, run, len(heard[name]), generator))
    write_arrays(folder / "tail_signal.npz", {"signal": signal})
    cases = [
        {"samples": n, "blocks": n // STEP, "tail": n % STEP, "codes": reference.codes(run).tolist()}
        for n, run in zip(TAILS, tails, strict=True)
    ]
    write_json(folder / "tail_cases.json", {"signal": "tail_signal.npz: signal[:samples]", "cases": cases})
    np.save(folder / "linguistic_tokenizer.npy", reference.centroids)
    reference.weights.save(folder / "model.safetensors")
    _write_normalisation(folder / "am.mvn", reference)
    write_json(folder / "config.json", _config())


def _case(
    reference: Reference, name: str, run: Run, samples: int, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    codes = reference.codes(run).astype(np.int32)
    cuts = np.sort(generator.integers(0, samples, 6))
    bounds = np.concatenate(([0], cuts, [samples]))
    steps = np.append(bounds[1:-1] // STEP, len(run.features)).astype(np.int32)
    ends = np.append(CHUNK * steps[:-1], len(codes))
    arrays = {
        "step_frames": np.array([len(features) for features in run.features], np.int32),
        "enc_out": run.encoded,
        "codes": codes,
        "window_first3": np.stack(run.windows[:3]),
        "packet_bounds": bounds,
        "stream_codes": codes,
        "stream_codes_per_packet": np.diff(ends, prepend=0).astype(np.int32),
        "stream_steps_after_packet": steps,
        "stream_enc_out_equal": np.bool_(True),
    }
    if name in ("speech_a", "synth_d"):
        arrays["feats_online"] = np.concatenate(run.features)
    if name == "speech_a":
        for step in STATES:
            arrays |= {f"state{step}_{key}": value for key, value in run.states[step].items()}
    return arrays


def _weights(seed: int) -> Weights:
    weights = Weights(seed)
    for block in range(BLOCKS):
        name = "encoder.encoders0.0" if block == 0 else f"encoder.encoders.{block - 1}"
        inputs = WIDTH if block else FEATURES
        weights.linear(f"{name}.self_attn.linear_q_k_v", inputs, 3 * WIDTH)
        weights.linear(f"{name}.self_attn.linear_out", WIDTH, WIDTH)
        weights.add(f"{name}.self_attn.fsmn_block.weight", WIDTH, 1, KERNEL)
        weights.linear(f"{name}.feed_forward.w_1", WIDTH, INNER)
        weights.linear(f"{name}.feed_forward.w_2", INNER, WIDTH)
        weights.norm(f"{name}.norm1", inputs)
        weights.norm(f"{name}.norm2", WIDTH)
    weights.norm("encoder.after_norm", WIDTH)
    weights.linear("predictor.cif_output", WIDTH, 1)
    weights.norm("decoder.after_norm", WIDTH)
    return weights


def _write_normalisation(path: Path, reference: Reference) -> None:
    shift, scale = (" ".join(map(repr, map(float, row))) for row in (reference.shift, reference.scale))
    size = f"{FEATURES} {FEATURES}"
    path.write_text(
        f"<Nnet> \n<Splice> {size}\n[ 0 ]\n<AddShift> {size} \n<LearnRateCoef> 0 [ {shift} ]\n"
        f"<Rescale> {size} \n<LearnRateCoef> 0 [ {scale} ]\n</Nnet> \n"
    )


def _config() -> dict[str, object]:
    return {
        "encoder": "SANMEncoderChunkOpt",
        "input_size": FEATURES,
        "output_size": WIDTH,
        "attention_heads": HEADS,
        "linear_units": INNER,
        "num_blocks": BLOCKS,
        "kernel_size": KERNEL,
        "clusters": CENTROIDS,
        "layer_norm_eps": 1e-12,
        "sanm_shfit": 0,
        "normalize_before": True,
        "input_layer": "pe_online",
        "chunk_size": [0, CHUNK, OVERLAP],
        "encoder_chunk_look_back": LOOK_BACK,
        "decoder_chunk_look_back": 1,
        "frontend": {
            "fs": 16000,
            "window": "hamming",
            "n_mels": 80,
            "frame_length_ms": 25,
            "frame_shift_ms": 10,
            "lfr_m": 7,
            "lfr_n": 6,
            "dither": 0.0,
            "sample_scale": 32768,
        },
        "centroids": "linguistic_tokenizer.npy",
    }
