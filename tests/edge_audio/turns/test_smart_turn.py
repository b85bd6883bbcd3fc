import asyncio
import time
from pathlib import Path

import numpy as np
import pytest

from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.models import SMART_TURN
from edge_audio.turns import smart_turn
from edge_audio.turns.smart_turn import SmartTurn, last_8_s
from runtime.errors import UserError
from runtime.store import Store, default_root
from runtime.worker import ThreadLane

QUESTIONS = Path(smart_turn.__file__).parents[1] / "bench/questions"


def test_what_is_judged_has_zero_mean_and_unit_variance_however_loud_it_was() -> None:
    pcm = np.random.default_rng(1).normal(0.01, 0.05, 10 * INPUT_RATE_HZ).astype(np.float32)
    heard = last_8_s(pcm)
    assert heard.dtype == np.float32
    assert (heard.mean(), heard.var()) == (pytest.approx(0.0, abs=1e-4), pytest.approx(1.0, abs=1e-3))
    np.testing.assert_allclose(last_8_s(pcm * 0.1), heard, atol=1e-2)


def test_only_the_last_8_s_are_judged() -> None:
    pcm = np.random.default_rng(2).normal(0, 0.1, 10 * INPUT_RATE_HZ).astype(np.float32)
    np.testing.assert_array_equal(last_8_s(pcm), last_8_s(pcm[2 * INPUT_RATE_HZ :]))


def test_short_sound_is_preceded_by_zeros() -> None:
    pcm = np.random.default_rng(3).normal(0, 0.1, INPUT_RATE_HZ).astype(np.float32)
    whole = np.concatenate((np.zeros(7 * INPUT_RATE_HZ, np.float32), pcm))
    np.testing.assert_array_equal(last_8_s(pcm), last_8_s(whole))


@pytest.mark.parametrize("samples", [0, 1, 9 * INPUT_RATE_HZ])
def test_silence_of_any_length_stays_silence(samples: int) -> None:
    assert not last_8_s(np.zeros(samples, np.float32)).any()


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
