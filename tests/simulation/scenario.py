"""Scenarios: what a user does in a conversation, how fast the models are, and what breaks."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

After = Literal["then", "during", "speculation", "turn ended", "reply began", "reply over"]
"""What an act waits for: the end of the act before it, its beginning, or the next such event."""

Hears = Literal["text", "codes", "both"]
"""What the assistant gets to know of speech: words, audio tokens, or both at once."""


@dataclass(frozen=True, slots=True)
class Speak:
    """Say words."""

    words: tuple[str, ...]
    word_s: float = 0.25
    ends: str = "."
    """How the recognizer closes it once it has heard all of it."""


@dataclass(frozen=True, slots=True)
class Noise:
    """A cough, a door, a blender: the detector takes it for speech, the recognizer finds no word in it."""

    length_s: float


@dataclass(frozen=True, slots=True)
class Type:
    """Type a line."""

    text: str


@dataclass(frozen=True, slots=True)
class Announce:
    """Have the assistant say something by itself."""

    text: str


@dataclass(frozen=True, slots=True)
class Do:
    """Press a key, or do something to the devices."""

    what: Literal["stop", "press to talk", "let go", "mute", "unmute", "unplug", "plug in"]


What = Speak | Noise | Type | Announce | Do


@dataclass(frozen=True, slots=True)
class Act:
    """Something the user does, `delay_s` after what it waits for."""

    what: What
    delay_s: float = 0.5
    after: After = "then"


@dataclass(frozen=True, slots=True)
class Costs:
    """How long the models take, in seconds; each call between half and one and a half of it."""

    asr_s: float = 0.15
    end_of_turn_s: float = 0.03
    read_s: float = 0.04
    """The chat model reads what was heard, and judges whether it is all."""
    first_text_s: float = 0.12
    next_text_s: float = 0.03
    clause_s: float = 0.06
    times: float = 1.0
    """A slow or busy processor takes so many times as long."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What breaks, by the probability that a call does."""

    recognizer: float = 0.0
    end_of_turn: float = 0.0
    chat: float = 0.0
    """A reply breaks off, comes empty, or never begins."""
    stall: float = 0.0
    """The server is silent for 20 seconds, and then it breaks or goes on."""
    voice: float = 0.0
    transcriber: float = 0.0
    silence_heard_as_words: float = 0.0
    """A noise is taken for words, as recognizers do."""
    drift: float = 0.0
    """By how much the speaker's clock is faster than the microphone's, as a share."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One conversation. The same scenario always takes the same course."""

    acts: tuple[Act, ...]
    seed: int = 0
    """Of all that is left to chance: costs, faults, what the models say."""
    hears: Hears = "text"
    effort: Literal["none", "frugal", "balanced", "eager"] = "balanced"
    barge_in: bool = True
    costs: Costs = field(default_factory=Costs)
    faults: Faults = field(default_factory=Faults)
    judges_words: bool = False
    """Whether the chat model tells, right or wrong, if what it has read is a whole turn."""
    output_latency_s: float = 0.02
    reply_words: int = 12
    """Most words of a reply."""
    reply_ends: str = "."
    language: str = "en"
    """ISO 639-1 code of what the user says."""


_FILLERS = ("um", "and", "the", "to", "uh", "because")
_BACKCHANNELS = (("mm-hm",), ("yeah",), ("okay", "right"), ("I", "see"), ("uh", "huh"))


class _Generator:
    """Makes scenarios up. Words are numbered, so that each can be found again."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._seed = seed
        self._words = 0

    def scenario(self) -> Scenario:
        rng = self._rng
        acts: list[Act] = []
        for _ in range(rng.randint(1, 4)):
            acts += self.episode()
        return Scenario(
            tuple(acts),
            seed=self._seed,
            hears=rng.choices(("text", "codes", "both"), (4, 2, 1))[0],
            effort=rng.choices(("none", "frugal", "balanced", "eager"), (1, 1, 3, 3))[0],
            barge_in=rng.random() < 0.85,
            costs=self._costs(),
            faults=self._faults(),
            judges_words=rng.random() < 0.6,
            output_latency_s=rng.choice((0.0, 0.02, 0.15)),
            reply_words=rng.choice((1, 6, 12, 30)),
        )

    def _costs(self) -> Costs:
        rng = self._rng
        return Costs(
            asr_s=rng.uniform(0.0, 0.4),
            end_of_turn_s=rng.uniform(0.0, 0.1),
            read_s=rng.uniform(0.0, 0.2),
            first_text_s=rng.uniform(0.0, 0.5),
            next_text_s=rng.uniform(0.0, 0.15),
            clause_s=rng.uniform(0.0, 0.3),
            times=10.0 if rng.random() < 0.08 else 1.0,
        )

    def _faults(self) -> Faults:
        rng = self._rng

        def rate() -> float:
            return rng.choices((0.0, 0.15, 1.0), (14, 3, 1))[0]

        return Faults(
            recognizer=rate(),
            end_of_turn=rate(),
            chat=rate(),
            stall=rate() * 0.5,
            voice=rate(),
            transcriber=rate(),
            silence_heard_as_words=rng.choice((0.0, 0.0, 0.3)),
            drift=rng.choice((0.0, rng.uniform(-0.001, 0.001))),
        )

    def episode(self) -> list[Act]:
        """Return a few acts that belong together."""
        rng = self._rng
        kinds = {
            self._turn: 8,
            self._over_the_reply: 5,
            self._correction: 2,
            self._noises: 2,
            self._monologue: 1,
            self._by_hand: 3,
            self._push_to_talk: 1,
            self._muted: 1,
            self._unplugged: 1,
            self._double_talk: 1,
            self._anything: 2,
        }
        return rng.choices(list(kinds), list(kinds.values()))[0]()

    def _speak(self, most: int = 8, *, open_end: bool = False) -> Speak:
        rng = self._rng
        words = []
        for _ in range(rng.randint(1, most)):
            self._words += 1
            words.append(f"u{self._words}")
            if rng.random() < 0.1:
                words.append(rng.choice(_FILLERS))
        if open_end:
            words.append(rng.choice(_FILLERS))
        elif rng.random() < 0.2:
            words.insert(0, "what")
        return Speak(tuple(words), rng.uniform(0.12, 0.45), rng.choice((".", "?", ",", "...", "")))

    def _turn(self, after: After = "then", delay_s: float | None = None) -> list[Act]:
        """A turn with pauses inside."""
        rng = self._rng
        delay_s = rng.uniform(0.1, 4.0) if delay_s is None else delay_s
        acts = [Act(self._speak(open_end=rng.random() < 0.3), delay_s, after)]
        while rng.random() < 0.4:
            acts.append(Act(self._speak(4), rng.choice((rng.uniform(0.02, 0.3), rng.uniform(0.1, 1.6)))))
        return acts

    def _over_the_reply(self) -> list[Act]:
        """A turn, and then something over its reply, or just before it, or as it ends."""
        rng = self._rng
        after: After = rng.choice(("speculation", "turn ended", "reply began", "reply began", "reply over"))
        delay_s = rng.choice((0.0, rng.uniform(0.0, 0.3), rng.uniform(0.0, 3.0)))
        acts = self._turn()
        for _ in range(rng.choice((1, 1, 2, 3))):
            match rng.randrange(4):
                case 0:
                    acts += self._turn(after, delay_s)
                case 1:
                    acts.append(Act(Speak(rng.choice(_BACKCHANNELS), 0.2), delay_s, after))
                case 2:
                    acts.append(Act(Noise(rng.uniform(0.03, 0.8)), delay_s, after))
                case _:
                    acts.append(Act(self._speak(3), delay_s, after))
            after, delay_s = "then", rng.uniform(0.02, 1.5)
        return acts

    def _correction(self) -> list[Act]:
        """Said as soon as the turn seems over: no, I mean ..."""
        after = self._rng.choice(("speculation", "turn ended", "reply began"))
        return [*self._turn(), *self._turn(after, self._rng.uniform(0.0, 0.8))]

    def _noises(self) -> list[Act]:
        rng = self._rng
        return [Act(Noise(rng.uniform(0.03, 3.0)), rng.uniform(0.1, 2.0)) for _ in range(rng.randint(1, 3))]

    def _monologue(self) -> list[Act]:
        acts = [Act(self._speak(25), self._rng.uniform(0.1, 1.0))]
        for _ in range(self._rng.randint(1, 4)):
            acts.append(Act(self._speak(15, open_end=True), self._rng.uniform(0.1, 0.7)))
        return acts

    def _announce(self) -> Announce:
        return Announce(f"a{self._words} " + "word " * self._rng.randint(0, 6) + "word.")

    def _by_hand(self) -> list[Act]:
        """A typed line, an announcement, or a reply stopped, at any time."""
        rng = self._rng
        acts = self._turn() if rng.random() < 0.7 else []
        for _ in range(rng.randint(1, 2)):
            after: After = rng.choice(("then", "during", "speculation", "turn ended", "reply began"))
            self._words += 1
            what: What = rng.choice((Type(f"t{self._words}"), Do("stop"), self._announce()))
            acts.append(Act(what, rng.choice((0.0, rng.uniform(0.0, 2.0))), after))
        return acts

    def _push_to_talk(self) -> list[Act]:
        rng = self._rng
        return [
            Act(Do("press to talk"), rng.uniform(0.0, 2.0)),
            Act(self._speak(), rng.uniform(0.0, 0.5)),
            Act(Do("let go"), rng.uniform(0.0, 1.5), rng.choice(("then", "during"))),
            Act(Do("unmute"), rng.uniform(0.0, 3.0)),
        ]

    def _muted(self) -> list[Act]:
        rng = self._rng
        return [
            *self._turn(),
            Act(Do("mute"), rng.uniform(0.0, 1.5), rng.choice(("then", "during"))),
            Act(self._speak(), rng.uniform(0.0, 0.5)),
            Act(Do("unmute"), rng.uniform(0.0, 1.5), rng.choice(("then", "during"))),
        ]

    def _unplugged(self) -> list[Act]:
        rng = self._rng
        return [
            *self._turn(),
            Act(Do("unplug"), rng.uniform(0.0, 1.5), rng.choice(("then", "during", "reply began"))),
            Act(Do("plug in"), rng.uniform(0.0, 8.0)),
        ]

    def _double_talk(self) -> list[Act]:
        """Two people at once."""
        first, second = self._speak(), self._speak()
        return [Act(first, self._rng.uniform(0.1, 2.0)), Act(second, self._rng.uniform(0.0, 1.0), "during")]

    def _anything(self) -> list[Act]:
        """Things in an order that nobody would think of."""
        rng = self._rng
        acts = []
        for _ in range(rng.randint(2, 7)):
            self._words += 1
            what: What = rng.choice(
                (
                    self._speak(3),
                    Speak(rng.choice(_BACKCHANNELS), 0.2),
                    Noise(rng.uniform(0.03, 1.0)),
                    Type(f"t{self._words}"),
                    self._announce(),
                    Do(
                        rng.choice(("stop", "press to talk", "let go", "mute", "unmute", "unplug", "plug in"))
                    ),
                )
            )
            after: After = rng.choice(
                ("then", "during", "speculation", "turn ended", "reply began", "reply over")
            )
            acts.append(Act(what, rng.choice((0.0, rng.uniform(0.0, 0.3), rng.uniform(0.0, 2.0))), after))
        return [*acts, Act(Do("unmute"), 1.0), Act(Do("plug in"), 0.0)]


def random_scenario(seed: int) -> Scenario:
    """Return the scenario that `seed` stands for."""
    return _Generator(seed).scenario()


def episodes(seed: int) -> Iterator[list[Act]]:
    """Return what happens in a conversation without an end, a few acts at a time."""
    generator = _Generator(seed)
    while True:
        yield generator.episode()


def simpler(act: Act) -> list[Act]:
    """Return what could be left out of an act without leaving it out, simplest first."""
    options = [replace(act, delay_s=delay_s) for delay_s in (0.0, 0.5) if act.delay_s != delay_s]
    match act.what:
        case Speak(words, word_s, ends):
            options += [replace(act, what=Speak(words[:1], word_s, ends))] if len(words) > 1 else []
            options += [replace(act, what=Speak(words[:-1], word_s, ends))] if len(words) > 2 else []
            options += [replace(act, what=Speak(words, 0.25, "."))] if (word_s, ends) != (0.25, ".") else []
        case Noise(length_s) if length_s != 0.5:
            options.append(replace(act, what=Noise(0.5)))
        case _:
            pass
    return options
