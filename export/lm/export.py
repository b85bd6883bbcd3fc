"""A released language model becomes two graphs that share one file of weights."""

import shutil
from collections.abc import Callable
from math import prod
from pathlib import Path

import msgspec
import numpy as np

from edge_audio.step_audio.language_model.model import LanguageModel
from edge_audio.step_audio.language_model.settings import (
    DECODE,
    NAME,
    OUTPUT_IDS,
    PREFILL,
    LanguageModelSettings,
)
from export.checkpoint import INDEX, Tensors, open_tensors
from export.disk import require_space
from export.graph import OPSET
from export.lm.config import Step1Config, read_config
from export.lm.generation_config import GenerationConfig, read_generation_config
from export.lm.linear import BITS
from export.lm.network import write_graph
from export.lm.parity import Parity
from export.lm.store import store_model
from export.lm.vocabulary import Vocabulary, read_vocabulary
from export.lm.weights_file import WeightsFile, open_weights
from export.precision import Precision
from export.progress import Progress
from export.record import write_record
from runtime.atomic import atomic_folder
from runtime.compute import Compute
from runtime.session import OnnxSession


def export_lm(source: Path, output: Path, precision: Precision, progress: Progress) -> None:
    """Export the language model in the folder `source` (released layout) into the folder `output`.

    The weights are read, converted and written one matrix at a time. Raises `UserError` if the folder is
    no such model, or the disk has too little room; then nothing is written.
    """
    precision.among(BITS, NAME)
    tensors = open_tensors(source)
    config = read_config(source, tensors)
    generation = read_generation_config(source)
    vocabulary = read_vocabulary(source, config)
    require_space(output, _bytes(config, vocabulary, precision))
    steps = _Steps(progress, 2 * config.num_hidden_layers + 2)
    with atomic_folder(output) as folder:
        settings = _write(
            folder, tensors, config, generation, vocabulary, precision, steps.counting("weights")
        )
        output_ids = np.arange(config.vocab_size, dtype=np.int64)
        if vocabulary.output_ids is not None:
            output_ids = np.array(vocabulary.output_ids, dtype=np.int64)
            np.save(folder / OUTPUT_IDS, output_ids)
        for file in vocabulary.files:
            shutil.copyfile(file, folder / file.name)
        parity = Parity(tensors, config, output_ids, steps.counting("float32 module"))
        steps.next("exported graph")
        model = LanguageModel(OnnxSession(folder / PREFILL, Compute(_THREADS)), settings, output_ids)
        figures = parity.of(model)
        steps.next("record")
        write_record(
            folder,
            component=NAME,
            precision=precision,
            opset=OPSET,
            sources={path.name: path for path in (*_shards(source), *vocabulary.files)},
            settings=settings,
            parity=figures,
        )


_THREADS = 2
"""For measuring what was exported."""


class _Steps:
    """Counts steps of equal worth."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def next(self, what: str) -> None:
        """Tell that one more step is done, the last of them on `what`."""
        self._done += 1
        ended = self._done == self._total
        self._progress(NAME if ended else f"{NAME}: {what}", self._done, self._total)

    def counting(self, what: str) -> Callable[[], None]:
        """Return what is to be called after each step on `what`."""
        return lambda: self.next(what)


def _write(
    folder: Path,
    tensors: Tensors,
    config: Step1Config,
    generation: GenerationConfig,
    vocabulary: Vocabulary,
    precision: Precision,
    layer_done: Callable[[], None],
) -> LanguageModelSettings:
    with open_weights(folder) as file:
        model = store_model(tensors, config, vocabulary.output_ids, precision, WeightsFile(file), layer_done)
    (folder / PREFILL).write_bytes(write_graph(model, "new").SerializeToString())
    (folder / DECODE).write_bytes(write_graph(model, 1).SerializeToString())
    return LanguageModelSettings(
        layers=config.num_hidden_layers,
        groups=config.num_attention_groups,
        head_size=config.head_size,
        vocabulary=config.vocab_size,
        logits=model.logits,
        max_length=config.max_seq_len,
        end_of_turn=vocabulary.end_of_turn,
        step_bytes=model.step_bytes,
        control_tags=None if config.control_tags is msgspec.UNSET else config.control_tags,
        sampling=generation.sampling,
        phase_rule=generation.phase_rule,
    )


def _bytes(config: Step1Config, vocabulary: Vocabulary, precision: Precision) -> int:
    """Return how large the weights file becomes at most."""
    shapes = config.shapes()
    embedding = prod(shapes.pop("model.embed_tokens.weight")) * 4
    head = prod(shapes.pop("lm_head.weight"))
    if vocabulary.output_ids is not None:
        head = len(vocabulary.output_ids) * config.hidden_size
    return embedding + (head + sum(map(prod, shapes.values()))) * BITS[precision] // 8


def _shards(source: Path) -> list[Path]:
    """Return the files that the tensors came from."""
    index = [source / INDEX] if (source / INDEX).is_file() else []
    return [*sorted(source.glob("*.safetensors")), *index]
