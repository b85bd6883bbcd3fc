"""Several conversations at once over one set of models: their response gaps, and whether they stay apart."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import Any

from edge_audio.adapters import Models, open_models
from edge_audio.assistant import Assistant
from edge_audio.audio.file_device import FileDevice
from edge_audio.audio.script import Clip, Script
from edge_audio.bench.conversation.material import Clip as Question
from edge_audio.bench.conversation.material import quiet_room, read_material, read_questions
from edge_audio.config import Config
from edge_audio.events import Event, TurnFinished
from edge_audio.llm.chat_model import ChatModel, Message, TextDelta, UserTurn
from edge_audio.machine import machine_load
from edge_audio.percentiles import percentiles

_STAGGER_S = 1.3
"""Each conversation begins so long after the one before."""

_BETWEEN_S = 0.8
"""Time from the end of a reply to the next question."""


@dataclass(slots=True)
class _Held:
    """One conversation and its results."""

    asked: Sequence[Question]
    turns: list[TurnFinished] = field(default_factory=list)
    contexts: list[str] = field(default_factory=list)
    """The user's texts in the chat model's prompts."""
    underruns: int = 0

    def watch(self, event: Event) -> None:
        """Collect finished turns."""
        if isinstance(event, TurnFinished):
            self.turns.append(event)

    @property
    def gaps_ms(self) -> list[float]:
        """The gap of each turn, from the end of speech to the first audible sample."""
        gaps = [turn.report.response_gap_ms for turn in self.turns]
        return [gap for gap in gaps if gap is not None]


class _Watched(ChatModel):
    """A chat model whose prompts are collected."""

    def __init__(self, chat: ChatModel, held: _Held) -> None:
        self.name, self.hears = chat.name, chat.hears
        self._chat = chat
        self._held = held

    def session(self) -> ChatModel:
        """See `ChatModel.session`."""
        return _Watched(self._chat.session(), self._held)

    def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        """See `ChatModel.reply`."""
        self._held.contexts += [message.text for message in context if message.role == "user"]
        self._held.contexts.append(turn.transcript or "")
        return self._chat.reply(context, turn)

    async def prefill(self, context: Sequence[Message], heard: str = "") -> float | None:
        """See `ChatModel.prefill`."""
        return await self._chat.prefill(context, heard)

    async def close(self) -> None:
        """See `ChatModel.close`."""
        await self._chat.close()


async def measure_sessions(config: Config, conversations: int = 4, questions: int = 6) -> dict[str, Any]:
    """Hold one conversation alone, one beside silent ones, and `conversations` at once.

    Each has `questions` that no other has. Takes about two minutes. Returns the gaps in milliseconds, and
    what `measure_together` does.
    """
    share = _share(conversations, questions)
    async with open_models(config, conversations=conversations) as models:
        alone = await _hold(config, models, [share[0]])
        beside = await _hold(config, models, [share[0], *[()] * (conversations - 1)])
    return {
        "alone_gap_ms": percentiles(alone[0].gaps_ms),
        "beside_silent_gap_ms": percentiles(beside[0].gaps_ms),
    } | await measure_together(config, conversations, questions)


async def measure_together(config: Config, conversations: int, questions: int) -> dict[str, Any]:
    """Hold `conversations` at once, each of which asks `questions`.

    Returns the gaps in milliseconds, how many texts belong to another conversation, and the underruns of
    replies.
    """
    share = _share(conversations, questions)
    load = machine_load()
    async with open_models(config, conversations=conversations) as models:
        together = await _hold(config, models, share)
    return {
        "conversations": conversations,
        "answered": sum(bool(held.turns) for held in together),
        "together_gap_ms": percentiles([gap for held in together for gap in held.gaps_ms]),
        "turns": sum(len(held.turns) for held in together),
        "asked": sum(map(len, share)),
        "wrong_texts": _wrong(together),
        "underruns": sum(held.underruns for held in together),
        "load": load | {"load_1min_after": machine_load()["load_1min"]},
    }


def _share(conversations: int, questions: int) -> list[list[Question]]:
    """Return plain questions for each conversation, different ones for each."""
    clips = [*read_questions(), *read_material().clips.values()]
    plain = [clip for clip in clips if clip.text.endswith("?") and not (clip.pauses or clip.tags)]
    plain = list({clip.name: clip for clip in plain}.values())
    return [plain[number::conversations][:questions] for number in range(conversations)]


async def _hold(config: Config, models: Models, share: Sequence[Sequence[Question]]) -> list[_Held]:
    """Hold a conversation for each list of questions; those without any listen as long as the first."""
    held = [_Held(asked) for asked in share]
    over = asyncio.Event()

    async def converse(number: int) -> None:
        one = held[number]
        begin_s = number * _STAGGER_S + 0.1
        clips = [
            Clip(question.samples(), **({"at_s": begin_s} if not place else {"after_reply_s": _BETWEEN_S}))
            for place, question in enumerate(one.asked)
        ]
        script = Script(clips or [Clip(quiet_room(1.0), at_s=0.1)])
        watched = replace(models, chat=_Watched(models.chat, one))
        device = FileDevice(f"conversation {number}", script)
        async with Assistant.open(config, models=watched, device=device) as assistant:
            assistant.watch(one.watch)
            assistant.watch(lambda event: script.watch(event, assistant.now_s()))
            await (assistant.ended() if one.asked else over.wait())
            one.underruns = assistant.counters["reply_underruns"]

    async with asyncio.TaskGroup() as group:
        silent = [group.create_task(converse(number)) for number, one in enumerate(held) if not one.asked]
        active = [group.create_task(converse(number)) for number, one in enumerate(held) if one.asked]
        await asyncio.gather(*active)
        over.set()
        await asyncio.gather(*silent)
    return held


def _wrong(together: Sequence[_Held]) -> int:
    """Count the texts that are more like a question of another conversation than like its own."""
    wrong = 0
    for one in together:
        others = [question.text for other in together if other is not one for question in other.asked]
        for text in [*(turn.report.user_text for turn in one.turns), *one.contexts]:
            own = max(_alike(text, question.text) for question in one.asked)
            wrong += any(_alike(text, other) > max(own, 0.8) for other in others)
    return wrong


def _alike(text: str, other: str) -> float:
    return SequenceMatcher(None, text.lower(), other.lower(), autojunk=False).ratio()
