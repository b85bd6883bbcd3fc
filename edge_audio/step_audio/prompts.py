"""The prompts of the Step-Audio language models: conversations, and texts to speak."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_audio.step_audio.instruction import HUMMING, music
from edge_audio.step_audio.text_tokenizer import BEGIN_OF_TURN, END_OF_TURN
from edge_audio.step_audio.tokens import RELEASED, AudioTokens

_REPLY = f"{BEGIN_OF_TURN}assistant\n"

_RAP = "请参考对话历史里的音色，用RAP方式将文本内容大声说唱出来。"
_HUMMING = "请参考对话历史里的音色，用哼唱的方式将文本内容大声唱出来。"
_SPEECH = """\
作为一名卓越的声优演员，你的任务是根据文本中（）或()括号内标注的情感、语种或方言、音乐哼唱、语音调整等标签，\
以丰富细腻的情感和自然顺畅的语调来朗读文本。
# 情感标签涵盖了多种情绪状态，包括但不限于：
- "高兴1"
- "高兴2"
- "生气1"
- "生气2"
- "悲伤1"
- "撒娇1"

# 语种或方言标签包含多种语言或方言，包括但不限于：
- "中文"
- "英文"
- "韩语"
- "日语"
- "四川话"
- "粤语"
- "广东话"

# 音乐哼唱标签包含多种类型歌曲哼唱，包括但不限于：
- "RAP"
- "哼唱"

# 语音调整标签，包括但不限于：
- "慢速1"
- "慢速2"
- "快速1"
- "快速2"

请在朗读时，{voice}根据这些情感标签的指示，调整你的情感、语气、语调和哼唱节奏，\
以确保文本的情感和意义得到准确而生动的传达，如果没有()或（）括号，则根据文本语义内容自由演绎。"""
"""The release's words, which the speech model was trained with."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of a conversation."""

    role: str
    """system, user or assistant; the chat model reads `human` for user."""
    content: str | tuple[int, ...] | None
    """Text, or the ids of audio tokens; None leaves the turn open for the model to continue."""


class PromptTokenizer(Protocol):
    """What prompts need of a tokenizer: `TextTokenizer` is one."""

    @property
    def bos(self) -> int:
        """The id that begins a sequence."""
        ...

    @property
    def begin_of_turn(self) -> int:
        """The id of `<|BOT|>`."""
        ...

    @property
    def end_of_turn(self) -> int:
        """The id of `<|EOT|>`."""
        ...

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`, with BOS if the tokenizer puts one before every text."""
        ...


def chat_prompt(turns: Sequence[Turn], tokens: AudioTokens = RELEASED) -> str:
    """Return what Step-Audio-Chat reads before it replies, as text with `<|BOT|>` and `<audio_N>` in it.

    Raises `ValueError` if a turn's content is neither text nor ids of audio tokens.
    """
    prompt = "".join(_turn(turn, tokens) for turn in turns)
    return prompt if prompt.endswith(_REPLY) else prompt + _REPLY


def speech_prompt(
    tokenizer: PromptTokenizer, text: str, speaker: str, example: str, example_ids: Sequence[int]
) -> list[int]:
    """Return the ids that Step-Audio-TTS reads before it speaks `text`.

    `example` is the text of the voice's recording, `example_ids` its audio tokens, and `speaker` the name by
    which the model knows the voice, empty if it was cloned from a recording.
    """

    def turn(*parts: list[int]) -> list[int]:
        return [tokenizer.begin_of_turn, *(number for part in parts for number in part)]

    def words(content: str) -> list[int]:
        # A text that is encoded alone gets a leading space, and maybe BOS: so it is encoded after a newline.
        return tokenizer.encode("\n" + content)[len(tokenizer.encode("\n")) :]

    human, assistant = tokenizer.encode("human\n"), tokenizer.encode("assistant\n")
    end = [tokenizer.end_of_turn]
    return [
        tokenizer.bos,
        *turn(tokenizer.encode("system\n" + system_prompt(text, speaker)), end),
        *turn(human, words(example), end),
        *turn(assistant, list(example_ids), end),
        *turn(human, words(text), end),
        *turn(assistant),
    ]


def system_prompt(text: str, speaker: str) -> str:
    """Return the speech model's instruction to speak `text`, as `speaker` if that isn't empty."""
    if music(text):
        return _HUMMING if HUMMING in text else _RAP
    return _SPEECH.format(voice=f"使用[{speaker}]的声音，" if speaker else "")


def _turn(turn: Turn, tokens: AudioTokens) -> str:
    begin = f"{BEGIN_OF_TURN}{'human' if turn.role == 'user' else turn.role}\n"
    match turn.content:
        case None:
            return begin
        case str():
            return f"{begin}{turn.content}{END_OF_TURN}"
        case tuple():
            return f"{begin}{tokens.text(turn.content)}{END_OF_TURN}"
        case _:
            raise ValueError(f"Unsupported content type: {type(turn.content)}")
