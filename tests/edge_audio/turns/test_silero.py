import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import FRAME_SAMPLES, INPUT_RATE_HZ, Frame, Samples
from edge_audio.models import SILERO_VAD
from edge_audio.testing import VirtualLane
from edge_audio.turns import silero
from edge_audio.turns.silero import SileroDetector, SoundGate
from runtime.clock import run_virtual
from runtime.errors import UserError
from runtime.session import Array
from runtime.store import Store, default_root
from runtime.worker import CancelToken, ThreadLane

QUESTION = Path(silero.__file__).parents[1] / "bench/questions/01.flac"  # speech from 0.30 to 1.88 s

WINDOW_S = silero.WINDOW_SAMPLES / INPUT_RATE_HZ


def frames(pcm: Samples, start: int = 0) -> list[Frame]:
    count = len(pcm) // FRAME_SAMPLES
    return [
        Frame(pcm[i * FRAME_SAMPLES : (i + 1) * FRAME_SAMPLES], start + i * FRAME_SAMPLES)
        for i in range(count)
    ]


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * INPUT_RATE_HZ), np.float32)


class ScriptedGate:
    """Open from the first sample of one place to that of another."""

    def __init__(self, opens: int, closes: int = 1 << 40) -> None:
        self.opens, self.closes = opens, closes

    def hears(self, frame: Frame) -> bool:
        return self.opens <= frame.start < self.closes


class RecordingSession:
    """Notes what it is given; its state counts the windows, its answer is always 0.9."""

    def __init__(self) -> None:
        self.inputs: list[Samples] = []
        self.counts: list[float] = []

    def run(self, feeds: Mapping[str, Array], token: CancelToken | None = None) -> list[Array]:
        assert feeds["input"].shape == (1, 576)
        assert feeds["input"].dtype == np.float32
        assert feeds["state"].shape == (2, 1, 128)
        assert int(feeds["sr"]) == 16_000
        self.inputs.append(feeds["input"][0])
        self.counts.append(float(feeds["state"][0, 0, 0]))
        return [np.array([[0.9]], np.float32), feeds["state"] + 1]


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> RecordingSession:
    recording = RecordingSession()
    monkeypatch.setattr("runtime.session.OnnxSession", lambda *_, **__: recording)
    return recording


def detect(pcm: Samples, gate: ScriptedGate, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    monkeypatch.setattr(silero, "SoundGate", lambda *_: gate)

    async def run() -> list[float]:
        detector = SileroDetector(Path("model"), VirtualLane("vad")).session()
        return [p for frame in frames(pcm) for p in await detector.feed(frame)]

    return run_virtual(run())


def test_the_model_sleeps_while_the_gate_is_closed(
    session: RecordingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    probabilities = detect(silence(3.2), ScriptedGate(opens=1 << 40), monkeypatch)
    assert probabilities == [0.0] * 100
    assert session.inputs == []


def test_each_window_comes_with_the_end_of_the_one_before(
    session: RecordingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    pcm = np.arange(5120, dtype=np.float32)
    assert detect(pcm, ScriptedGate(opens=0), monkeypatch) == pytest.approx([0.9] * 10)
    assert not session.inputs[0][:64].any()
    np.testing.assert_array_equal(session.inputs[0][64:], pcm[:512])
    for index in range(1, 10):
        np.testing.assert_array_equal(session.inputs[index], pcm[index * 512 - 64 : (index + 1) * 512])
    assert session.counts == list(range(10))


def test_when_the_gate_opens_the_model_first_hears_what_it_slept_through(
    session: RecordingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    pcm = np.arange(2 * INPUT_RATE_HZ, dtype=np.float32)
    opens = 16_000
    probabilities = detect(pcm, ScriptedGate(opens), monkeypatch)
    first_judged = probabilities.index(pytest.approx(0.9))
    assert first_judged == opens // 512  # the first window that ends after the gate has opened
    np.testing.assert_array_equal(session.inputs[0][64:], pcm[(first_judged - 10) * 512 :][:512])
    assert session.counts == list(range(len(session.counts)))
    assert len(session.inputs) == len(probabilities) - first_judged + 10


def test_after_it_slept_the_model_begins_with_a_blank_state(
    session: RecordingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    class TwiceOpen:
        def hears(self, frame: Frame) -> bool:
            return frame.start < 16_000 or frame.start >= 32_000

    detect(silence(3.2), TwiceOpen(), monkeypatch)
    assert session.counts.count(0.0) == 2


def test_two_conversations_share_the_model_and_nothing_else(
    session: RecordingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silero, "SoundGate", lambda *_: ScriptedGate(opens=0))
    ones, twos = np.ones(2560, np.float32), np.full(2560, 2.0, np.float32)

    async def main() -> None:
        detector = SileroDetector(Path("model"), VirtualLane("vad"))
        one, two = detector.session(), detector.session()
        for first, second in zip(frames(ones), frames(twos), strict=True):
            await one.feed(first)
            await two.feed(second)

    run_virtual(main())
    assert session.counts == [count for window in range(5) for count in (window, window)]
    assert all(len(set(heard[-512:])) == 1 for heard in session.inputs)
    assert not any({1.0, 2.0} <= set(heard.tolist()) for heard in session.inputs)


def test_the_gate_opens_for_speech_holds_and_closes_again() -> None:
    pcm = np.concatenate((silence(1.0), read_audio(QUESTION)[: round(1.88 * INPUT_RATE_HZ)], silence(2.0)))
    gate = SoundGate(mode=1, hold_ms=500)
    is_open = [gate.hears(frame) for frame in frames(pcm)]
    assert not any(is_open[:50])
    opened_s, closed_s = is_open.index(True) * 0.02, (len(is_open) - is_open[::-1].index(True)) * 0.02
    assert opened_s < 1.36  # the speech begins at 1.30 s
    assert 2.88 + 0.3 < closed_s < 2.88 + 0.7
    assert all(is_open[is_open.index(True) : round(2.88 / 0.02)])


def test_the_gate_survives_samples_beyond_full_scale() -> None:
    gate = SoundGate(mode=1, hold_ms=500)
    gate.hears(Frame(np.full(FRAME_SAMPLES, 1e9, np.float32), 0))
    gate.hears(Frame(np.full(FRAME_SAMPLES, -1e9, np.float32), 320))


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no model file"):
        SileroDetector(tmp_path / "silero_vad.onnx", VirtualLane("vad"))


def real_probabilities(pcm: Samples, *, gated: bool) -> list[float]:
    model = Store(default_root()).path(SILERO_VAD) / "silero_vad.onnx"

    async def run() -> list[float]:
        detector = SileroDetector(model, ThreadLane("vad"))
        session = detector.session()
        if not gated:
            session._gate = ScriptedGate(0)
        try:
            return [p for frame in frames(pcm) for p in await session.feed(frame)]
        finally:
            await detector.close()

    return asyncio.run(run())


@pytest.mark.models
def test_speech_is_found_where_it_is() -> None:
    pcm = np.concatenate((silence(1.0), read_audio(QUESTION), silence(1.0)))
    speech = [index * WINDOW_S for index, p in enumerate(real_probabilities(pcm, gated=True)) if p >= 0.5]
    assert 1.28 <= speech[0] <= 1.42
    assert 2.75 <= speech[-1] <= 2.98


@pytest.mark.models
def test_the_gate_loses_nothing_that_the_model_alone_would_find() -> None:
    pcm = np.concatenate([np.concatenate((silence(1.5), read_audio(QUESTION))) for _ in range(3)])
    always = np.array(real_probabilities(pcm, gated=False))
    gated = np.array(real_probabilities(pcm, gated=True))
    assert np.mean(gated == 0.0) > 0.2
    lost = (always >= 0.5) & (gated < 0.5)
    assert lost.sum() <= 3  # at most one window at each onset


@pytest.mark.models
def test_noise_is_no_speech() -> None:
    noise = np.random.default_rng(0).normal(0.0, 0.05, 3 * INPUT_RATE_HZ).astype(np.float32)
    assert max(real_probabilities(noise, gated=True)) < 0.5


@pytest.mark.models
def test_a_window_takes_a_small_part_of_its_length() -> None:
    pcm = read_audio(QUESTION)
    begin_s = time.perf_counter()
    real_probabilities(pcm, gated=False)
    assert time.perf_counter() - begin_s < 0.5 * len(pcm) / INPUT_RATE_HZ  # loading included
