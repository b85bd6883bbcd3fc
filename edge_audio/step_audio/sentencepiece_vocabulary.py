"""The vocabulary of a `tokenizer.model`, used as transformers' LlamaTokenizerFast uses it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import sentencepiece

from runtime.errors import UserError

MODEL = "tokenizer.model"
CONFIG = "tokenizer_config.json"
ADDED = "added_tokens.json"

_AGAIN = "Download the tokenizer's files again, all from the same place."

_KEEP_SPACES = bytes((0x1A, 4, 0x18, 0, 0x20, 0))
"""A ModelProto with nothing but normalizer_spec (field 3): add_dummy_prefix (3) and remove_extra_whitespaces
(4) are false. Protocol Buffers merge messages that follow each other, so it overrides what a model says."""


class AddedToken(msgspec.Struct, frozen=True):
    """A token that is found in a text before the text is split into pieces."""

    content: str
    lstrip: bool = False
    """True if it consumes the spaces before it."""
    rstrip: bool = False
    """True if it consumes the spaces after it."""


class TokenizerConfig(msgspec.Struct, frozen=True):
    """The content of `tokenizer_config.json`; the defaults are LlamaTokenizer's."""

    add_bos_token: bool | None = None
    """True if every encoding begins with BOS; None for the vocabulary's own default."""
    add_prefix_space: bool = True
    """True if a text is encoded as if a space preceded it."""
    legacy: bool | None = None
    """True if that also applies to text after an added token; LlamaTokenizer takes None for true."""
    bos_token: AddedToken | str | None = "<s>"
    eos_token: AddedToken | str | None = "</s>"
    unk_token: AddedToken | str | None = "<unk>"
    added_tokens_decoder: Mapping[int, AddedToken] = {}
    """Added tokens by id."""

    @classmethod
    def read(cls, folder: Path) -> "TokenizerConfig":
        """Read it from `folder`; without a file, return the defaults. Raises `UserError` if it is broken."""
        path = folder / CONFIG
        return _decoded(path, cls) if path.exists() else cls()


class SentencePieceVocabulary:
    """Pieces of text from SentencePiece, and the added tokens around them."""

    adds_bos = True
    """LlamaTokenizer's default."""

    def __init__(self, folder: Path, config: TokenizerConfig) -> None:
        """Read the files of `folder`. Raises `UserError` if one is broken or they contradict each other."""
        self._path = folder / MODEL
        model = self._path.read_bytes()
        self._pieces = _processor(self._path, model)
        self._legacy = config.legacy is not False
        self._prefix = config.add_prefix_space
        self._encoder = self._pieces if self._legacy else _processor(self._path, model + _KEEP_SPACES)
        self._added: dict[str, int] = {}
        self._names: dict[int, AddedToken] = {}
        for special in (config.unk_token, config.bos_token, config.eos_token):
            token = AddedToken(special) if isinstance(special, str) else special
            if token is not None and (known := self._piece(token.content)) is not None:
                self._add(known, token, self._path)
        for number, token in config.added_tokens_decoder.items():
            self._add(number, token, folder / CONFIG)
        if (folder / ADDED).exists():
            for content, number in _decoded(folder / ADDED, dict[str, int]).items():
                self._add(number, self._names.get(number, AddedToken(content)), folder / ADDED, content)
        self._lengths = sorted({len(content) for content in self._added}, reverse=True)
        self._initials = {content[0] for content in self._added}
        self.size = max(self._pieces.get_piece_size(), *(number + 1 for number in self._names), 0)

    def id_of(self, token: str) -> int | None:
        """Return the id of one token by its name, None if there is no such token."""
        return self._added[token] if token in self._added else self._piece(token)

    def tokens(self) -> Iterable[tuple[str, int]]:
        """Return the names of all tokens with their ids."""
        names: list[str] = self._pieces.id_to_piece(list(range(self._pieces.get_piece_size())))
        return {**{name: number for number, name in enumerate(names)}, **self._added}.items()

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`, without BOS."""
        ids: list[int] = []
        for start, part in self._split(text):
            if isinstance(part, int):
                ids.append(part)
            else:
                ids += self._encode_text(part, first=start == 0)
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text that `encode` turns into `ids`."""
        text, run = "", list[int]()
        for number in ids:
            token = self._names.get(number)
            if token is None:
                run.append(number)
            else:
                text += self._decode_text(run, first=not text) + token.content
                run = []
        return text + self._decode_text(run, first=not text)

    def _encode_text(self, text: str, *, first: bool) -> list[int]:
        if not self._legacy and self._prefix and first and not text.startswith((" ", "▁")):
            text = " " + text
        ids: list[int] = self._encoder.encode(text)
        return ids

    def _decode_text(self, ids: list[int], *, first: bool) -> str:
        """Decode pieces between two added tokens."""
        text: str = (self._pieces if self._legacy or (self._prefix and first) else self._encoder).decode(ids)
        return text

    def _split(self, text: str) -> Iterator[tuple[int, str | int]]:
        """Yield the parts of `text` with their positions: ids of added tokens, and the text between them.

        If several tokens match at the same place, the longest counts.
        """
        begin = position = 0
        while position < len(text):
            content = self._added_at(text, position)
            if content is None:
                position += 1
                continue
            number = self._added[content]
            token = self._names[number]
            before = text[begin:position]
            if before := before.rstrip() if token.lstrip else before:
                yield begin, before
            yield position, number
            position += len(content)
            while token.rstrip and text[position : position + 1].isspace():
                position += 1
            begin = position
        if begin < len(text):
            yield begin, text[begin:]

    def _added_at(self, text: str, position: int) -> str | None:
        if text[position] not in self._initials:
            return None
        candidates = (text[position : position + length] for length in self._lengths)
        return next((candidate for candidate in candidates if candidate in self._added), None)

    def _piece(self, piece: str) -> int | None:
        number: int = self._pieces.piece_to_id(piece)
        return number if self._pieces.id_to_piece(number) == piece else None

    def _add(self, number: int, token: AddedToken, source: Path, content: str | None = None) -> None:
        """Add a token. Raises `UserError` if another one already has its id or its name."""
        content = token.content if content is None else content
        holder = self._names[number].content if number in self._names else self._text_piece(number)
        if not content or number < 0 or holder not in (None, content):
            raise UserError(f"{source}: the token {content} has the id {number} of {holder!r}.", _AGAIN)
        known = self.id_of(content)
        if known not in (None, number):
            raise UserError(f"{source}: the token {content} has two ids, {known} and {number}.", _AGAIN)
        self._added[content] = number
        self._names[number] = token

    def _text_piece(self, number: int) -> str | None:
        """Return the piece with that id if text can contain it; reserved pieces may get another name."""
        if not 0 <= number < self._pieces.get_piece_size():
            return None
        # Trained pieces have a negative score; reserved ones have none, and bytes aren't reserved.
        reserved = self._pieces.get_score(number) == 0.0 and not self._pieces.is_byte(number)
        return None if reserved else str(self._pieces.id_to_piece(number))


def _processor(path: Path, model: bytes) -> Any:
    try:
        pieces = sentencepiece.SentencePieceProcessor(model_proto=model)
        pieces.id_to_piece(list(range(pieces.get_piece_size())))
        return pieces
    # ValueError: a piece, or a message of the library, isn't UTF-8.
    except (RuntimeError, TypeError, ValueError) as error:
        raise UserError(f"{path} is no SentencePiece model, or incomplete.", _AGAIN) from error


def _decoded(path: Path, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind, strict=False)
    except (msgspec.DecodeError, OSError, RecursionError) as error:
        raise UserError(f"{path}: {error}.", _AGAIN) from error
