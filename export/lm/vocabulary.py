"""Which ids a language model may say: those that its tokenizer gives to sound, and the end of its turn."""

from dataclasses import dataclass
from pathlib import Path

from edge_audio.step_audio import sentencepiece_vocabulary, text_tokenizer
from edge_audio.step_audio.text_tokenizer import TextTokenizer
from export.lm.config import CONFIG, Step1Config
from export.lm.generation_config import GENERATION_CONFIG
from runtime.errors import UserError

_TOKENIZERS = (sentencepiece_vocabulary.MODEL, text_tokenizer.JSON)

_COPIED = (
    CONFIG,
    GENERATION_CONFIG,
    *_TOKENIZERS,
    sentencepiece_vocabulary.CONFIG,
    "special_tokens_map.json",
    "added_tokens.json",
)
"""Files beside the weights that the runtime, or whoever wants to know where a model comes from, may read."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the folder of a language model says of its ids."""

    end_of_turn: int
    output_ids: tuple[int, ...] | None
    """The ids that the head keeps, ascending; None if all."""
    files: tuple[Path, ...]
    """What is copied beside the graphs."""


def read_vocabulary(folder: Path, config: Step1Config) -> Vocabulary:
    """Ask the tokenizer in `folder`, if there is one, for the ids that are said while decoding.

    Raises `UserError` if it has ids that the model doesn't have, or if only a part of it is there.
    """
    files = tuple(folder / name for name in _COPIED if (folder / name).is_file())
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        if (folder / sentencepiece_vocabulary.CONFIG).exists():
            raise UserError(
                f"{folder} has {sentencepiece_vocabulary.CONFIG}, but neither {' nor '.join(_TOKENIZERS)}.",
                "Download the repository whole.",
            )
        return Vocabulary(config.eos_token_id, None, files)
    tokenizer = TextTokenizer.open(folder)
    if tokenizer.vocab_size > config.vocab_size:
        raise UserError(
            f"{folder}: the tokenizer has {tokenizer.vocab_size} ids, "
            f"but model.embed_tokens.weight and lm_head.weight have {config.vocab_size} rows.",
            "Use the tokenizer that belongs to the model.",
        )
    if tokenizer.audio is None:
        return Vocabulary(tokenizer.end_of_turn, None, files)
    output_ids = tuple(sorted({tokenizer.end_of_turn, *tokenizer.audio.ids}))
    return Vocabulary(tokenizer.end_of_turn, output_ids, files)
