"""The vocoder against golden data: every step of the module, and the graphs where they begin and end."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from edge_audio.step_audio.decoder.hift import COMPONENT, HiftVocoder
from edge_audio.step_audio.decoder.source import HarmonicSource
from export.check import Check, compare, counted
from export.checkpoint import open_tensors
from export.graph import export_graph
from export.hift.config import HiftConfig
from export.hift.export import write_hift
from export.hift.generator import HiftGenerator, load_generator
from export.progress import silent
from runtime.errors import UserError
from runtime.session import OnnxSession

FOLDER = "hift"
"""Name of the folder in the golden data."""

_F0_HZ = 5e-3
_SOURCE = 5e-4
_GIVEN_SOURCE = 1e-4
_MEAN, _MAX = 1e-4, 1e-2
"""Tolerances as the README of the golden data suggests them; end to end, phase errors add up over time."""

_PIECE_FRAMES = 7
"""Frames that a session is fed at a time."""

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class GivenNoise:
    """The noise of the golden data, in the place of a seed's."""

    phase: NDArray[np.float32]
    samples: NDArray[np.float32]

    def between(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return the noise of these samples, shape (harmonics, stop - start)."""
        return self.samples[:, start:stop]


def checks(golden: Path, work: Path) -> Iterator[Check]:
    """Compare with everything in `golden`/hift; graphs are written into `work`."""
    folder = golden / FOLDER
    weights = folder / "hift.safetensors"
    generator = load_generator(_config(folder / "config.json"), open_tensors(weights))
    write_hift(generator, {weights.name: weights}, work / COMPONENT, silent)
    vocoder = HiftVocoder.load(work / COMPONENT)
    arrays, extras = _arrays(folder / "golden.npz"), _arrays(folder / "extras.npz")
    with torch.inference_mode():
        yield from _module_checks(generator, {name: torch.from_numpy(each) for name, each in arrays.items()})
        yield from _extra_module_checks(generator, arrays, extras)
    yield from _graph_checks(vocoder, arrays, extras)
    yield from _inverse_spectrum_graph_checks(generator, extras, work)


def _module_checks(generator: HiftGenerator, golden: Mapping[str, torch.Tensor]) -> Iterator[Check]:
    mel, phase, noise, source = (golden[name] for name in ("mel", "phase", "noise", "source"))
    f0 = generator.f0_predictor(mel)
    yield _torch("f0", f0, golden["f0"], _F0_HZ)
    harmonics = generator.m_source.harmonics(golden["f0"], phase, noise)
    if (first := counted(golden, "sine_plus_noise_first")) is not None:
        yield _torch("harmonics", harmonics[..., : first.shape[-1]], first, _SOURCE)
    yield _torch("source", generator.m_source(golden["f0"], phase, noise), source, _SOURCE)
    spectrum = generator.spectrum(source)
    yield _torch("s_stft", spectrum, golden["s_stft"], _GIVEN_SOURCE)
    x = generator.conv_pre(mel)
    yield _torch("conv_pre", x, golden["conv_pre"], _GIVEN_SOURCE)
    for stage in range(len(generator.ups)):
        branch = generator.source_branch(stage, spectrum)
        name = f"source_branch{stage}"
        yield _torch(name, branch, golden[name], _GIVEN_SOURCE)
        x = generator.stage(stage, x, branch)
    frames = generator.spectral_frames(x)
    yield _torch("conv_post", frames, golden["conv_post"], _GIVEN_SOURCE)
    yield _torch("wav given source", generator.wav(frames), golden["wav"], _GIVEN_SOURCE)
    wav = generator(mel, generator.m_source(f0, phase, noise))
    yield from _end_to_end("wav end to end", "torch", wav.numpy(), golden["wav"].numpy())


def _extra_module_checks(generator: HiftGenerator, golden: Arrays, extras: Arrays) -> Iterator[Check]:
    source = torch.from_numpy(_with_head(golden["source"], extras["cache_source"]))
    wav = generator(torch.from_numpy(golden["mel"]), source)
    yield compare(
        COMPONENT, "source with cache_source", "torch", source, extras["source_with_cache_source"], 0.0
    )
    yield compare(
        COMPONENT, "wav with cache_source", "torch", wav, extras["wav_with_cache_source"], _GIVEN_SOURCE
    )
    istft = generator.inverse_spectrum(*_inverse_inputs(extras).values()).squeeze(1)
    yield compare(COMPONENT, "istft", "torch", istft, extras["istft_out"], _GIVEN_SOURCE)


def _graph_checks(vocoder: HiftVocoder, golden: Arrays, extras: Arrays) -> Iterator[Check]:
    mel, wav, source = golden["mel"][0], golden["wav"][0], golden["source"][0, 0]
    noise = GivenNoise(golden["phase"][0, :, 0], golden["noise"][0])
    yield compare(COMPONENT, "f0", "onnx", vocoder.f0(mel), golden["f0"][0], _F0_HZ)
    ours = HarmonicSource(vocoder.settings.source, noise).samples(golden["f0"][0])
    yield compare(COMPONENT, "source", "numpy", ours, source, _SOURCE)
    yield compare(COMPONENT, "wav given source", "onnx", vocoder.filtered(mel, source), wav, _GIVEN_SOURCE)
    cached = _with_head(source, extras["cache_source"][0, 0])
    expected = extras["wav_with_cache_source"][0]
    yield compare(
        COMPONENT, "wav with cache_source", "onnx", vocoder.filtered(mel, cached), expected, _GIVEN_SOURCE
    )
    yield from _end_to_end("wav end to end", "onnx", vocoder.wav(mel, noise), wav)
    session = vocoder.session_with(noise)
    starts = range(0, mel.shape[1], _PIECE_FRAMES)
    pieces = [session.feed(mel[:, start : start + _PIECE_FRAMES]) for start in starts]
    yield from _end_to_end("wav streamed", "onnx", np.concatenate([*pieces, session.finish()]), wav)


def _inverse_spectrum_graph_checks(generator: HiftGenerator, extras: Arrays, work: Path) -> Iterator[Check]:
    path = work / "inverse_spectrum.onnx"
    inputs = _inverse_inputs(extras)
    export_graph(generator.inverse_spectrum, inputs, ["wav"], path)
    (istft,) = OnnxSession(path).run({name: value.numpy() for name, value in inputs.items()})
    yield compare(COMPONENT, "istft", "onnx", istft[:, 0], extras["istft_out"], _GIVEN_SOURCE)


def _inverse_inputs(extras: Arrays) -> dict[str, torch.Tensor]:
    with np.errstate(divide="ignore"):
        log_magnitude = np.log(extras["istft_magnitude"])
    return {
        "log_magnitude": torch.from_numpy(log_magnitude),
        "phase": torch.from_numpy(extras["istft_phase"]),
    }


def _end_to_end(
    case: str, by: str, actual: NDArray[np.float32], golden: NDArray[np.float32]
) -> Iterator[Check]:
    """Compare by the largest and by the mean difference."""
    yield compare(COMPONENT, case, by, actual, golden, _MAX)
    mean = float(np.mean(np.abs(actual - golden))) if actual.shape == golden.shape else float("inf")
    yield Check(COMPONENT, f"{case} (mean)", by, mean, _MEAN)


def _torch(case: str, actual: torch.Tensor, golden: torch.Tensor, tolerance: float) -> Check:
    return compare(COMPONENT, case, "torch", actual, golden, tolerance)


def _with_head(source: NDArray[np.float32], head: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `source` with its first samples replaced by `head`: the reference's `cache_source`."""
    return np.concatenate([head, source[..., head.shape[-1] :]], axis=-1)


def _config(path: Path) -> HiftConfig:
    try:
        return msgspec.convert(json.loads(path.read_bytes()), HiftConfig)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: {error}.", "Name a folder of golden data.") from error


def _arrays(path: Path) -> Arrays:
    try:
        return dict(np.load(path, allow_pickle=False))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} can't be read ({error}).", "Name a folder of golden data.") from error
