"""The vocoder of a release as the folder that the runtime loads."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from edge_audio.step_audio.decoder.hift import (
    COMPONENT,
    F0_GRAPH,
    HiftSettings,
    HiftVocoder,
    StageSettings,
)
from edge_audio.step_audio.decoder.source import HarmonicSource, SeededSourceNoise, SourceSettings
from export.check import max_abs_error
from export.checkpoint import open_tensors
from export.cosyvoice_yaml import FILE
from export.graph import OPSET
from export.hift.config import read_hift_config
from export.hift.context import f0_context, stage_context
from export.hift.generator import HiftGenerator, load_generator
from export.hift.graphs import write_f0_graph, write_stage_graph
from export.precision import Precision
from export.progress import Progress
from export.record import write_record
from export.storage import STORED, store
from runtime.atomic import atomic_folder

MODEL = "hift.pt"
"""Name of the weights in a released decoder's folder."""

PRECISIONS = (Precision.FP32, *STORED)
"""Phases and exponentials need float32 in what computes."""

_PARITY_FRAMES = 40
_SEED = 20250217


def export_hift(decoder: Path, output: Path, precision: Precision, progress: Progress) -> None:
    """Export the vocoder of the released folder `decoder` into the folder `output`.

    Raises `UserError` for a release that is not whole, and leaves `output` as it was then.
    """
    precision.among(PRECISIONS, COMPONENT)
    files = {MODEL: decoder / MODEL, FILE: decoder / FILE}
    generator = load_generator(read_hift_config(files[FILE]), open_tensors(files[MODEL]))
    write_hift(generator, files, output, progress, precision)


def write_hift(
    generator: HiftGenerator,
    files: Mapping[str, Path],
    output: Path,
    progress: Progress,
    precision: Precision = Precision.FP32,
) -> None:
    """Write `generator`, which was read from `files`, as the component folder `output`."""
    settings = hift_settings(generator)
    steps = len(settings.stages) + 2
    with atomic_folder(output) as folder:
        progress(f"{output.name}: pitch", 0, steps)
        write_f0_graph(generator, folder / F0_GRAPH)
        for number, stage in enumerate(settings.stages):
            progress(f"{output.name}: stage {number}", number + 1, steps)
            write_stage_graph(generator, number, folder / stage.graph)
        for graph in (F0_GRAPH, *(stage.graph for stage in settings.stages)):
            store(folder / graph, precision)
        progress(f"{output.name}: comparing", steps - 1, steps)
        write_record(
            folder,
            component=COMPONENT,
            precision=precision,
            opset=OPSET,
            sources=files,
            settings=settings,
            parity=_parity(generator, HiftVocoder(settings, folder)),
        )
    progress(output.name, steps, steps)


def hift_settings(generator: HiftGenerator) -> HiftSettings:
    """Return what the runtime must know of `generator`."""
    config = generator.config
    mix = generator.m_source.l_linear
    last = len(config.upsample_rates) - 1
    return HiftSettings(
        bands=generator.sizes.bands,
        source=SourceSettings(
            sample_rate_hz=config.sampling_rate,
            samples_per_frame=config.samples_per_frame,
            amplitude=config.nsf_alpha,
            noise=config.nsf_sigma,
            voiced_above_hz=config.nsf_voiced_threshold,
            weights=tuple(mix.weight[0].tolist()),
            bias=mix.bias.item(),
        ),
        f0_context=f0_context(generator.f0_predictor),
        stages=tuple(
            StageSettings(
                graph=f"stage{stage}.onnx",
                rate=config.samples_from(last) if stage == last else rate,
                context=stage_context(generator, stage),
            )
            for stage, rate in enumerate(config.upsample_rates)
        ),
    )


def _parity(generator: HiftGenerator, vocoder: HiftVocoder) -> dict[str, float]:
    """Run both over the same random mel, each part of the graphs on what the module computed before it."""
    settings = vocoder.settings
    mel = np.random.default_rng(_SEED).standard_normal((settings.bands, _PARITY_FRAMES), np.float32)
    noise = SeededSourceNoise(_SEED, len(settings.source.weights))
    samples = noise.between(0, _PARITY_FRAMES * settings.source.samples_per_frame)
    with torch.inference_mode():
        whole_mel = torch.from_numpy(mel)[None]
        f0 = generator.f0_predictor(whole_mel)
        phase = torch.from_numpy(noise.phase)[None, :, None]
        source = generator.m_source(f0, phase, torch.from_numpy(samples)[None])
        wav = generator(whole_mel, source)
    ours = HarmonicSource(settings.source, noise).samples(f0[0].numpy())
    return {
        "f0_max_abs_error_hz": max_abs_error(vocoder.f0(mel), f0[0]),
        "source_max_abs_error": max_abs_error(ours, source[0, 0]),
        "wav_max_abs_error": max_abs_error(vocoder.filtered(mel, source[0, 0].numpy()), wav[0]),
    }
