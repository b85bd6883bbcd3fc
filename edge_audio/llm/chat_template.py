"""The chat template in a model's file: what it makes of a conversation while its last turn is being said."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import takewhile
from typing import Any
from urllib.parse import urlsplit

from edge_audio.llm.chat_model import ChatModelError, Message

_RENDER_S = 0.04
"""Rendering takes 1 ms, or 3 if the conversation is long. Nothing can stop it, and a cancel has 50 ms."""


def chat_request(context: Sequence[Message], said: str) -> dict[str, Any]:
    """Return the part of a request to llama.cpp that its template is rendered from."""
    messages = [*context, Message("user", said)]
    return {
        "messages": [{"role": message.role, "content": message.text} for message in messages],
        "chat_template_kwargs": {"enable_thinking": False},
    }


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """Renders prompts on a llama.cpp server, which makes the same ones for its chat completions."""

    address: str
    """Address of the server: http://host:port."""
    key: str
    """The API key that the server expects."""

    def prefix(self, context: Sequence[Message], heard: str = "") -> str:
        """Return as much of the next prompt as is certain once `heard` is known of the user's turn.

        It is what two continuations have in common, so it also holds for templates that trim or change the
        words; it ends with `heard` if they don't. Raises `ChatModelError` if the template can't be rendered.
        """
        one, other = (self._render(chat_request(context, heard + more)) for more in ("A", "B"))
        pairs = zip(one, other, strict=False)
        return "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    def _render(self, request: dict[str, Any]) -> str:
        connection = HTTPConnection(urlsplit(self.address).netloc, timeout=_RENDER_S)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", "/apply-template", json.dumps(request), headers)
            response = connection.getresponse()
            answer = json.load(response)
        except (OSError, HTTPException, ValueError) as error:
            raise ChatModelError("The chat template could not be rendered.") from error
        finally:
            connection.close()
        if response.status != 200:
            raise ChatModelError(f"The chat template can't be rendered: {answer}.")
        prompt: str = answer["prompt"]
        return prompt
