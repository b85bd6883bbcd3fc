"""The assistant doesn't hear itself: its own voice through a room, the echo canceller, and the real VAD."""

import asyncio

import numpy as np
import pytest

from edge_audio.audio.echo import EchoCanceller
from edge_audio.audio.frame import FRAME_SAMPLES, INPUT_RATE_HZ, Frame, Samples
from edge_audio.bench.conversation.material import read_questions
from edge_audio.models import SILERO_VAD
from edge_audio.text.clauses import Clause
from edge_audio.tts.hibari import HibariVoice
from edge_audio.tts.voice import Style
from edge_audio.turns.silero import SileroDetector
from edge_audio.turns.tracker import SpeechTracker
from runtime.store import Store, default_root
from runtime.worker import ThreadLane
from tests.edge_audio.audio.simulated_room import SimulatedRoom

pytestmark = pytest.mark.models

RATE_HZ = 24_000
REPLIES = (
    "I think it will rain tomorrow afternoon, so you should take an umbrella with you.",
    "Yes.",
    "Light takes about eight minutes to travel from the Sun to the Earth.",
    "Of course. I have set a timer for ten minutes, and I will tell you when it is over.",
)
BEFORE_S, BETWEEN_S = 0.5, 1.5


@pytest.fixture(scope="module")
def replies() -> list[Samples]:
    """The replies in the embedded voice."""

    async def speak() -> list[Samples]:
        voice = HibariVoice(ThreadLane("tts"))
        spoken = []
        for text in REPLIES:
            chunks = [chunk.pcm async for chunk in voice.speak(Clause(text, 0), Style())]
            spoken.append(np.concatenate(chunks))
        await voice.close()
        return spoken

    return asyncio.run(speak())


@pytest.fixture(scope="module")
def played(replies: list[Samples]) -> Samples:
    """All of them with pauses, as they are played, whole frames."""
    between = np.zeros(round(BETWEEN_S * RATE_HZ), np.float32)
    parts = [np.zeros(round(BEFORE_S * RATE_HZ), np.float32)]
    for reply in replies:
        parts += [reply, between]
    pcm = np.concatenate(parts)
    return pcm[: len(pcm) - len(pcm) % (RATE_HZ // 50)]


def starts_s(heard: Samples, played: Samples, *, marked: bool = True) -> list[float]:
    """When speech is noticed, as the listener does it; `marked`: whether it minds the mark of an echo."""

    async def listen() -> list[float]:
        canceller = EchoCanceller(RATE_HZ, latency_s=0.06)
        lane = ThreadLane("vad")
        silero = SileroDetector(Store(default_root()).path(SILERO_VAD) / "silero_vad.onnx", lane)
        detector = silero.session()
        tracker = SpeechTracker(
            detector.window_samples, threshold=0.5, release=0.35, onset_ms=64, pause_ms=128
        )
        noticed = []
        for number in range(len(heard) // FRAME_SAMPLES):
            frame = Frame(heard[number * FRAME_SAMPLES :][:FRAME_SAMPLES], number * FRAME_SAMPLES)
            frame = canceller.process(frame, played[number * 480 :][:480])
            for probability in await detector.feed(frame):
                is_echo = marked and frame.only_echo and not tracker.speaking
                change = tracker.feed(0.0 if is_echo else probability, frame.end)
                if change is not None and change.kind == "started":
                    noticed.append(frame.end / INPUT_RATE_HZ)
        await silero.close()
        return noticed

    return asyncio.run(listen())


HARD = (
    SimulatedRoom(0.8, 0.0, delay_s=0.05, seed=1),
    SimulatedRoom(0.6, 0.0, drive=3.0, noise_db=-55.0, seed=3),
)
"""Much reverberation, and a loudspeaker that distorts."""


@pytest.mark.parametrize(
    "room",
    [
        SimulatedRoom(0.4, -10.0),
        SimulatedRoom(0.4, 0.0, delay_s=0.15, seed=2),
        SimulatedRoom(0.4, 0.0, drift_ppm=100.0, seed=2),
        SimulatedRoom(0.4, 6.0, seed=2),
        *HARD,
    ],
    ids=["quiet", "loud", "drifting", "louder", "reverberant", "distorting"],
)
def test_it_never_hears_itself_not_even_in_its_first_reply(played: Samples, room: SimulatedRoom) -> None:
    assert starts_s(room.hears(played, RATE_HZ), played) == []


@pytest.mark.parametrize("room", HARD, ids=["reverberant", "distorting"])
def test_where_the_canceller_alone_would_let_it(played: Samples, room: SimulatedRoom) -> None:
    assert starts_s(room.hears(played, RATE_HZ), played, marked=False) != []


@pytest.mark.parametrize("echo_db", [-10.0, 0.0])
def test_who_speaks_over_a_reply_is_heard_soon(
    replies: list[Samples], played: Samples, echo_db: float
) -> None:
    """Usually within 250 ms; later where the beginning is soft against a loud echo."""
    heard = SimulatedRoom(echo_db=echo_db).hears(played, RATE_HZ)
    late_s = onsets_late_s(heard, played, replies, 1.5)
    assert len(late_s) == 3
    assert np.median(late_s) < (0.25 if echo_db < 0.0 else 0.8), late_s
    assert max(late_s) < 1.0, late_s


def test_who_speaks_over_the_first_reply_is_heard_through_headphones_too(
    replies: list[Samples], played: Samples
) -> None:
    heard = SimulatedRoom(echo_db=-60.0).hears(played, RATE_HZ)
    for into_s in (1.2, 1.6, 2.0):
        assert onsets_late_s(heard, played, replies[:1], into_s)[0] < 0.3


def onsets_late_s(heard: Samples, played: Samples, replies: list[Samples], into_s: float) -> list[float]:
    """Speak over each longer reply, `into_s` after its beginning; return how late that is noticed."""
    heard = heard.copy()
    begins_s, at_s = [], BEFORE_S
    for number, reply in enumerate(replies):
        length_s = len(reply) / RATE_HZ
        if length_s > 2.0:
            question = read_questions()[number]
            speech = question.samples()[round(question.speech_start_s * INPUT_RATE_HZ) :]
            speech = speech[: 2 * INPUT_RATE_HZ]
            begin = round((at_s + into_s) * INPUT_RATE_HZ)
            heard[begin : begin + len(speech)] += speech[: len(heard) - begin]
            begins_s.append(begin / INPUT_RATE_HZ)
        at_s += length_s + BETWEEN_S
    noticed = np.array(starts_s(heard, played))
    return [float(np.min(noticed[noticed > begin_s], initial=99.0)) - begin_s for begin_s in begins_s]
