"""A whole random checkpoint: every component, in the folders of the release."""

from pathlib import Path

import torch

from edge_audio.step_audio.features.speaker import FILE as SPEAKER
from export.progress import Progress
from export.release import DECODER, MUSIC_DECODER, TOKENIZER, TTS
from export.toy.cosyvoice_yaml import write_cosyvoice_yaml
from export.toy.flow import write_flow
from export.toy.hift import write_hift
from export.toy.linguistic import write_linguistic
from export.toy.lm import write_lm
from export.toy.semantic import write_semantic
from export.toy.size import Size
from export.toy.speaker import write_speaker_model
from runtime.atomic import atomic_folder


def write_checkpoint(output: Path, size: Size, seed: int, progress: Progress) -> None:
    """Write the repositories of a random release into the folder `output`, each whole or not at all.

    Raises `UserError` if the disk is full or `output` can't be written.
    """
    generator = torch.Generator().manual_seed(seed)
    with atomic_folder(output / TOKENIZER) as folder:
        for done, write in enumerate((write_linguistic, write_semantic)):
            progress("tokenizers", done, 2)
            write(folder, size, generator)
        progress("tokenizers", 2, 2)
    with atomic_folder(output / TTS) as folder:
        write_lm(folder, size, generator, progress)
        for done, name in enumerate((DECODER, MUSIC_DECODER)):
            progress("decoders", done, 2)
            _write_decoder(folder / name, size, generator)
        progress("decoders", 2, 2)


def _write_decoder(folder: Path, size: Size, generator: torch.Generator) -> None:
    folder.mkdir()
    write_cosyvoice_yaml(
        folder, flow=write_flow(folder, size, generator), hift=write_hift(folder, size, generator)
    )
    write_speaker_model(folder / SPEAKER, generator)
