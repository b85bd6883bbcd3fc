"""Golden data of resampling, levels, trimming and voice prompts, and of both tokenizers together."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.export.reference import linguistic, semantic, sounds
from tests.export.reference.weights import write_arrays, write_json

PROMPTS = ("speech_a_native", "synth_d")
EMBEDDING = 48

_RATES = (
    (96000, 16000, 2881),
    (44100, 24000, 1003),
    (16000, 48000, 500),
    (22050, 16000, 1),
    (16000, 16000, 90),
)
"""From, to, and samples."""

Sounds = dict[str, tuple[np.ndarray, int]]


def write_preprocess(folder: Path, heard: Sounds, seed: int) -> None:
    folder.mkdir()
    generator = np.random.default_rng(seed)
    write_json(
        folder / "cases.json",
        {
            "resample": _resample(folder, generator),
            "energy_norm": _energy_norm(folder, generator),
            "trim_silence": _trim(folder, generator),
            "preprocess": _preprocess(folder, heard),
        },
    )


def _resample(folder: Path, generator: np.random.Generator) -> list[dict[str, object]]:
    arrays, cases = {}, []
    for number, (old, new, count) in enumerate(
        (
            (96000, 16000, 2881),
            (44100, 24000, 1003),
            (16000, 48000, 500),
            (22050, 16000, 1),
            (16000, 16000, 90),
        )
    ):
        given = generator.uniform(-0.5, 0.5, count).astype(np.float32)
        made = sounds.resampled(given.astype(np.float64), old, new)
        arrays |= {f"r{number}_in": given, f"r{number}_out": made}
        cases.append({"case": f"r{number}", "orig": old, "new": new, "n_in": count, "n_out": len(made)})
    both = generator.uniform(-0.5, 0.5, (2, 777)).astype(np.float32)
    arrays |= {"stereo_in": both, "stereo_out": sounds.resampled(both.mean(axis=0), 32000, 16000)}
    cases.append({"case": "stereo", "orig": 32000, "new": 16000, "note": "channels averaged first"})
    cases.append({"case": "refused_12000", "orig": 12000, "new": 16000, "error": "AssertionError: rate"})
    cases.append({"case": "none", "orig": 24000, "new": 16000, "n_in": 0, "n_out": None, "error": "empty"})
    write_arrays(folder / "resample.npz", arrays)
    return cases


def _energy_norm(folder: Path, generator: np.random.Generator) -> list[dict[str, object]]:
    given = {
        "loud": generator.normal(0, 2, 321),
        "faint": generator.normal(0, 1e-4, 55),
        "negative": -generator.uniform(0, 1, 40),
        "nothing": np.zeros(9),
    }
    arrays = {}
    for name, pcm in given.items():
        single = pcm.astype(np.float32)
        arrays |= {f"{name}_in": single, f"{name}_out": sounds.levelled(single.astype(np.float64))}
    write_arrays(folder / "energy_norm.npz", arrays)
    nan = {"case": "nan", "input": ["nan", 0.3], "output": ["nan", "nan"], "error": None}
    return [*({"case": name} for name in given), {"case": "empty", "error": "RuntimeError: max()"}, nan]


def _trim(folder: Path, generator: np.random.Generator) -> list[dict[str, object]]:
    def tone(before: int, count: int, after: int) -> np.ndarray:
        heard = 0.4 * np.sin(0.07 * np.arange(count))
        return np.concatenate((np.zeros(before), heard, np.zeros(after)))

    given = {
        "middle": tone(4000, 5000, 6000),
        "at_once": tone(0, 3001, 2000),
        "soon": tone(300, 2500, 0),
        "never": np.zeros(1234),
        "click": np.eye(1, 3000, 1500)[0],
        "one": np.ones(1),
        "none": np.zeros(0),
        "noise": generator.normal(0, 0.01, 2222),
    }
    arrays, cases = {}, []
    for name, pcm in given.items():
        single = pcm.astype(np.float32)
        made = sounds.trimmed(single.astype(np.float64))
        arrays |= {f"{name}_in": single, f"{name}_out": made}
        spanned = list(sounds.span(single.astype(np.float64)))
        cases.append({"case": name, "librosa_index": spanned, "error": None, "n_out": len(made)})
    write_arrays(folder / "trim_silence.npz", arrays)
    return cases


def _preprocess(folder: Path, heard: Sounds) -> list[dict[str, object]]:
    arrays, cases = {}, []
    for prefix, name in (("native", "speech_a_native"), ("b", "speech_b")):
        pcm = at_16_khz(heard, name)
        arrays[f"{prefix}_trim0_norm1"] = sounds.levelled(pcm)
        arrays[f"{prefix}_trim1_norm1"] = sounds.trimmed(sounds.levelled(pcm))
        keys = f"{prefix}_trim{{0,1}}_norm1: preprocess_wav(enable_trim=0/1, energy_norm=True)"
        cases.append({"wav": f"{name}.wav", "sample_rate": heard[name][1], "keys": keys})
    write_arrays(folder / "preprocess.npz", arrays)
    return cases


def at_16_khz(heard: Sounds, name: str) -> np.ndarray:
    pcm, rate = heard[name]
    return sounds.resampled(pcm, rate, 16000)


class Both:
    """What both tokenizers make of recordings, with and without silence."""

    def __init__(self, heard: Sounds, first: linguistic.Reference, then: semantic.Reference) -> None:
        self._then, self._first, self._sounds = then, first, heard
        self._pcm = {}
        for name in {*PROMPTS, "speech_b"}:
            whole = sounds.levelled(at_16_khz(heard, name))
            self._pcm |= {(name, False): whole, (name, True): sounds.trimmed(whole)}
        self.runs = {key: first.run(pcm) for key, pcm in self._pcm.items()}

    def cases(self) -> list[dict[str, object]]:
        return [self.case(name, trim) for name, trim in sorted(self._pcm)]

    def case(self, name: str, trim: bool) -> dict[str, object]:
        run = self.runs[name, trim]
        vq02 = self._first.codes(run).tolist()
        vq06, margin = self._then.codes(self._pcm[name, trim])
        ids: list[int] = []
        for group in range(min(len(vq02) // 2, len(vq06) // 3)):
            ids += [65536 + code for code in vq02[2 * group : 2 * group + 2]]
            ids += [66560 + code for code in vq06[3 * group : 3 * group + 3]]
        return {
            "wav": f"{name}.wav",
            "sample_rate": self._sounds[name][1],
            "enable_trim": trim,
            "energy_norm": True,
            "ids": ids,
            "vq02": vq02,
            "vq06": vq06,
            "string": "".join(f"<audio_{number - 65536}>" for number in ids),
            "min_margin_vq02": self._first.margin(run.encoded),
            "min_margin_vq06": margin,
        }


def write_features(folder: Path, heard: Sounds, both: Both, seed: int) -> None:
    folder.mkdir()
    speaker = _write_speaker(folder / "campplus.onnx", np.random.default_rng(seed))
    arrays, prompts = {}, {}
    for name in PROMPTS:
        pcm, rate = heard[name]
        low, high = sounds.resampled(pcm, rate, 16000), sounds.resampled(pcm, rate, 22050)
        mel, bank = sounds.prompt_mel(high, 22050), sounds.fbank(low, sounds.POVEY, 1.0)
        normalised = (bank - bank.mean(axis=0)).astype(np.float32)
        ids = np.array(both.case(name, True)["ids"])
        arrays |= {
            f"{name}_prompt_mel": mel,
            f"{name}_fbank_mean_normalised": normalised,
            f"{name}_embedding": speaker(normalised.astype(np.float64)),
            f"{name}_prompt_code": ids,
            f"{name}_prompt_token": ids - 65536,
            f"{name}_wav22k_first2000": high[:2000],
            f"{name}_wav16k_first2000": low[:2000],
            f"{name}_fbank_raw_first20": bank[:20],
        }
        prompts[name] = {"sample_rate": rate, "samples": len(pcm), "mel_frames": len(mel)}
    write_arrays(folder / "prompt.npz", arrays)
    write_json(folder / "e2e_tokenizer.json", {"cases": both.cases()})
    mel_of = {"n_fft": 1024, "num_mels": 80, "sampling_rate": 22050, "hop_size": 256, "win_size": 1024}
    fbank_of = {"num_mel_bins": 80, "dither": 0, "sample_frequency": 16000, "window": "povey"}
    write_json(
        folder / "cases.json",
        {
            "mel": mel_of | {"fmin": 0, "fmax": 8000, "center": False},
            "fbank": fbank_of | {"sample_scale": 1},
            "prompts": prompts,
        },
    )


def _write_speaker(path: Path, generator: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    """Write a speaker model under names that the release hasn't; returns it as a function."""
    weight = generator.normal(0, 0.1, (80, EMBEDDING)).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["bands", "weight"], ["mixed"]),
        helper.make_node("Sigmoid", ["mixed"], ["squashed"]),
        helper.make_node("ReduceMean", ["squashed"], ["who"], axes=[1], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "another_speaker_model",
        [helper.make_tensor_value_info("bands", TensorProto.FLOAT, [1, "frames", 80])],
        [helper.make_tensor_value_info("who", TensorProto.FLOAT, [1, EMBEDDING])],
        [numpy_helper.from_array(weight, "weight")],
    )
    opset = helper.make_opsetid("", 16)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)
    return lambda features: (1 / (1 + np.exp(-features @ weight))).mean(axis=0)
