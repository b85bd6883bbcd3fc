"""The flow model of a released decoder as the folder that the runtime loads."""

from pathlib import Path

import numpy as np
import torch
from torch.export import Dim

from edge_audio.step_audio.decoder.flow import COMPONENT, ENCODER, ESTIMATOR, FlowDecoder, FlowSettings
from edge_audio.step_audio.voice_prompt import VoicePrompt
from export.check import max_abs_error
from export.checkpoint import open_tensors
from export.cosyvoice_yaml import FILE
from export.flow.config import FlowConfig, released_config
from export.flow.flow import Flow, FlowEncoder, load_flow
from export.flow.module_graph import ModuleGraph
from export.graph import OPSET, export_graph
from export.precision import Precision
from export.progress import Progress
from export.quantise import quantise_products
from export.record import write_record
from export.storage import STORED, store
from runtime.atomic import atomic_folder

MODEL = "flow.pt"
"""Name of the weights in a released decoder folder."""

PRECISIONS = (Precision.FP32, *STORED, Precision.INT8)
"""int8 is the estimator's, where all the time goes. Its float16 gave NaN elsewhere (CosyVoice #1113)."""

_EXAMPLE_CODES, _EXAMPLE_FRAMES = 11, 23
"""Lengths to trace with; every other length works too."""

_PARITY_CODES, _PARITY_PROMPT_CODES, _PARITY_PROMPT_FRAMES = 15, 8, 17
_SEED = 20250217


def export_flow(decoder: Path, output: Path, precision: Precision, progress: Progress) -> None:
    """Export the flow model of the released folder `decoder` into the folder `output`.

    Raises `UserError` for a release that is not whole, and leaves `output` as it was then.
    """
    precision.among(PRECISIONS, COMPONENT)
    progress(f"{output.name}: reading", 0, 4)
    config = released_config(decoder)
    flow = load_flow(open_tensors(decoder / MODEL), config)
    settings = flow_settings(flow, config)
    with atomic_folder(output) as folder:
        write_encoder(flow, folder / ENCODER)
        progress(f"{output.name}: writing the estimator", 1, 4)
        write_estimator(flow, folder / ESTIMATOR)
        if precision is Precision.INT8:
            progress(f"{output.name}: rounding the estimator", 2, 4)
            quantise_products(folder / ESTIMATOR)
        for graph in (ENCODER, ESTIMATOR):
            store(folder / graph, precision)
        progress(f"{output.name}: comparing", 3, 4)
        parity = _parity(module_decoder(flow, settings), FlowDecoder.of_files(folder, settings))
        write_record(
            folder,
            component=COMPONENT,
            precision=precision,
            opset=OPSET,
            sources={name: decoder / name for name in (MODEL, FILE)},
            settings=settings,
            parity=parity,
        )
    progress(output.name, 4, 4)


def flow_settings(flow: Flow, config: FlowConfig) -> FlowSettings:
    """Return what the runtime must know of `flow`."""
    return FlowSettings(
        vocabulary=flow.sizes.vocabulary,
        bands=flow.sizes.bands,
        embedding=flow.sizes.embedding,
        codes_per_second=config.codes_per_second,
        sample_rate_hz=config.sample_rate_hz,
        hop_samples=config.hop_samples,
        guidance=config.guidance,
        steps=config.steps,
    )


def module_decoder(flow: Flow, settings: FlowSettings) -> FlowDecoder:
    """Return the runtime's decoder with the PyTorch modules in the place of the graphs."""
    return FlowDecoder(settings, ModuleGraph(FlowEncoder(flow)), ModuleGraph(flow.decoder.estimator))


def write_encoder(flow: Flow, path: Path) -> None:
    """Write the graph of what is computed once for a stretch of codes."""
    inputs = {
        "codes": torch.zeros(_EXAMPLE_CODES, dtype=torch.int64),
        "positions": torch.zeros(_EXAMPLE_FRAMES),
        "embedding": torch.ones(flow.sizes.embedding),
    }
    lengths = {"codes": {0: Dim("codes")}, "positions": {0: Dim("frames")}}
    export_graph(FlowEncoder(flow), inputs, ("mu", "spks"), path, lengths)


def write_estimator(flow: Flow, path: Path) -> None:
    """Write the graph of one step, with the inputs of CosyVoice's own export but for its mask of ones."""
    shape = (2, flow.sizes.bands, _EXAMPLE_FRAMES)
    # One tensor for several inputs would be traced as one input.
    inputs = {
        "x": torch.zeros(shape),
        "mu": torch.zeros(shape),
        "t": torch.zeros(2),
        "spks": torch.zeros(shape[:2]),
        "cond": torch.zeros(shape),
    }
    length = {2: Dim("frames")}
    lengths = {"x": length, "mu": length, "cond": length}
    export_graph(flow.decoder.estimator, inputs, ("estimator_out",), path, lengths)


def _parity(module: FlowDecoder, graph: FlowDecoder) -> dict[str, float]:
    """Run both on the same random codes, prompt and noise, and compare their mels."""
    settings, generator = module.settings, np.random.default_rng(_SEED)
    prompt = VoicePrompt(
        codes=generator.integers(settings.vocabulary, size=_PARITY_PROMPT_CODES),
        mel=generator.standard_normal((_PARITY_PROMPT_FRAMES, settings.bands), np.float32),
        embedding=generator.standard_normal(settings.embedding, np.float32),
    )
    codes = generator.integers(settings.vocabulary, size=_PARITY_CODES)
    frames = _PARITY_PROMPT_FRAMES + settings.frames_of(_PARITY_CODES)
    noise = generator.standard_normal((settings.bands, frames), np.float32)
    ours, theirs = graph.mel(codes, prompt, noise), module.mel(codes, prompt, noise)
    return {
        "mel_max_abs_error": max_abs_error(ours, theirs),
        "mel_mean_abs_error": float(np.mean(np.abs(ours - theirs))),
        "mel_rms": float(np.sqrt(np.mean(np.square(theirs)))),
    }
