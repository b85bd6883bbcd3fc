"""Nano as a checkpoint in the released layout: the trained stages, in the folders of the release."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import torch
from torch import nn
from torch.export import Dim

from edge_audio.step_audio.features.kaldi import BANDS
from edge_audio.step_audio.features.speaker import FILE as SPEAKER
from edge_audio.step_audio.sentencepiece_vocabulary import CONFIG as TOKENIZER_CONFIG
from edge_audio.step_audio.sentencepiece_vocabulary import MODEL as TOKENIZER_MODEL
from export.flow.flow import Flow
from export.graph import export_graph
from export.hift.generator import HiftGenerator
from export.layout.cosyvoice_yaml import write_cosyvoice_yaml
from export.layout.flow import write_flow_file
from export.layout.hift import weight_normed, write_hift_file
from export.layout.linguistic import PREFIX, write_linguistic_files
from export.layout.lm import write_lm_files
from export.layout.semantic import write_semantic_file
from export.lm.generation_config import GenerationConfig
from export.nano import decoder, language_model, speaker, tokenizers, vocabulary, vocoder
from export.nano.speaker import SpeakerClassifier, SpeakerModel
from export.nano.tokenizers import Tokenizers
from export.nano.training import trained
from export.precision import Precision
from export.progress import Progress, silent
from export.release import DECODER, TOKENIZER, TTS
from export.semantic.export import MODEL as SEMANTIC_MODEL
from export.storage import store
from runtime.atomic import atomic_folder
from runtime.errors import UserError

GUIDANCE = 0.7
"""Strength of the flow's classifier-free guidance, as in the release."""

GENERATION = GenerationConfig(temperature=0.3, phase_rule=True)
"""A small model makes a mistake now and then: so its codes are drawn among the likeliest ones, and the two
codebooks are made to take turns. Of 60 sentences, Whisper tiny.en misunderstood 36 % of the words at the
release's temperature of 0.7, and 28 % at 0.3."""

_COMMENT = "Nano: small weights, trained on synthetic speech."
_TRACED_FRAMES = 100

_Module = TypeVar("_Module", bound=nn.Module)


def write_nano(
    work: Path,
    output: Path,
    *,
    control_tags: Sequence[str] | None = None,
    guidance: float = GUIDANCE,
    generation: GenerationConfig = GENERATION,
    progress: Progress = silent,
) -> None:
    """Write the stages that were trained in `work` into `output`, as the repositories of a release.

    Each repository is written atomically. There is no decoder for rap and humming. `control_tags` are the
    words that the language model knows as tags before a text, None for all that nano is trained with;
    `generation` is how its ids are drawn, `guidance` the strength of the flow's classifier-free guidance.

    Raises `UserError` if a stage is not trained, or `output` can't be written.
    """
    encoders = _loaded(tokenizers.NAME, Tokenizers(), work)
    step1 = _loaded(language_model.NAME, language_model.new_step1(), work)
    flow = _loaded(decoder.NAME, decoder.new_flow(), work)
    hift = _loaded(vocoder.NAME, vocoder.new_vocoder(), work)
    classifier = _loaded(speaker.NAME, SpeakerClassifier(), work)
    text_tokenizer = _text_tokenizer(work / language_model.NAME)
    tags = tuple(vocabulary.control_tags() if control_tags is None else control_tags)
    with atomic_folder(output / TOKENIZER) as folder:
        progress("tokenizers", 0, 1)
        _write_tokenizers(folder, encoders)
        progress("tokenizers", 1, 1)
    with atomic_folder(output / TTS) as folder:
        config = msgspec.structs.replace(step1.config, control_tags=tags)
        # In bfloat16, as released.
        write_lm_files(folder, config, step1.state_dict().__getitem__, torch.bfloat16, generation, progress)
        for file in text_tokenizer:
            shutil.copyfile(file, folder / file.name)
        progress("decoder", 0, 1)
        _write_decoder(folder / DECODER, flow, hift, classifier.model, guidance)
        progress("decoder", 1, 1)


def _loaded(stage: str, module: _Module, work: Path) -> _Module:
    """Return `module` with the weights that `stage` trained."""
    trained(stage, module, work)
    return module


def _text_tokenizer(folder: Path) -> list[Path]:
    """Return the text tokenizer's files, which the language model's stage writes into `folder`."""
    files = [folder / name for name in (TOKENIZER_MODEL, TOKENIZER_CONFIG)]
    for file in files:
        if not file.is_file():
            raise UserError(f"There is no {file}.", "Train the language model: python -m export nano lm")
    return files


@torch.no_grad()
def _write_tokenizers(folder: Path, encoders: Tokenizers) -> None:
    linguistic = {PREFIX + name: tensor for name, tensor in encoders.linguistic.state_dict().items()}
    write_linguistic_files(
        folder, encoders.linguistic.sizes, linguistic, encoders.normalisation, encoders.centroids.detach()
    )
    # Only the directions of its vectors are trained; in the release the vectors have length 1.
    encoders.semantic.codebook.weight.copy_(encoders.directions)
    write_semantic_file(folder, encoders.semantic)
    store(folder / SEMANTIC_MODEL, Precision.FP16_STORED)


def _write_decoder(
    folder: Path, flow: Flow, hift: HiftGenerator, speaker_model: SpeakerModel, guidance: float
) -> None:
    folder.mkdir()
    write_cosyvoice_yaml(
        folder,
        flow=write_flow_file(folder, flow.sizes, flow.state_dict(), guidance),
        hift=write_hift_file(folder, hift.config, hift.sizes, weight_normed(hift.state_dict())),
        comment=_COMMENT,
    )
    frames = {"input": torch.zeros(1, _TRACED_FRAMES, BANDS)}
    export_graph(speaker_model, frames, ["output"], folder / SPEAKER, {"input": {1: Dim("frames")}})
    store(folder / SPEAKER, Precision.FP16_STORED)
