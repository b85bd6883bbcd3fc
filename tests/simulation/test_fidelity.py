"""The simulation takes the course that listener and player take frame by frame, with the same sounds."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from edge_audio.adapters import Models
from edge_audio.asr.recognizer import Recognizer, Transcript, Utterance
from edge_audio.assistant import Assistant
from edge_audio.audio.device import AudioDevice
from edge_audio.audio.frame import FRAME_S, FRAME_SAMPLES, Frame, Samples
from edge_audio.audio.playout import Playout
from edge_audio.config import Config, Conversation
from edge_audio.events import (
    Event,
    Heard,
    ReplyPaused,
    ReplyResumed,
    ReplyStarted,
    SpeechPaused,
    SpeechStarted,
    StateChanged,
    TurnEnded,
    TurnFinished,
)
from edge_audio.testing import LoudnessDetector
from edge_audio.turns.detectors import EndOfTurnModel
from runtime import clock
from runtime.channel import Channel
from tests.simulation.scenario import Act, Costs, Noise, Scenario, Speak
from tests.simulation.simulated_ears import Sound
from tests.simulation.simulated_models import RATE_HZ, SimulatedChat, SimulatedVoice
from tests.simulation.simulated_models import Costs as Draws
from tests.simulation.simulation import Course, converse

ASK = Act(Speak(("what", "is", "that", "over", "there"), ends="?"), 1.0)
APART_S = 0.25
"""Events of the two are no further apart: frames, blocks, what is looked at every 20 ms, and the partial
transcript at which words over a reply are sure enough, which are 150 to 300 ms apart."""


class TimedUtterance(Utterance):
    """Frames tell when they were heard; words are those that were over by then."""

    def __init__(self, recognizer: "TimedRecognizer") -> None:
        self._recognizer = recognizer
        self._from_s: float | None = None
        self._to_s = 0.0

    def feed(self, pcm: Samples) -> None:
        if pcm[0]:
            self._from_s = float(pcm[0]) - FRAME_S if self._from_s is None else self._from_s
            self._to_s = float(pcm[0])

    async def transcribe(self, *, partial: bool = False) -> Transcript:
        sounds, draws = self._recognizer.sounds, self._recognizer.draws
        from_s = self._from_s or 0.0
        heard = [(sound, sound.words_between(from_s - FRAME_S, self._to_s + FRAME_S)) for sound in sounds]
        heard = [(sound, words) for sound, words in heard if words]
        text = " ".join(word for _, words in heard for word in words)
        whole = bool(heard) and heard[-1][1][-1] == heard[-1][0].words[-1]
        text += heard[-1][0].ends if whole else ""
        await asyncio.sleep(draws.draw_s(self._recognizer.asr_s))
        if partial and text and not whole:
            text += draws.one_of(".", "", "?", " t")
        return Transcript(text, language="en")


class TimedRecognizer(Recognizer):
    name = "virtual"

    def __init__(self, scenario: Scenario, sounds: list[Sound]) -> None:
        self.sounds = sounds
        self.draws = Draws(scenario, "asr")
        self.asr_s = scenario.costs.asr_s

    def open(self) -> TimedUtterance:
        return TimedUtterance(self)


class EndOfTurn(EndOfTurnModel):
    def __init__(self, scenario: Scenario) -> None:
        self._draws = Draws(scenario, "end of turn")
        self._cost_s = scenario.costs.end_of_turn_s

    async def probability(self, pcm: Samples) -> float:
        await asyncio.sleep(self._draws.draw_s(self._cost_s))
        return 0.9 if self._draws.happens(0.6) else 0.1


class Device(AudioDevice):
    """Plays given sounds; a sample of sound tells the time at the end of its frame."""

    name = "virtual"
    output_rate_hz = RATE_HZ
    output_latency_s = 0.02

    def __init__(self, sounds: list[Sound], length_s: float) -> None:
        self._sounds = sounds
        self._frames = round(length_s / FRAME_S)

    async def run(self, frames: Channel[Frame], playout: Playout, notify: Callable[[Event], None]) -> None:
        for index in range(self._frames):
            playout.read_into(np.zeros(round(RATE_HZ * FRAME_S), np.float32))
            await clock.sleep_until((index + 1) * FRAME_S)
            middle_s = (index + 0.5) * FRAME_S
            loud = any(sound.begin_s <= middle_s < sound.end_s for sound in self._sounds)
            pcm = np.full(FRAME_SAMPLES, clock.now() if loud else 0.0, np.float32)
            await frames.put(Frame(pcm, index * FRAME_SAMPLES))


def by_frames(course: Course) -> list[tuple[float, Event]]:
    """Hold the same conversation with the real listener, player and playout."""
    scenario, events = course.scenario, []
    models = Models(
        LoudnessDetector(),
        EndOfTurn(scenario),
        TimedRecognizer(scenario, course.sounds),
        SimulatedChat(scenario, course.ears.words_of),
        SimulatedVoice(scenario),
        None,
    )
    config = Config(conversation=Conversation(speculate=scenario.effort))

    async def main() -> None:
        device = Device(course.sounds, course.sounds[-1].end_s + 30.0)
        async with Assistant.open(config, models=models, device=device) as assistant:
            assistant.watch(lambda event: events.append((clock.now(), event)))
            await assistant.ended()

    clock.run_virtual(main())
    return events


@pytest.mark.parametrize(
    "acts",
    [
        (ASK,),
        (ASK, Act(Noise(0.5), 0.8, "reply began")),
        (ASK, Act(Speak(("yeah",)), 0.8, "reply began")),
        (ASK, Act(Speak(("no", "tell", "me", "more")), 1.0, "reply began")),
        (ASK, Act(Speak(("I", "mean", "this", "one")), 0.1, "reply began")),
        (Act(Speak(("I", "would", "like", "to"), ends="")), Act(Speak(("see", "it")), 0.9)),
    ],
)
@pytest.mark.parametrize("seed", [3, 4, 5])
def test_listener_and_player_take_the_same_course(
    acts: tuple[Act, ...], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A partial transcript more or less must not change what all later calls cost.
    monkeypatch.setattr(Draws, "draw_s", lambda self, usual_s: usual_s)
    monkeypatch.setattr(Draws, "one_of", lambda self, *options: options[0])
    # Nor are replies made before the pause, which hangs on a frame more or less.
    course = converse(Scenario(acts, seed=seed, effort="frugal", reply_words=30, costs=Costs(asr_s=0.1)))
    same, real = decisive(course.events), decisive(by_frames(course))
    assert [told for _, told in real] == [told for _, told in same]
    for (at_s, told), (real_s, _) in zip(same, real, strict=True):
        assert real_s == pytest.approx(at_s, abs=APART_S), told


def decisive(events: list[tuple[float, Event]]) -> list[tuple[float, str]]:
    """Return what decides the course, as text: not how often or by which epoch."""
    told = []
    for at_s, event in events:
        match event:
            case Heard(text=text, pause=int()) | TurnEnded(user_text=text):
                told.append((at_s, f"{type(event).__name__} {text}"))
            case StateChanged(state=state):
                told.append((at_s, state))
            case TurnFinished(report=report):
                told.append((at_s, f"heard {report.heard_text}"))
            case SpeechStarted() | SpeechPaused() | ReplyStarted() | ReplyPaused() | ReplyResumed():
                told.append((at_s, type(event).__name__))
            case _:
                pass
    return told
