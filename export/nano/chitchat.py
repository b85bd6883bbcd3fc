"""chitchat-dataset: 7,000 conversations that people wrote, in a wheel under the MIT licence."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from runtime.artifact import Artifact, Member, ModelFile, Wheel, Wheels
from runtime.errors import UserError
from runtime.store import Store

_WHEEL = Wheel(
    "chitchat-dataset",
    "0.9.0",
    8_105_664,
    "7bf89f36645e2d5ec87d53370c8e851b5a688479c7beb7079cb4c87fc5acea3e",
)

CHITCHAT = Artifact(
    name="chitchat",
    files=(
        ModelFile(
            "dataset.json",
            40_303_934,
            "d2a5d0bf6acf354fef51f3af39cbece2220d3b8f6086b658c3d335105798312a",
        ),
    ),
    sources=(Wheels({"dataset.json": (Member(_WHEEL, "chitchat_dataset/dataset.json"),)}),),
    licence="MIT",
    summary="sentences that people wrote in conversations",
)

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


class _Message(msgspec.Struct):
    text: str


class _Conversation(msgspec.Struct):
    messages: list[list[_Message]]


def fetch_chitchat(store: Store) -> Path:
    """Return the file with the conversations, fetched if it is not here. Raises `UserError`."""
    store.fetch(CHITCHAT)
    return store.path(CHITCHAT) / CHITCHAT.files[0].path


def chitchat_sentences(file: Path) -> Iterator[str]:
    """Yield every sentence of every message as written. Raises `UserError` if `file` has another format."""
    try:
        conversations = msgspec.json.decode(file.read_bytes(), type=dict[str, _Conversation])
    except (OSError, msgspec.MsgspecError) as error:
        raise UserError(f"{file} holds no conversations: {error}.", "Fetch it again.") from error
    for conversation in conversations.values():
        for turn in conversation.messages:
            for message in turn:
                yield from _SENTENCE_END.split(message.text.strip())
