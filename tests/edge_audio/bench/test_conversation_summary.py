from xml.etree import ElementTree

import numpy as np
import pytest

from edge_audio.audio.frame import FILE_RATE_HZ
from edge_audio.bench.conversation.judge import HeldPart, Output
from edge_audio.bench.conversation.material import Clip, Pause, SpokenTurn
from edge_audio.bench.conversation.meter import Work
from edge_audio.bench.conversation.performance import Cue, Performed
from edge_audio.bench.conversation.picture import draw
from edge_audio.bench.conversation.summary import Run, summary
from edge_audio.events import Event, ReplyPaused, SpeculationEnded, TurnEnded, TurnFinished, TurnReport

PLAIN = Clip("plain.flac", "What do cows eat?", 0.0, 1.0)
PAUSED = Clip("paused.flac", "What do cows <eat>?", 0.0, 2.0, pauses=(Pause(0.8, 1.5),))
COUGH = Clip("cough.flac", "a cough", 0.0, 0.3)


def performed(
    clip: Clip, began_s: float, into_reply_s: float | None = None, sound: bool = False
) -> Performed:
    return Performed(Cue(SpokenTurn(clip.name), clip, sound, into_reply_s), began_s)


def held(gap_s: float, *, works: list[Work]) -> Run:
    """Two turns and an interruption, with a cough over the first reply; the second turn is cut off."""
    sounds = ((1.0 + gap_s, 4.0), (11.2, 11.6), (12.0 + gap_s, 15.1), (16.0 + gap_s, 18.0))
    pcm = np.zeros(20 * FILE_RATE_HZ, np.float32)
    for start_s, end_s in sounds:
        pcm[round(start_s * FILE_RATE_HZ) : round(end_s * FILE_RATE_HZ)] = 0.1
    heard = [
        performed(PLAIN, 0.0),
        performed(COUGH, 2.5, sound=True),
        performed(PAUSED, 10.0),
        performed(PLAIN, 15.0, into_reply_s=1.0),
    ]
    events: list[tuple[float, Event]] = [
        (1.2, SpeculationEnded(1, "committed")),
        (1.2, TurnEnded("What do cows eat?", 1.2, 1)),
        (4.1, TurnFinished(1, TurnReport("", lead_ms=40.0))),
        (7.0, ReplyPaused(1)),
        (11.0, TurnEnded("What do", 11.0, 2)),
        (12.2, TurnEnded("What do cows eat?", 12.2, 3)),
        (15.2, TurnFinished(3, TurnReport("", interrupted=True))),
        (16.2, TurnEnded("What do cows eat?", 16.2, 4)),
        (18.1, TurnFinished(4, TurnReport(""))),
    ]
    part = HeldPart("part", True, heard, 1, events, Output(pcm, FILE_RATE_HZ))
    return Run([part], works)


WORKS = [
    Work(speculation=True, seconds=0.5, committed=True, heard=True),
    Work(speculation=True, seconds=0.3),
    Work(speculation=True, seconds=0.1, committed=True),  # and withdrawn unheard
    Work(speculation=False, seconds=1.1, heard=True),
]


@pytest.fixture
def figures() -> dict[str, object]:
    return summary(held(0.4, works=WORKS), held(0.9, works=[]))


def test_every_figure_of_a_conversation(figures: dict[str, object]) -> None:
    third = pytest.approx(1 / 3, abs=1e-3)
    expected = {
        "turns": 3,
        "turns_with_pause": 1,
        "answered": 3,
        "response_gap_ms": {"p50": 400.0, "p90": 400.0, "p95": 400.0},
        "response_gap_without_speculation_ms": {"p50": 900.0, "p90": 900.0, "p95": 900.0},
        "saved_ms": {"p50": 500.0, "p90": 500.0, "p95": 500.0},
        "answered_from_speculation": third,
        "lead_ms": {"p50": 40.0, "p90": 40.0, "p95": 40.0},
        "speculations": 3,
        "commit_rate": third,
        "wasted_compute_s": 0.4,
        "wasted_compute_ratio": 0.2,
        "cut_off_rate": third,
        "cut_off_rate_with_pause": 1.0,
        "ended_early": 1,
        "interruptions": 1,
        "interruptions_talked_over": 0,
        "onset_to_silence_ms": {"p50": 100.0, "p90": 100.0, "p95": 100.0},
        "sounds_over_replies": 1,
        "sounds_that_missed_their_reply": 1,
        "false_stop_rate": 0.0,
        "self_interruptions": 1,
        "unprovoked_stops": 0,
    }
    assert {name: figures[name] for name in expected} == expected


def test_of_nothing_there_are_no_figures() -> None:
    nothing = summary(Run([], []), Run([], []))
    assert nothing["turns"] == 0
    assert nothing["commit_rate"] is None
    assert nothing["response_gap_ms"] == {"p50": None, "p90": None, "p95": None}


def test_the_picture_shows_every_turn_and_sound(figures: dict[str, object]) -> None:
    machine = {"processor": "Some <Processor>", "cores": 2, "load_1min": 0.1}
    svg = draw(figures | {"models": {"asr": "tiny"}, "load": machine})
    root = ElementTree.fromstring(svg)
    titles = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}title")]
    assert sum("400 ms, without 900 ms" in title for title in titles) == 3
    texts = ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "cough over cough" in texts
    assert any("Some <Processor>" in text for text in texts)


def test_an_empty_conversation_can_be_drawn() -> None:
    machine = {"processor": "x", "cores": 2, "load_1min": 0.1}
    ElementTree.fromstring(draw(summary(Run([], []), Run([], [])) | {"models": {}, "load": machine}))
