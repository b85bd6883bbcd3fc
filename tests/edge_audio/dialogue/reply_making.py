"""Stand-ins for what a reply is made with, in virtual time."""

from edge_audio.dialogue.reply import Reply, Speaking
from edge_audio.testing import ToneVoice
from edge_audio.tts.voice import Style, Voice

RATE_HZ = 1000


def voice_for(*abilities: str) -> ToneVoice:
    """A voice that takes 10 samples for a letter."""
    return ToneVoice(rate_hz=RATE_HZ, character_s=0.01, abilities=("speaker", *abilities))


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
