"""Holds a scenario's conversation in virtual time, between simulated ears, models and player."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from edge_audio.config import Conversation
from edge_audio.dialogue.announcement import Announcement
from edge_audio.dialogue.context import Context
from edge_audio.dialogue.dialogue import DialogueSettings, open_dialogue
from edge_audio.dialogue.replies import Replies
from edge_audio.dialogue.reply import Reply, ReplyWatcher, Speaking
from edge_audio.dialogue.reporter import Reporter
from edge_audio.events import (
    Announced,
    Event,
    Heard,
    Hearing,
    ReplyResumed,
    ReplyStarted,
    SpeculationStarted,
    SpeechStarted,
    TurnEnded,
    TurnFinished,
    TurnReport,
)
from edge_audio.llm.chat_model import Message, UserTurn
from edge_audio.tts.voice import Style
from edge_audio.turns.policy import EndOfTurnPolicy
from runtime import clock
from runtime.actor import ActorGroup
from tests.simulation.scenario import Act, Announce, Do, Noise, Scenario, Speak, Type
from tests.simulation.simulated_ears import SimulatedEars, Sound
from tests.simulation.simulated_models import RATE_HZ, SimulatedChat, SimulatedVoice
from tests.simulation.simulated_player import SimulatedPlayer

HOLD_MS = DialogueSettings().hold_ms
REGRET_MS = DialogueSettings().regret_ms
HELD_MS = Conversation().held_audio_ms

QUIET_END_S = 120.0
"""Silence at the end, enough for the slowest reply, stalls of the server included."""

_REMEMBERED = 400
"""Events before a part of a conversation that may tell what its context holds."""

_PATIENCE_S = 6.0
"""How long the user waits for what an act waits for; then it comes anyway."""

_EVENT = {
    "speculation": SpeculationStarted,
    "turn ended": TurnEnded,
    "reply began": ReplyStarted,
    "reply over": TurnFinished,
}


class KeptReplies(Replies):
    """Keeps every reply that is begun."""

    def __init__(self, kept: list[Reply], *parts: Any) -> None:
        super().__init__(*parts)
        self._kept = kept

    def new(self, watcher: ReplyWatcher) -> Reply:
        reply = super().new(watcher)
        self._kept.append(reply)
        return reply


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the chat model was asked with."""

    at_s: float
    epoch: int
    """Of the reply."""
    context: tuple[Message, ...]
    turn: UserTurn


@dataclass(slots=True)
class Course:
    """What happened in a conversation."""

    scenario: Scenario
    ears: SimulatedEars
    player: SimulatedPlayer
    chat: SimulatedChat
    events: list[tuple[float, Event]] = field(default_factory=list)
    """All that was told, with the time."""
    prompts: list[Prompt] = field(default_factory=list)
    """What the chat model was asked with, in order."""
    replies: list[Reply] = field(default_factory=list)
    by_hand: list[tuple[float, str]] = field(default_factory=list)
    """When a line was typed or a key pressed, and which."""
    announced: list[str] = field(default_factory=list)
    """What the assistant was to say by itself."""
    announcements: list[tuple[str, str]] = field(default_factory=list)
    """What it was to say and is said or given up, and what was heard of it."""
    sounds: list[Sound] = field(default_factory=list)
    """What the user said, and all else that could be heard."""
    wrongs: list[str] = field(default_factory=list)
    """What must never happen and was seen while it did."""
    earlier: tuple[Event, ...] = ()
    """Some of what was told before `events` begin: that of which the context may still hold something."""

    def turn_over(self) -> None:
        """Forget all but what the context may hold, so that a long conversation can be checked in parts.

        To be called while nobody speaks and nothing is owed.
        """
        told: list[Event] = []
        for event in self.of(Heard, TurnFinished, Announced, TurnEnded):
            match event:
                case Heard(pause=None):
                    pass
                case Heard(text=None, pause=pause, audio_ids=ids):
                    told.append(Heard(self.ears.words_of(ids or ()), pause))
                case _:
                    told.append(event)
        self.earlier = (*self.earlier, *told)[-_REMEMBERED:]
        self.ears.forget_tokens()
        lists = (self.events, self.prompts, self.replies, self.by_hand, self.sounds)
        for full in (*lists, self.announced, self.announcements):
            full.clear()
        self.ears.forgotten.clear()
        self.player.stopped.clear()
        self.player.sounded.clear()

    def of(self, *kinds: type) -> list[Event]:
        """Return the events of some kinds."""
        return [event for _, event in self.events if isinstance(event, kinds)]

    def times(self, *kinds: type) -> list[float]:
        """Return when events of some kinds were told."""
        return [at for at, event in self.events if isinstance(event, kinds)]

    @property
    def reports(self) -> list[TurnReport]:
        """All turns' reports."""
        return [event.report for _, event in self.events if isinstance(event, TurnFinished)]


class Simulation:
    """One conversation that runs."""

    def __init__(self, scenario: Scenario, group: ActorGroup) -> None:
        self._scenario = scenario
        self.ears = ears = SimulatedEars(scenario, self._heard)
        self.chat = chat = SimulatedChat(scenario, ears.words_of)
        self.voice = voice = SimulatedVoice(scenario)
        self.context = context = Context("Be kind.", 1000)
        wordless = scenario.hears == "codes"
        kept: list[Reply] = []
        speaking = Speaking(voice, Style(), RATE_HZ, HELD_MS, scenario.language)
        self.replies = replies = KeptReplies(
            kept, group, chat, context, speaking, clock.now, chat if wordless else None
        )
        self.player = player = SimulatedPlayer(
            replies.epoch, latency_s=scenario.output_latency_s, drift=scenario.faults.drift
        )
        self.course = Course(scenario, ears, player, chat, replies=kept)
        chat.on_prompt = self._asked
        self.controller = open_dialogue(
            replies,
            player,
            context,
            ears,
            EndOfTurnPolicy(threshold=0.5, certainty=0.9, pause_ms=400.0),
            Reporter(clock.now, self._tell),
            DialogueSettings(
                scenario.effort,
                scenario.barge_in,
                turns_without_words=wordless,
                language=scenario.language,
            ),
        )
        self._waiting: tuple[type, asyncio.Future[None]] | None = None
        self._onset_s = 0.0
        self._begun_s = 0.0
        self._over_s = 0.0
        self._replug: list[asyncio.TimerHandle] = []

    @property
    def idle(self) -> bool:
        """Whether nothing goes on any more."""
        return self.controller.idle and self.ears.idle and not self.replies.busy and not self.player.busy

    # What is told.

    def _heard(self, event: Event) -> None:
        self._tell(event)
        if isinstance(event, Hearing):
            self.controller.handle(event)
        if isinstance(event, SpeechStarted):
            self._onset_s = clock.now()
            if self._scenario.barge_in and self.player.sounding:
                self._wrong("the reply went on when speech began")

    def _wrong(self, what: str) -> None:
        self.course.wrongs.append(f"at {clock.now():.3f} {what}")

    def _tell(self, event: Event) -> None:
        now_s = clock.now()
        self.course.events.append((now_s, event))
        if self.ears.speaking:
            by_hand_s = self.course.by_hand[-1][0] if self.course.by_hand else None
            if isinstance(event, TurnEnded) and now_s != by_hand_s:
                self._wrong("a turn was answered while the user spoke")
            if isinstance(event, ReplyResumed) and now_s < self._onset_s + HOLD_MS / 1000 - 1e-6:
                self._wrong("a reply went on while the user spoke")
        if self._waiting is not None:
            kind, waiter = self._waiting
            if isinstance(event, kind) and not waiter.done():
                waiter.set_result(None)

    def _asked(self, context: tuple[Message, ...], turn: UserTurn) -> None:
        self.course.prompts.append(Prompt(clock.now(), self.replies.epoch.current, context, turn))

    # What the user does.

    async def act(self, acts: Iterable[Act]) -> None:
        """Do all of `acts`, in order."""
        for act in acts:
            await self._wait(act)
            self._do(act)

    async def _wait(self, act: Act) -> None:
        match act.after:
            case "then":
                await clock.sleep_until(max(clock.now(), self._over_s) + act.delay_s)
            case "during":
                await clock.sleep_until(self._begun_s + act.delay_s)
            case kind:
                waiter = asyncio.get_running_loop().create_future()
                self._waiting = (_EVENT[kind], waiter)
                patience = asyncio.get_running_loop().call_later(
                    _PATIENCE_S, lambda: waiter.done() or waiter.set_result(None)
                )
                await waiter
                self._waiting = None
                patience.cancel()
                await asyncio.sleep(act.delay_s)

    def _do(self, act: Act) -> None:
        self._begun_s = clock.now()
        match act.what:
            case Speak(words, word_s, ends):
                self._sound(Sound(clock.now(), word_s * len(words), words, ends))
            case Noise(length_s):
                self._sound(Sound(clock.now(), length_s))
            case Type(text):
                self.course.by_hand.append((clock.now(), text))
                self.controller.type_line(text)
            case Announce(text):
                self.controller.announce(Announcement(text, partial(self._announced, text)))
                self.course.announced.append(text)
            case Do(what):
                self.course.by_hand.append((clock.now(), what))
                self._press(what)

    def _announced(self, text: str, heard: str) -> None:
        self.course.announcements.append((text, heard))

    def _sound(self, sound: Sound) -> None:
        self.course.sounds.append(sound)
        self._over_s = max(self._over_s, sound.end_s)
        self.ears.sound(sound)
        asyncio.get_running_loop().call_at(sound.end_s, self.ears.sound_over, sound)

    def _press(self, what: str) -> None:
        """As `Assistant` does."""
        match what:
            case "stop":
                self.controller.stop_reply()
            case "press to talk":
                self.controller.stop_reply()
                self.ears.deafen("muted", False)
            case "let go":
                self.controller.end_turn_now()
                self.ears.deafen("muted", True)
            case "mute" | "unmute":
                self.ears.deafen("muted", what == "mute")
            case "unplug" | "plug in":
                self.ears.deafen("unplugged", what == "unplug")


def converse(scenario: Scenario) -> Course:
    """Hold the conversation to its quiet end, and see that it leaves nothing behind."""
    return clock.run_virtual(_converse(scenario))


async def leave_after(scenario: Scenario, at_s: float) -> Simulation:
    """Hold the conversation up to a moment, and then leave it as `Assistant` does, whatever goes on."""
    async with ActorGroup() as group:
        simulation = Simulation(scenario, group)
        group.start(simulation.replies.actor())
        acting = asyncio.create_task(simulation.act(scenario.acts))
        await asyncio.sleep(at_s)
        acting.cancel()
        simulation.controller.close()
    return simulation


async def _converse(scenario: Scenario) -> Course:
    async with ActorGroup() as group:
        simulation = Simulation(scenario, group)
        group.start(simulation.replies.actor())
        simulation.replies.prefill()
        await simulation.act(scenario.acts)
        await asyncio.sleep(QUIET_END_S)
        course = simulation.course
        if not simulation.idle:
            course.wrongs.append("it was not over long after the last word")
        if simulation.player.paused:
            course.wrongs.append("the player is still held")
        if simulation.chat.running or simulation.voice.running:
            course.wrongs.append("a model still computes")
    loop = asyncio.get_running_loop()
    if (tasks := len(asyncio.all_tasks())) != 1:
        course.wrongs.append(f"{tasks - 1} tasks are left")
    if timers := [handle for handle in loop._scheduled if not handle.cancelled()]:
        course.wrongs.append(f"timers are left: {timers}")
    return course
