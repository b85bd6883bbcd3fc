"""Nano's text tokenizer in the release's format: pieces of English, and one token for each fixed phrase."""

import io
import json
from collections.abc import Iterable
from pathlib import Path

import sentencepiece

from edge_audio.step_audio.prompts import system_prompt
from edge_audio.step_audio.sentencepiece_vocabulary import CONFIG, MODEL
from edge_audio.step_audio.text_tokenizer import BEGIN_OF_TURN, BOS, END_OF_TURN
from edge_audio.step_audio.tokens import RELEASED
from edge_audio.tts.tags import PACES, PITCHES, find_tag

PIECES = 3072
"""Tokens of text, bytes and phrases; audio tokens follow."""

_UNK, _EOS = "<unk>", "</s>"

_FIRST_PHRASE = 5
"""Ids 0 to 4 are those of the release: `<unk>`, `<s>`, `</s>`, `<|EOT|>`, `<|BOT|>`."""


def control_tags() -> list[str]:
    """Return the released words of the tags that nano knows: those for pace and pitch."""
    return [tag.released for name in (*PACES, *PITCHES) if (tag := find_tag(name))]


def written_tag(name: str) -> str:
    """Return a tag as it is written before a text; empty for loudness, which codes don't carry."""
    tag = find_tag(name) if name in (*PACES, *PITCHES) else None
    return f"({tag.released})" if tag else ""


def phrases(tags: Iterable[str]) -> list[str]:
    """Return what becomes one token each: the fixed phrases of prompts, and the `tags` before a text."""
    return ["\n", "system\n", "human\n", "assistant\n", system_prompt("", ""), *(f"({tag})" for tag in tags)]


def write_vocabulary(
    folder: Path, sentences: Iterable[str], tags: Iterable[str], pieces: int = PIECES
) -> None:
    """Train on `sentences` and write `tokenizer.model` and `tokenizer_config.json` into `folder`."""
    fixed = phrases(tags)
    reserved = [f"<reserved_{number}>" for number in range(len(fixed))]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=model,
        model_type="unigram",
        vocab_size=pieces,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        control_symbols=[END_OF_TURN, BEGIN_OF_TURN, *reserved],
        byte_fallback=True,
        character_coverage=1.0,
        normalization_rule_name="identity",
        split_digits=True,
        max_sentencepiece_length=10,
        input_sentence_size=0,
        num_threads=1,
        minloglevel=2,
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL).write_bytes(model.getvalue())
    added = dict(enumerate((_UNK, BOS, _EOS, END_OF_TURN, BEGIN_OF_TURN, *fixed)))
    added |= {pieces + code: f"<audio_{code}>" for code in range(RELEASED.count)}
    config = {
        "tokenizer_class": "LlamaTokenizer",
        "legacy": True,  # so that a text after a phrase begins with a space, as its other words do
        "add_bos_token": False,
        "add_eos_token": False,
        "unk_token": _UNK,
        "bos_token": BOS,
        "eos_token": END_OF_TURN,
        "pad_token": _UNK,
        "clean_up_tokenization_spaces": False,
        "added_tokens_decoder": {str(number): _added(token) for number, token in added.items()},
    }
    (folder / CONFIG).write_text(json.dumps(config, separators=(",", ":")) + "\n", encoding="utf-8")


def _added(content: str) -> dict[str, str | bool]:
    # All else is at its default: thousands of tokens would say so.
    return {"content": content, "special": True}
