"""``[llm]``, adapter ``step-chat``; its libraries are imported only where it is loaded."""

from pathlib import Path
from typing import TYPE_CHECKING

from edge_audio.asr.recognizer import Recognizer
from edge_audio.llm.chat_model import ChatModel
from edge_audio.llm.chat_server import ChatServerConfig
from edge_audio.settings import Shared
from edge_audio.step_audio.config import StepAudioConfig
from runtime.worker import ThreadLane

if TYPE_CHECKING:
    from edge_audio.step_audio.text_tokenizer import TextTokenizer

_ADAPTER = "the chat model step-chat"


class StepChatConfig(ChatServerConfig, frozen=True):
    """Step-Audio-Chat on a vLLM server, which hears audio tokens.

    Its tokenizer is that of ``[step_audio]``. Without ``[asr]`` it also transcribes turns for the history.
    """

    packages = ("httpx", "onnxruntime", "tokenizers")

    model: str = "step-audio-chat"
    """The model's name on that server."""
    tokenizer: str | None = None
    """Folder of Step-Audio-Chat's text tokenizer: prompts are then sent as ids. Unset, they are sent as text,
    audio tokens by their names, and the server makes the ids."""

    def check(self, shared: Shared) -> None:
        """See `AdapterConfig.check`."""
        StepAudioConfig.for_adapter(_ADAPTER, shared)

    def load(self, shared: Shared) -> ChatModel:
        """See `ChatModelConfig.load`."""
        from edge_audio.llm.step_chat import StepChatServer

        return StepChatServer(
            self.server(),
            self.model,
            tokenizer=self._text_tokenizer(),
            max_reply_tokens=self.max_reply_tokens,
            temperature=self.temperature,
        )

    def hearing(self, words: Recognizer | None, shared: Shared) -> Recognizer:
        """See `ChatModelConfig.hearing`."""
        from edge_audio.asr.dual_codebook import DualCodebookRecognizer
        from edge_audio.step_audio.tokenizer.dual import DualTokenizer
        from edge_audio.step_audio.tokens import RELEASED

        step_audio = StepAudioConfig.for_adapter(_ADAPTER, shared)
        text = self._text_tokenizer()
        tokens = RELEASED if text is None else text.audio
        tokenizer = DualTokenizer.load(step_audio.folder(), step_audio.placement(), tokens)
        return DualCodebookRecognizer(tokenizer, ThreadLane("tokenizer"), words)

    def _text_tokenizer(self) -> "TextTokenizer | None":
        from edge_audio.step_audio.text_tokenizer import TextTokenizer

        return None if self.tokenizer is None else TextTokenizer.open(Path(self.tokenizer).expanduser())
