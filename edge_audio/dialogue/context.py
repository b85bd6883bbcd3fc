"""The context: the conversation's text so far, as the chat model is given it."""

from edge_audio.llm.chat_model import Message
from edge_audio.text.sentences import asks
from edge_audio.text.words import joined

_CHARACTERS_PER_TOKEN = 4
"""English text makes about one token of four characters with the vocabularies of today's models."""

_TOKENS_PER_MESSAGE = 4
"""What a prompt spends on a message's role and separators, about."""

UNKNOWN = "..."
"""Stands for what the user said while its words are not known."""


class Context:
    """The system prompt and the text history, within a token budget.

    Only what was really said and heard is put in. The history grows at its end alone, so that a chat
    model's cached prompt stays valid; when it exceeds the budget, its older half goes at once (a
    little each turn would invalidate the cache each turn). The system prompt never goes.
    """

    def __init__(self, system: str, budget_tokens: int) -> None:
        """`system` may be empty; `budget_tokens` bounds the history without it."""
        self._system = [Message("system", system)] if system else []
        self._history: list[Message] = []
        self._budget_tokens = budget_tokens

    def messages(self) -> tuple[Message, ...]:
        """System prompt and history, oldest first; turns with no answer between them are one message."""
        merged = list(self._system)
        for message in self._history:
            if message.role == "user" and merged and merged[-1].role == "user":
                message = Message("user", joined(merged.pop().text, message.text))
            merged.append(message)
        return tuple(merged)

    def user_said(self, text: str | None) -> Message:
        """Add a turn of the user and return it; its words are None until `transcribed` adds them."""
        self._condense()
        message = Message("user", UNKNOWN if text is None else text)
        self._history.append(message)
        return message

    def transcribed(self, message: Message, text: str) -> None:
        """Put the words into a turn that was added without them, if it still is there."""
        for place, other in enumerate(self._history):
            if other is message:
                self._history[place] = Message("user", text)

    def take_back(self) -> bool:
        """Remove the user's latest turn; returns False, and does nothing, if it was answered."""
        if not self._history or self._history[-1].role != "user":
            return False
        self._history.pop()
        return True

    def assistant_said(self, heard: str) -> None:
        """Add what the user heard of a reply; nothing, if they heard nothing."""
        if heard.strip():
            self._history.append(Message("assistant", heard.strip()))

    @property
    def asks(self) -> bool:
        """True if what the user heard last is a question."""
        latest = self._history[-1] if self._history else None
        return latest is not None and latest.role == "assistant" and asks(latest.text)

    def _condense(self) -> None:
        if self._tokens() <= self._budget_tokens:
            return
        while self._history and self._tokens() > self._budget_tokens // 2:
            del self._history[0]
        while self._history and self._history[0].role != "user":
            del self._history[0]

    def _tokens(self) -> int:
        return sum(len(m.text) // _CHARACTERS_PER_TOKEN + _TOKENS_PER_MESSAGE for m in self._history)
