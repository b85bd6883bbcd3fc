"""Step-Audio-Chat on a vLLM server: the turn goes there as audio tokens, the reply comes back as text.

The server reads ``POST {url}/completions``, which takes the ids of a whole prompt; its chat protocol would
write the prompt by itself, and knows no audio tokens. See configs/remote-step-chat.md.
"""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Literal

from edge_audio.asr.recognizer import Transcript
from edge_audio.llm.chat_model import ChatModel, ChatModelError, Message, TextDelta, Transcriber, UserTurn
from edge_audio.llm.completion_server import CompletionServer
from edge_audio.step_audio.prompts import Turn, chat_prompt
from edge_audio.step_audio.text_tokenizer import BEGIN_OF_TURN, END_OF_TURN, TextTokenizer
from edge_audio.step_audio.tokens import RELEASED
from runtime.errors import UserError

TRANSCRIBE = "请记录下你所听到的语音内容。"
"""Write down the speech that you hear. A public evaluation kit gives Step-Audio-Chat this system prompt and
names the paper as its source; the release itself shows no prompt for recognition."""

TOP_P = 0.9
"""Nucleus sampling: replies are drawn from the likeliest words with this probability; the release's value."""

_CONTROL = re.compile(r"<\|(?:BOT|EOT)\|>|</?s>|<unk>|<audio_[0-9]+>")


class StepChatServer(ChatModel):
    """A `ChatModel` that hears audio tokens, and text where a turn was typed."""

    hears: Literal["text", "codes"] = "codes"

    def __init__(
        self,
        server: CompletionServer,
        model: str = "step-audio-chat",
        *,
        tokenizer: TextTokenizer | None,
        max_reply_tokens: int = 200,
        temperature: float = 0.7,
    ) -> None:
        """`model` is the server's name for it; `server` is this model's own, and is closed with it.

        `tokenizer` is the model's own: prompts are sent as its ids. With None they are sent as text, audio
        tokens by their names, and the server makes the ids. Raises `UserError` for a tokenizer without audio
        tokens.
        """
        audio = RELEASED if tokenizer is None else tokenizer.audio
        if audio is None:
            raise UserError(
                "The tokenizer given for Step-Audio-Chat has no audio tokens.",
                "Give the folder of Step-Audio-Chat's own tokenizer.",
            )
        self.name = model
        self._server = server
        self._audio = audio
        self._tokenizer = tokenizer
        self._max_reply_tokens = max_reply_tokens
        self._temperature = temperature

    async def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        """See `ChatModel.reply`. Closing the iterator closes the connection, which stops the server."""
        turns = [Turn(message.role, _plain(message.text)) for message in context]
        turns.append(Turn("user", turn.audio_ids or _plain(turn.transcript or "")))
        async with aclosing(self._write(turns, self._temperature)) as deltas:
            async for delta in deltas:
                yield delta

    @property
    def transcriber(self) -> Transcriber:
        """Return itself."""
        return self

    async def transcribe(self, audio_ids: tuple[int, ...]) -> Transcript:
        """Return what was said, as this model hears it; for the text history, beside the reply.

        Cancelling the call stops the server. Raises `ChatModelError`.
        """
        turns = [Turn("system", TRANSCRIBE), Turn("user", audio_ids)]
        async with aclosing(self._write(turns, temperature=0.0)) as deltas:
            text = "".join([delta.text async for delta in deltas])
        return Transcript(text.strip())

    async def warm_up(self) -> None:
        """See `CompletionServer.warm_up`."""
        await self._server.warm_up()

    async def close(self) -> None:
        """See `ChatModel.close`."""
        await self._server.close()

    def _write(self, turns: Sequence[Turn], temperature: float) -> AsyncGenerator[TextDelta, None]:
        request = {
            "model": self.name,
            "max_tokens": self._max_reply_tokens,
            "temperature": temperature,
            "top_p": TOP_P,
        }
        return self._server.write("/completions", request | self._prompt(turns))

    def _prompt(self, turns: Sequence[Turn]) -> dict[str, object]:
        """Return the prompt, and where the answer to it ends."""
        try:
            text = chat_prompt(turns, self._audio)
        except ValueError as error:
            raise ChatModelError(f"Step-Audio-Chat can't hear this turn: {error}") from None
        if self._tokenizer is None:
            # By default vLLM leaves special tokens out of what it writes, and a stop text is never met.
            return {"prompt": text, "stop": [END_OF_TURN, BEGIN_OF_TURN], "skip_special_tokens": False}
        ends = [self._tokenizer.end_of_turn, self._tokenizer.begin_of_turn]
        return {"prompt": self._tokenizer.encode(text), "stop_token_ids": ends}


def _plain(text: str) -> str:
    """Return `text` without the names of special tokens: saying one must not open a turn."""
    return _CONTROL.sub(" ", text)
