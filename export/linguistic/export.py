"""The linguistic encoder of a release as the folder that the runtime loads."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from edge_audio.step_audio.features.kaldi import BANDS
from edge_audio.step_audio.tokenizer.linguistic import (
    CENTROIDS,
    COMPONENT,
    GRAPH,
    NORMALISATION,
    LinguisticEncoder,
    LinguisticSettings,
)
from export.checkpoint import open_tensors
from export.disk import require_space
from export.graph import OPSET, export_graph
from export.linguistic import encoder
from export.linguistic.config import CONFIG, LinguisticConfig, read_released_config
from export.linguistic.half import with_half_weights
from export.linguistic.parity import ModuleStep, parity
from export.linguistic.tables import read_centroids, read_normalisation
from export.precision import Precision
from export.progress import Progress
from export.quantise import quantise_products
from export.record import write_record
from export.release import PARAFORMER
from export.storage import STORED, store
from runtime.atomic import atomic_folder
from runtime.errors import UserError

MODEL = "model.pt"
"""Name of the weights in the released Paraformer folder."""

MEAN_VARIANCE = "am.mvn"
"""Name of the features' normalisation, in that folder or beside golden data."""

KMEANS = "linguistic_tokenizer.npy"
"""Name of the centroids, in the tokenizer's folder or beside golden data."""

PRECISIONS = (Precision.FP32, Precision.FP16, *STORED, Precision.INT8)
"""float16 is for accelerators; int8 rounds some frames to another code (see the record's parity)."""

_PREFIX = "encoder."
"""Of the tensors that are used; those of the recogniser's predictor and decoder are ignored."""


@dataclass(frozen=True, slots=True)
class LinguisticSource:
    """Everything that a linguistic encoder is made from, checked."""

    module: encoder.LinguisticEncoder
    settings: LinguisticSettings
    normalisation: NDArray[np.float32]
    centroids: NDArray[np.float32]

    def runtime(self) -> LinguisticEncoder:
        """Return the runtime's encoder with the PyTorch module in the place of the graph."""
        step = ModuleStep(self.module)
        return LinguisticEncoder(self.settings, self.normalisation, self.centroids, step)


def open_source(
    weights: Path, mean_variance: Path, kmeans: Path, config: LinguisticConfig
) -> LinguisticSource:
    """Read weights and tables. Raises `UserError`, naming file and tensor, for what doesn't fit."""
    tensors = open_tensors(weights).under(_PREFIX)
    sizes = encoder.encoder_sizes(tensors, config)
    if sizes.features != BANDS * config.stacked_frames:
        raise UserError(
            f"{weights}: the encoder takes {sizes.features} values, not {BANDS} for each of "
            f"{config.stacked_frames} frames.",
            "Check that weights and description belong to each other.",
        )
    settings = LinguisticSettings(
        features=sizes.features,
        width=sizes.width,
        blocks=sizes.blocks,
        heads=sizes.heads,
        chunk_frames=config.chunk_frames,
        overlap_frames=config.overlap_frames,
        look_back_chunks=config.look_back_chunks,
        stacked_frames=config.stacked_frames,
        stride_frames=config.stride_frames,
    )
    with torch.device("meta"):
        module = encoder.LinguisticEncoder(sizes)
    tensors.load_into(module)
    normalisation = read_normalisation(mean_variance, sizes.features)
    return LinguisticSource(module, settings, normalisation, read_centroids(kmeans, sizes.width))


def export_linguistic(tokenizer: Path, output: Path, precision: Precision, progress: Progress) -> None:
    """Export the linguistic encoder of the released folder `tokenizer` into the folder `output`.

    Raises `UserError` for a release that is not whole, and leaves `output` as it was then.
    """
    precision.among(PRECISIONS, COMPONENT)
    folder = tokenizer / PARAFORMER
    progress(f"{COMPONENT}: reading", 0, 3)
    files = {
        MODEL: folder / MODEL,
        CONFIG: folder / CONFIG,
        MEAN_VARIANCE: folder / MEAN_VARIANCE,
        KMEANS: tokenizer / KMEANS,
    }
    config = read_released_config(files[CONFIG])
    source = open_source(files[MODEL], files[MEAN_VARIANCE], files[KMEANS], config)
    require_space(output, files[MODEL].stat().st_size)
    write_linguistic(source, files, output, precision, progress)


def write_linguistic(
    source: LinguisticSource,
    files: Mapping[str, Path],
    output: Path,
    precision: Precision,
    progress: Progress,
) -> None:
    """Write `source`, which was read from `files`, as the component folder `output`."""
    with atomic_folder(output) as folder:
        progress(f"{COMPONENT}: writing", 1, 3)
        np.save(folder / NORMALISATION, source.normalisation)
        np.save(folder / CENTROIDS, source.centroids)
        _write_graph(source.module, folder / GRAPH, precision)
        progress(f"{COMPONENT}: comparing", 2, 3)
        exported = LinguisticEncoder.of_files(folder, source.settings)
        write_record(
            folder,
            component=COMPONENT,
            precision=precision,
            opset=OPSET,
            sources=files,
            settings=source.settings,
            parity=parity(source.runtime(), exported),
        )
    progress(COMPONENT, 3, 3)


def _write_graph(module: encoder.LinguisticEncoder, path: Path, precision: Precision) -> None:
    inputs = encoder.empty_inputs(module.sizes)
    outputs = ["encoded", "new_keys", "new_values"]
    if precision is Precision.FP16:
        export_graph(with_half_weights(module), inputs, outputs, path)
        return
    export_graph(module, inputs, outputs, path)
    store(path, precision)
    if precision is Precision.INT8:
        quantise_products(path)
