"""The tokenizer of a Step-Audio language model: text and audio tokens to ids and back."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from tokenizers import Tokenizer

from edge_audio.step_audio.sentencepiece_vocabulary import (
    MODEL,
    SentencePieceVocabulary,
    TokenizerConfig,
)
from edge_audio.step_audio.tokens import RELEASED, AudioTokens
from runtime.errors import UserError

END_OF_TURN = "<|EOT|>"
BEGIN_OF_TURN = "<|BOT|>"
BOS = "<s>"

JSON = "tokenizer.json"

_AUDIO = re.compile(r"<audio_(0|[1-9][0-9]*)>")
_RIGHT_ONE = "Use the tokenizer that belongs to the model."


class Vocabulary(Protocol):
    """Tokens and their ids."""

    adds_bos: bool
    """True if an encoding begins with BOS unless the configuration says otherwise."""
    size: int
    """One more than the largest id."""

    def id_of(self, token: str) -> int | None:
        """Return the id of one token by its name, None if there is no such token."""
        ...

    def tokens(self) -> Iterable[tuple[str, int]]:
        """Return the names of all tokens with their ids."""
        ...

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`, without BOS."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`, which are all in the vocabulary."""
        ...


class TextTokenizer:
    """Encodes exactly as the release's own tokenizer does, BOS included."""

    end_of_turn: int
    """The id of `<|EOT|>`, which ends the model's turn."""
    begin_of_turn: int
    """The id of `<|BOT|>`."""
    bos: int
    """The id of the token that begins a sequence, `<s>` in the release."""
    vocab_size: int
    """One more than the largest id; a model's embedding may have rows beyond."""
    audio: AudioTokens | None
    """The audio tokens; None if the tokenizer has none."""

    def __init__(self, vocabulary: Vocabulary, config: TokenizerConfig, path: Path) -> None:
        """Use a vocabulary that was read from `path`. Raises `UserError` if a token is missing."""
        self._vocabulary = vocabulary
        self._path = path
        self._adds_bos = vocabulary.adds_bos if config.add_bos_token is None else config.add_bos_token
        self.end_of_turn = self._required(END_OF_TURN)
        self.begin_of_turn = self._required(BEGIN_OF_TURN)
        bos = config.bos_token or BOS
        self.bos = self._required(bos if isinstance(bos, str) else bos.content)
        self.vocab_size = vocabulary.size
        self.audio = self._audio()

    @classmethod
    def open(cls, folder: Path) -> "TextTokenizer":
        """Read `tokenizer.model`, or else `tokenizer.json`, from the folder of a released language model.

        Raises `UserError` if neither is there, a file is broken, or the tokenizer isn't of this family.
        """
        config = TokenizerConfig.read(folder)
        if (folder / MODEL).is_file():
            return cls(SentencePieceVocabulary(folder, config), config, folder / MODEL)
        if (folder / JSON).is_file():
            return cls(JsonVocabulary(folder / JSON), config, folder / JSON)
        raise UserError(f"{folder} has no tokenizer: neither {MODEL} nor {JSON}.", "Download it whole.")

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`; added tokens in it, such as `<|EOT|>` and `<audio_7>`, become one id."""
        return [self.bos, *self._vocabulary.encode(text)] if self._adds_bos else self._vocabulary.encode(text)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text that was encoded as `ids`, without BOS and without a leading space.

        Bytes that aren't valid UTF-8 become replacement characters. Raises `ValueError` for an unknown id.
        """
        for number in ids:
            if not 0 <= number < self.vocab_size:
                raise ValueError(f"There is no token {number}: ids are below {self.vocab_size}.")
        return self._vocabulary.decode(ids[1:] if ids and ids[0] == self.bos else ids)

    def _required(self, token: str) -> int:
        number = self._vocabulary.id_of(token)
        if number is None:
            raise UserError(f"{self._path}: the tokenizer has no token {token}.", _RIGHT_ONE)
        return number

    def _audio(self) -> AudioTokens | None:
        """Find the audio tokens, whose ids must be consecutive."""
        ids = {
            int(name[7:-1]): number for name, number in self._vocabulary.tokens() if _AUDIO.fullmatch(name)
        }
        if not ids:
            return None
        first = ids.get(0)
        for place in range(len(ids)):
            number = ids.get(place)
            if first is None or number != first + place:
                found = "is missing" if number is None else f"has the id {number}, which is out of order"
                raise UserError(f"{self._path}: the token <audio_{place}> {found}.", _RIGHT_ONE)
        semantic = len(ids) - RELEASED.linguistic
        if first is None or semantic < 1:
            raise UserError(
                f"{self._path}: <audio_{len(ids) - 1}> is the last audio token: none for semantic codes.",
                _RIGHT_ONE,
            )
        return AudioTokens(first, RELEASED.linguistic, semantic)


class JsonVocabulary:
    """A `tokenizer.json`, which describes the whole tokenizer."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises `UserError` if it can't be read."""
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing more specific
            raise UserError(
                f"{path} is no tokenizer, or incomplete ({error}).", "Download it again."
            ) from error
        self.adds_bos = bool(self._tokenizer.encode("").ids)
        self.size = 1 + max((number for _, number in self.tokens()), default=-1)

    def id_of(self, token: str) -> int | None:
        """Return the id of one token by its name, None if there is no such token."""
        number: int | None = self._tokenizer.token_to_id(token)
        return number

    def tokens(self) -> Iterable[tuple[str, int]]:
        """Return the names of all tokens with their ids."""
        names: dict[str, int] = self._tokenizer.get_vocab(with_added_tokens=True)
        return names.items()

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`, without BOS."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`, added tokens included."""
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=False)
        return text
