"""The listener with models that take their time, in virtual time."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pytest

from edge_audio.asr.recognizer import Recognizer, Transcript, Utterance
from edge_audio.audio.frame import FRAME_S, Frame, Samples
from edge_audio.events import Event, Heard, Level, Notice, SpeechPaused, SpeechStarted, TurnEndJudged
from edge_audio.testing import LoudnessDetector, ScriptedEndOfTurn
from edge_audio.turns.end_of_turn_judge import EndOfTurnJudge
from edge_audio.turns.listener import Listener
from edge_audio.turns.tracker import SpeechTracker
from edge_audio.turns.transcribing import Transcribing, TranscribingSettings
from runtime import clock
from runtime.actor import ActorGroup
from runtime.channel import Channel
from runtime.trace import Trace

E = TypeVar("E", bound=Event)

ASR_S = 0.07
JUDGE_S = 0.04


class Counted(Utterance):
    def __init__(self, recognizer: "Counting") -> None:
        self._recognizer = recognizer
        self._frames = 0

    def feed(self, pcm: Samples) -> None:
        self._frames += bool(pcm[0])

    async def transcribe(self, *, partial: bool = False) -> Transcript:
        self._recognizer.calls += 1
        frames = self._frames
        await asyncio.sleep(ASR_S)
        if self._recognizer.broken:
            raise RuntimeError("no more memory")
        audio_ids = None if partial else (frames,)
        words: str | None = f"{frames} {self._recognizer.unit}{self._recognizer.ends}"
        words = words if self._recognizer.words else None
        return Transcript(words, language=self._recognizer.language, audio_ids=audio_ids)


class Counting(Recognizer):
    name = "counting"

    def __init__(self) -> None:
        self.calls = 0
        self.opened = 0
        self.broken = False
        self.words = True
        self.unit = "frames"
        self.ends = ""
        self.language: str | None = None

    def open(self) -> Counted:
        self.opened += 1
        return Counted(self)


class Session:
    """Speech as a string, 20 ms a letter: `x` speech, `e` an echo, `.` silence; and what was told."""

    def __init__(self) -> None:
        self.events: list[tuple[float, Event]] = []
        self.recognizer = Counting()
        frames: Channel[Frame] = Channel(50, "drop-oldest")
        self._frames = frames
        trace = Trace()
        settings = TranscribingSettings(
            partial_every_ms=400, settle_ms=200, dip_ms=60, sure_dip_ms=60, language="en"
        )
        self.listener = Listener(
            frames,
            LoudnessDetector(),
            SpeechTracker(320, threshold=0.5, release=0.35, onset_ms=60, pause_ms=120),
            Transcribing(self.recognizer, self._tell, trace, settings),
            EndOfTurnJudge(ScriptedEndOfTurn(0.9, delay_s=JUDGE_S), self._tell, trace, again_ms=(400,)),
            self._tell,
        )

    def _tell(self, event: Event) -> None:
        if not isinstance(event, Level):
            self.events.append((round(clock.now(), 3), event))

    def play(self, speech: str, act: dict[int, Callable[[], None]] | None = None) -> "Session":
        """Let the listener hear `speech`; `act` is done before the frame of that number."""

        async def main() -> None:
            async with ActorGroup() as group:
                for actor in self.listener.actors():
                    group.start(actor)
                for number, letter in enumerate(speech):
                    await clock.sleep_until((number + 1) * FRAME_S)
                    if act and number in act:
                        act[number]()
                    pcm = np.full(320, letter != ".", np.float32)
                    self._frames.put_nowait(Frame(pcm, number * 320, only_echo=letter == "e"))
                await asyncio.sleep(0.5)

        clock.run_virtual(main())
        return self

    def of(self, kind: type[E]) -> list[tuple[float, E]]:
        return [(at_s, event) for at_s, event in self.events if isinstance(event, kind)]


def test_speech_and_its_pause_are_told_with_their_true_times() -> None:
    session = Session().play("." * 10 + "x" * 20 + "." * 20)
    assert session.of(SpeechStarted) == [(0.26, SpeechStarted(0.26, 0.2))]
    assert session.of(SpeechPaused) == [(0.72, SpeechPaused(0.72, 0.6, 1))]


def test_the_transcript_is_begun_in_the_dip_and_there_soon_after_the_pause() -> None:
    session = Session().play("." * 10 + "x" * 20 + "." * 20)
    ((at_s, heard),) = session.of(Heard)
    assert heard == Heard("20 frames", 1, (20,), "en")
    assert at_s <= 0.72 + 0.02  # the recognizer's 70 ms ran while the silence grew into a pause
    assert session.recognizer.calls == 1


def test_a_dip_that_is_no_pause_gives_a_partial_transcript() -> None:
    session = Session().play("." * 10 + "x" * 10 + "." * 4 + "x" * 10 + "." * 20)
    texts = [(event.pause, event.text) for _, event in session.of(Heard)]
    assert texts[-1] == (1, "20 frames")
    assert all(pause is None for pause, _ in texts[:-1])


@pytest.mark.parametrize(("ends", "times"), [(" and", range(3, 6)), ("", range(6, 9))])
def test_partial_transcripts_come_while_the_user_speaks_and_sooner_where_they_read_whole(
    ends: str, times: range
) -> None:
    session = Session()
    session.recognizer.ends = ends
    session.play("." * 10 + "x" * 100 + "." * 20)
    partial = [event for _, event in session.of(Heard) if event.pause is None]
    assert len(partial) in times


def test_the_end_is_judged_after_the_transcript_and_again_later() -> None:
    session = Session().play("." * 10 + "x" * 20 + "." * 40)
    heard_s = session.of(Heard)[0][0]
    judged = session.of(TurnEndJudged)
    assert [event for _, event in judged] == [TurnEndJudged(1, 0.9)] * 2
    assert judged[0][0] >= heard_s + JUDGE_S
    assert 1.0 <= judged[1][0] <= 1.1


def test_a_turn_gathers_all_its_speech_until_it_is_ended() -> None:
    speech = "." * 10 + "x" * 20 + "." * 20 + "x" * 20 + "." * 20
    session = Session().play(speech)
    assert session.of(Heard)[-1][1] == Heard("40 frames", 2, (40,), "en")
    assert session.recognizer.opened == 1

    session = Session()
    session.play(speech, {45: session.listener.end_turn})
    assert session.of(Heard)[-1][1] == Heard("20 frames", 2, (20,), "en")
    assert session.recognizer.opened == 2


def test_what_is_worked_out_for_an_ended_turn_is_not_told() -> None:
    session = Session()
    session.play("." * 10 + "x" * 20 + "." * 20, {34: session.listener.end_turn})
    assert session.of(Heard) == []


def test_what_is_only_an_echo_does_not_start_speech() -> None:
    assert Session().play("." * 10 + "e" * 20 + "." * 20).events == []


def test_an_echo_over_speech_does_not_pause_it() -> None:
    session = Session().play("." * 10 + "x" * 5 + "e" * 15 + "." * 20)
    assert session.of(SpeechPaused) == [(0.72, SpeechPaused(0.72, 0.6, 1))]


def test_muted_means_silence() -> None:
    session = Session()
    session.listener.muted = True
    session.play("." * 10 + "x" * 20 + "." * 20)
    assert session.events == []


def test_letting_go_of_push_to_talk_is_a_pause_at_once() -> None:
    session = Session()

    def let_go() -> None:
        session.listener.pause_now()
        session.listener.muted = True

    session.play("." * 10 + "x" * 40, {30: let_go})
    ((at_s, paused),) = session.of(SpeechPaused)
    assert at_s == 0.62
    assert isinstance(paused, SpeechPaused)
    assert session.of(Heard)[-1][1] == Heard("20 frames", 1, (20,), "en")


def test_audio_tokens_are_told_at_a_pause_alone_where_there_are_no_words() -> None:
    session = Session()
    session.recognizer.words = False
    session.play("." * 10 + "x" * 60 + "." * 20)
    assert session.recognizer.calls > 1
    assert [event for _, event in session.of(Heard)] == [Heard(None, 1, (60,), "en")]


def test_a_broken_recognizer_is_told_and_does_not_end_the_session() -> None:
    session = Session()
    session.recognizer.broken = True
    session.play("." * 10 + "x" * 20 + "." * 20)
    ((_, notice),) = session.of(Notice)
    assert isinstance(notice, Notice)
    assert "no more memory" in notice.text
    assert session.of(Heard)[-1][1] == Heard("", 1, language="en")


def test_idle_means_that_nobody_speaks_and_no_turn_is_open() -> None:
    session = Session()
    idle: list[bool] = []
    look = {number: lambda: idle.append(session.listener.idle) for number in (5, 25, 45)}
    session.play("." * 10 + "x" * 20 + "." * 20, look)
    session.listener.end_turn()
    assert idle == [True, False, False]
    assert session.listener.idle


@pytest.mark.parametrize(
    ("unit", "told", "language"),
    [
        ("frames", None, "en"),
        ("Bilder", "de", "de"),
        ("张图", None, "zh"),
        ("张图", "en", "zh"),
        ("кадров", "ru", "ru"),
    ],
)
def test_the_language_is_the_recognizer_s_or_the_script_s_or_the_expected_one(
    unit: str, told: str | None, language: str
) -> None:
    session = Session()
    session.recognizer.unit, session.recognizer.language = unit, told
    session.play("." * 10 + "x" * 60 + "." * 20)
    assert {event.language for _, event in session.of(Heard)} == {language}


def test_words_of_an_unknown_language_are_not_taken_for_whole_ones() -> None:
    def partials(told: str) -> int:
        session = Session()
        session.recognizer.language = told
        session.play("." * 10 + "x" * 200 + "." * 20)
        return len(session.of(Heard))

    assert partials("nl") < partials("en")
