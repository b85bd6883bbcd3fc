"""A tokenizer in the release's format for a random checkpoint: small, trained on a few sentences."""

import io
import json
from pathlib import Path

import sentencepiece

from edge_audio.step_audio.sentencepiece_vocabulary import CONFIG, MODEL
from edge_audio.step_audio.text_tokenizer import BEGIN_OF_TURN, BOS, END_OF_TURN
from edge_audio.step_audio.tokens import RELEASED

TINY_FIRST_AUDIO_ID = 512
"""Where audio tokens begin at the tiny size: room for 5 reserved ids, 256 bytes and some 250 pieces."""

RELEASED_FIRST_AUDIO_ID = RELEASED.first_id
"""Where audio tokens begin in the release."""

AUDIO_TOKENS = RELEASED.count
"""Audio tokens of the release, and of every random checkpoint."""

UNK = "<unk>"
EOS = "</s>"

_TURNS = (END_OF_TURN, BEGIN_OF_TURN)
"""The ids after `<unk>`, `<s>` and `</s>`, as in the release: 3 and 4."""

_SENTENCES = (
    "system",
    "human",
    "assistant",
    "Good morning! What would you like to hear today?",
    "The assistant speaks, the human listens, and the system waits for the next turn.",
    "A small voice on your own device answers when you pause.",
    "Please speak a little slower, and then sing the last line again.",
    "One, two, three, four, five, six, seven, eight, nine, ten.",
    "你好，今天天气很好。",
    "请用高兴的声音朗读这句话。",
    "（高兴1）我们一起去公园散步吧。",
    "（RAP）一步一步往前走，一句一句说出口。",
    "（哼唱）啦啦啦，月亮在天上。",
    "今日はいい天気ですね。",
    "오늘은 날씨가 좋네요.",
)


def write_tokenizer(folder: Path, first_audio_id: int = TINY_FIRST_AUDIO_ID) -> None:
    """Write `tokenizer.model` and `tokenizer_config.json` into `folder`; the same bytes each time.

    The SentencePiece model has `first_audio_id` pieces. The sentences give some 400; the others are control
    symbols `<reserved_N>` from id 5 on, of which no text is made. Text that the sentences don't teach becomes
    bytes. Raises `ValueError` for fewer ids than `TINY_FIRST_AUDIO_ID`.
    """
    if first_audio_id < TINY_FIRST_AUDIO_ID:
        raise ValueError(f"Audio tokens can't begin at {first_audio_id}, before {TINY_FIRST_AUDIO_ID}.")
    pieces = _size(_trained(first_audio_id, reserved=0))
    (folder / MODEL).write_bytes(_trained(first_audio_id, reserved=first_audio_id - pieces))
    added = dict(enumerate((UNK, BOS, EOS, *_TURNS)))
    added |= {first_audio_id + code: f"<audio_{code}>" for code in range(AUDIO_TOKENS)}
    config = {
        "tokenizer_class": "LlamaTokenizer",
        "legacy": False,
        "add_bos_token": True,
        "add_eos_token": False,
        "unk_token": UNK,
        "bos_token": BOS,
        "eos_token": _TURNS[0],
        "pad_token": UNK,
        "clean_up_tokenization_spaces": False,
        "added_tokens_decoder": {str(number): _added_token(token) for number, token in added.items()},
    }
    (folder / CONFIG).write_text(json.dumps(config) + "\n", encoding="utf-8")


def _trained(size: int, *, reserved: int) -> bytes:
    """Return a unigram model of at most `size` pieces, `reserved` of them without use."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_SENTENCES),
        model_writer=model,
        model_type="unigram",
        vocab_size=size,
        hard_vocab_limit=False,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        control_symbols=[*_TURNS, *(f"<reserved_{number}>" for number in range(reserved))],
        byte_fallback=True,
        character_coverage=1.0,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def _size(model: bytes) -> int:
    size: int = sentencepiece.SentencePieceProcessor(model_proto=model).get_piece_size()
    return size


def _added_token(content: str) -> dict[str, str | bool]:
    """Return the entry of an added token as transformers writes it."""
    flags = dict.fromkeys(("lstrip", "normalized", "rstrip", "single_word"), False)
    return {"content": content, **flags, "special": True}
