"""The dialogue: the controller and its parts, put together once for the assistant and for the simulation."""

from dataclasses import dataclass

from edge_audio.dialogue.context import Context
from edge_audio.dialogue.controller import Controller, ControllerSettings
from edge_audio.dialogue.delivery import Delivery
from edge_audio.dialogue.interruption import Interruptions
from edge_audio.dialogue.replies import Replies
from edge_audio.dialogue.reporter import Reporter
from edge_audio.dialogue.seams import ReplyPlayer, TurnListener
from edge_audio.dialogue.speculation import EFFORTS, SpeculationPolicy, Speculations
from edge_audio.turns.policy import EndOfTurnPolicy

WORDLESS_MS = 700
"""Speech over a reply that is longer is no cough and no backchannel, where no recognizer finds words."""


@dataclass(frozen=True, slots=True)
class DialogueSettings:
    """How the conversation goes; see `edge_audio.config.Conversation`, which has the same defaults."""

    effort: str = "balanced"
    """Name of one of `EFFORTS`: how much to speculate; `none` makes replies at the turn's end."""
    barge_in: bool = True
    """Whether speech may interrupt a reply that has begun."""
    hold_ms: int = 1500
    """How long a reply waits, after speech began over it, for words that confirm an interruption."""
    regret_ms: int = 700
    """A reply that was heard for no longer when the user goes on is withdrawn, and their turn goes on."""
    turns_without_words: bool = False
    """True where no recognizer finds words: speech over a reply then interrupts by its length."""
    language: str | None = None
    """ISO 639-1 code of what is typed, where its script doesn't show it; None if unknown."""


def open_dialogue(
    replies: Replies,
    player: ReplyPlayer,
    context: Context,
    listener: TurnListener,
    end_of_turn: EndOfTurnPolicy,
    reporter: Reporter,
    settings: DialogueSettings,
) -> Controller:
    """Build what decides: it makes `replies`, plays them on `player`, and keeps `context` true."""
    wordless = settings.turns_without_words
    delivery = Delivery(replies, player, context, reporter, regret_ms=settings.regret_ms)
    interruptions = Interruptions(
        delivery,
        hold_ms=settings.hold_ms,
        wordless_ms=WORDLESS_MS if wordless else None,
        time_s=reporter.time_s,
    )
    policy = None if settings.effort == "none" else SpeculationPolicy(EFFORTS[settings.effort])
    return Controller(
        listener,
        delivery,
        interruptions,
        Speculations(replies, delivery, policy, reporter),
        end_of_turn,
        reporter,
        ControllerSettings(settings.barge_in, wordless, settings.language),
    )
