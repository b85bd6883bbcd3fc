"""Stand-ins for what a reply is made with, in virtual time."""

from collections.abc import AsyncGenerator

import numpy as np

from edge_audio.dialogue.reply import Reply, Speaking
from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import SpokenChunk, Style, Voice

RATE_HZ = 1000


class KeepingVoice(Voice):
    """Keeps what it is to say; a letter takes 10 samples."""

    name = "test"
    sample_rate_hz = RATE_HZ
    speakers: tuple[str, ...] = ("one",)

    def __init__(self, *abilities: str) -> None:
        self.abilities = frozenset(abilities)
        self.said: list[tuple[Clause, Style]] = []

    async def speak(self, clause: Clause, style: Style) -> AsyncGenerator[SpokenChunk, None]:
        self.said.append((clause, style))
        pcm = np.full(len(clause.text) * 10, 0.5, np.float32)
        yield SpokenChunk(pcm, clause.text_start, clause.text_start + len(clause.text))


class Watcher:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def reply_text(self, reply: Reply) -> None:
        self.texts.append(reply.text)

    def reply_audio(self, reply: Reply) -> None:
        pass

    def reply_made(self, reply: Reply) -> None:
        pass


def empty_reply(voice: Voice, watcher: Watcher, style: Style | None = None) -> Reply:
    return Reply(1, speaking_with(voice, style), lambda: 0.0, watcher)


def speaking_with(voice: Voice, style: Style | None = None) -> Speaking:
    return Speaking(voice, style or Style(), RATE_HZ, held_ms=30_000)
