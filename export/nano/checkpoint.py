"""Nano as a checkpoint in the released layout: what the stages learned, in the folders of the release."""

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
from export.nano.speaker import SpeakerModel, Speakers
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
"""How far the flow goes beyond the velocity without codes and speaker: as in the release."""

GENERATION = GenerationConfig(temperature=0.3, phase_rule=True)
"""A small model slips now and then: its codes are drawn among the likeliest, and the two books' are made to
take turns. Of 60 sentences, Whisper tiny.en misunderstood 36 % of the words at the release's temperature of
0.7, and 28 % at 0.3."""

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
    """Write what was trained in the folder `work` as the repositories of a release into the folder `output`.

    Each appears whole or not at all. There is no decoder for rap and humming. `control_tags` are the words
    that the language model knows as tags before a text, None for all that nano is trained with; `generation`
    says how its ids are to be drawn, `guidance` how far the flow follows codes and speaker.

    Raises `UserError` if a stage is not trained, or `output` can't be written.
    """
    heard = _loaded(tokenizers.NAME, Tokenizers(), work)
    said = _loaded(language_model.NAME, language_model.new_step1(), work)
    flow = _loaded(decoder.NAME, decoder.new_flow(), work)
    hift = _loaded(vocoder.NAME, vocoder.new_vocoder(), work)
    speakers = _loaded(speaker.NAME, Speakers(), work)
    text_tokenizer = _text_tokenizer(work / language_model.NAME)
    tags = tuple(vocabulary.control_tags() if control_tags is None else control_tags)
    with atomic_folder(output / TOKENIZER) as folder:
        progress("tokenizers", 0, 1)
        _write_tokenizers(folder, heard)
        progress("tokenizers", 1, 1)
    with atomic_folder(output / TTS) as folder:
        config = msgspec.structs.replace(said.config, control_tags=tags)
        # In bfloat16, as released.
        write_lm_files(folder, config, said.state_dict().__getitem__, torch.bfloat16, generation, progress)
        for file in text_tokenizer:
            shutil.copyfile(file, folder / file.name)
        progress("decoder", 0, 1)
        _write_decoder(folder / DECODER, flow, hift, speakers.model, guidance)
        progress("decoder", 1, 1)


def _loaded(stage: str, module: _Module, work: Path) -> _Module:
    """Return `module` as `stage` left it."""
    trained(stage, module, work)
    return module


def _text_tokenizer(folder: Path) -> list[Path]:
    """Return the text tokenizer's files, which the language model's stage leaves in `folder`."""
    files = [folder / name for name in (TOKENIZER_MODEL, TOKENIZER_CONFIG)]
    for file in files:
        if not file.is_file():
            raise UserError(f"There is no {file}.", "Train the language model: python -m export nano lm")
    return files


@torch.no_grad()
def _write_tokenizers(folder: Path, heard: Tokenizers) -> None:
    linguistic = {PREFIX + name: tensor for name, tensor in heard.linguistic.state_dict().items()}
    write_linguistic_files(
        folder, heard.linguistic.sizes, linguistic, heard.normalisation, heard.centroids.detach()
    )
    # Only the directions of its vectors were learned; the release has them at the length 1.
    heard.semantic.codebook.weight.copy_(heard.directions)
    write_semantic_file(folder, heard.semantic)
    store(folder / SEMANTIC_MODEL, Precision.FP16_STORED)


def _write_decoder(
    folder: Path, flow: Flow, hift: HiftGenerator, speakers: SpeakerModel, guidance: float
) -> None:
    folder.mkdir()
    write_cosyvoice_yaml(
        folder,
        flow=write_flow_file(folder, flow.sizes, flow.state_dict(), guidance),
        hift=write_hift_file(folder, hift.config, hift.sizes, weight_normed(hift.state_dict())),
        comment=_COMMENT,
    )
    frames = {"input": torch.zeros(1, _TRACED_FRAMES, BANDS)}
    export_graph(speakers, frames, ["output"], folder / SPEAKER, {"input": {1: Dim("frames")}})
    store(folder / SPEAKER, Precision.FP16_STORED)
