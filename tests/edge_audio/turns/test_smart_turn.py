import asyncio
import time
from pathlib import Path

import numpy as np
import pytest

from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.models import SMART_TURN
from edge_audio.turns import smart_turn
from edge_audio.turns.smart_turn import SmartTurn, SmartTurnFeatures
from runtime.errors import UserError
from runtime.store import Store, default_root
from runtime.worker import ThreadLane

QUESTIONS = Path(smart_turn.__file__).parents[1] / "bench/questions"


def hz_of_mel(mel: np.ndarray) -> np.ndarray:
    """Slaney's scale: linear up to 1 kHz (mel 15), then 27 steps for a factor of 6.4."""
    return np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))


def log_mel_by_definition(heard: np.ndarray, at_frames: list[int]) -> np.ndarray:
    """Whisper's log-mel spectrogram before its clamp, straight from the formulas, at a few frames."""
    padded = np.pad(heard.astype(np.float64), 200, mode="reflect")
    n = np.arange(400)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / 400)
    bins = np.arange(201)
    waves = np.exp(-2j * np.pi * np.outer(bins, n) / 400)
    hz = bins * 40.0
    top_mel = 15 + 27 * np.log(8000 / 1000) / np.log(6.4)
    edges = hz_of_mel(np.linspace(0, top_mel, 82))
    bands = []
    for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False):
        triangle = np.minimum((hz - low) / (middle - low), (high - hz) / (high - middle))
        bands.append(np.maximum(0, triangle) * 2 / (high - low))
    power = [np.abs(waves @ (padded[frame * 160 :][:400] * window)) ** 2 for frame in at_frames]
    return np.log10(np.maximum(1e-10, np.array(bands) @ np.array(power).T))


def test_the_features_are_whispers_of_the_last_8_s_at_unit_variance() -> None:
    rng = np.random.default_rng(1)
    pcm = (rng.normal(0, 0.05, 10 * INPUT_RATE_HZ) * np.linspace(0.2, 1, 10 * INPUT_RATE_HZ)).astype(
        np.float32
    )
    features = SmartTurnFeatures()(pcm)
    assert features.shape == (1, 80, 800)
    assert features.dtype == np.float32
    heard = pcm[-8 * INPUT_RATE_HZ :].astype(np.float64)
    heard = (heard - heard.mean()) / np.sqrt(heard.var() + 1e-7)
    at_frames = [0, 1, 17, 400, 798, 799]
    np.testing.assert_allclose(
        features[0][:, at_frames], (log_mel_by_definition(heard, at_frames) + 4) / 4, atol=1e-4
    )


def test_short_sound_is_preceded_by_zeros() -> None:
    pcm = np.random.default_rng(2).normal(0, 0.1, INPUT_RATE_HZ).astype(np.float32)
    whole = np.concatenate((np.zeros(7 * INPUT_RATE_HZ, np.float32), pcm))
    np.testing.assert_array_equal(SmartTurnFeatures()(pcm), SmartTurnFeatures()(whole))


@pytest.mark.parametrize("samples", [0, 1, 8 * INPUT_RATE_HZ])
def test_silence_of_any_length_has_finite_features(samples: int) -> None:
    assert np.isfinite(SmartTurnFeatures()(np.zeros(samples, np.float32))).all()


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no model file"):
        SmartTurn(tmp_path / "gone.onnx", ThreadLane("turn"))


def load() -> SmartTurn:
    return SmartTurn(Store(default_root()).path(SMART_TURN) / "smart-turn-v3.2-cpu.onnx", ThreadLane("turn"))


def judge(pcm: Samples) -> float:
    async def run() -> float:
        model = load()
        try:
            return await model.probability(pcm)
        finally:
            await model.close()

    return asyncio.run(run())


@pytest.mark.models
def test_it_judges_as_the_reference_does() -> None:
    # The value that the model's publisher's own feature code leads to, on the question with 0.4 s behind it.
    question = read_audio(QUESTIONS / "01.flac")
    room = np.zeros(INPUT_RATE_HZ, np.float32)
    heard = np.concatenate((question[: round(1.8824 * INPUT_RATE_HZ)], room[: round(0.4 * INPUT_RATE_HZ)]))
    assert judge(heard) == pytest.approx(0.966, abs=0.02)


@pytest.mark.models
def test_a_cancelled_call_frees_the_lane_within_50_ms() -> None:
    async def run() -> float:
        model = load()
        pcm = np.random.default_rng(0).normal(0, 0.1, 8 * INPUT_RATE_HZ).astype(np.float32)
        await model.probability(pcm)
        task = asyncio.create_task(model.probability(pcm))
        await asyncio.sleep(0.02)
        begin_s = time.perf_counter()
        task.cancel()
        await model._lane.run(lambda token: None)
        took_s = time.perf_counter() - begin_s
        await model.close()
        return took_s

    assert asyncio.run(run()) < 0.05
