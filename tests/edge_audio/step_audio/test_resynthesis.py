"""Speech through the tiny random release: what comes back is noise, its way and its times are real."""

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge_audio.audio.frame import Samples
from edge_audio.step_audio.component import Component
from edge_audio.step_audio.decoder.exported import exported_decoder
from edge_audio.step_audio.decoder.flow import FlowSettings
from edge_audio.step_audio.features.recording import Recording
from edge_audio.step_audio.resynthesis import Piece, Resynthesizer
from edge_audio.step_audio.tokenizer.dual import DualTokenizer
from edge_audio.step_audio.tokens import Ids
from edge_audio.step_audio.voice_prompt import VoicePrompt
from runtime.errors import UserError

GENERATOR = np.random.default_rng(3)
RECORDING = Recording(GENERATOR.normal(0, 0.1, 5 * 24_000).astype(np.float32), 24_000)
PROMPT = VoicePrompt(
    GENERATOR.integers(0, 5120, 20),
    GENERATOR.standard_normal((41, 80)).astype(np.float32),
    GENERATOR.standard_normal(192).astype(np.float32),
)
STEPS = 1
SEED = 4


@pytest.fixture(scope="session")
def resynthesizer(toy_models: Path) -> Resynthesizer:
    return Resynthesizer.load(toy_models, steps=STEPS)


@pytest.fixture(scope="session")
def live(resynthesizer: Resynthesizer) -> list[Piece]:
    return list(resynthesizer.live(RECORDING, PROMPT, SEED))


def decoded(models: Path, ids: Ids) -> Samples:
    """Return the sound of `ids`, given to the decoder at once."""
    utterance = exported_decoder(models, steps=STEPS).begin(PROMPT, SEED)
    codes = DualTokenizer.load(models).tokens.codes(ids)
    return np.concatenate([*utterance.feed(codes), *utterance.finish()])


def sound(pieces: list[Piece]) -> Samples:
    return np.concatenate([piece.pcm for piece in pieces])


def test_a_whole_recording_becomes_the_sound_of_its_codes(
    resynthesizer: Resynthesizer, toy_models: Path
) -> None:
    tokenizer = DualTokenizer.load(toy_models)
    pieces = list(resynthesizer.whole(RECORDING, PROMPT, SEED))
    ids = tokenizer.ids(tokenizer.tokenize(RECORDING))
    np.testing.assert_array_equal(sound(pieces), decoded(toy_models, ids))
    assert {piece.heard_s for piece in pieces} == {5.0}
    assert len(sound(pieces)) / resynthesizer.sample_rate_hz == pytest.approx(5.0, abs=0.13)


def test_live_it_becomes_the_sound_of_the_codes_of_a_conversation(
    live: list[Piece], toy_models: Path
) -> None:
    session = DualTokenizer.load(toy_models).session()
    ids = np.concatenate((session.feed(RECORDING.at(16_000)), session.finish()))
    np.testing.assert_array_equal(sound(live), decoded(toy_models, ids))


def test_live_pieces_come_while_the_recording_goes_on(live: list[Piece]) -> None:
    heard_s = [piece.heard_s for piece in live]
    assert heard_s == sorted(heard_s)
    # The chunks and their look-ahead end after 35, 85 and 135 codes. After segments of 1, 2, 3 and 4 s,
    # and what the linguistic encoder has made in steps of 240 ms, there are 40, 80, 120 and 160.
    assert heard_s[:3] == [1.0, 3.0, 4.0]
    assert heard_s[-1] == 5.0


def test_a_piece_is_as_far_behind_as_it_is_made_later_than_it_was_said(
    live: list[Piece], resynthesizer: Resynthesizer
) -> None:
    samples = 0
    for piece in live:
        assert piece.start_s == samples / resynthesizer.sample_rate_hz
        assert piece.delay_s == piece.heard_s - piece.start_s
        samples += len(piece.pcm)
    assert live[0].delay_s == 1.0


def test_a_long_recording_is_decoded_chunk_by_chunk(resynthesizer: Resynthesizer) -> None:
    longest_s = max(len(piece.pcm) for piece in resynthesizer.whole(RECORDING, PROMPT))
    assert longest_s / resynthesizer.sample_rate_hz == pytest.approx(1.2, abs=0.2)


@pytest.mark.parametrize("way", ["whole", "live"])
def test_a_recording_too_short_for_a_code_is_told(resynthesizer: Resynthesizer, way: str) -> None:
    with pytest.raises(UserError, match="too short"):
        list(getattr(resynthesizer, way)(Recording(RECORDING.pcm[:800], 16_000), PROMPT))


@pytest.mark.parametrize("way", ["whole", "live"])
@pytest.mark.parametrize(
    "change",
    [
        {"mel": np.zeros((41, 40), np.float32)},
        {"embedding": np.zeros(100, np.float32)},
        {"codes": np.full(20, 1_000_000)},
    ],
)
def test_a_voice_of_other_models_is_told(
    resynthesizer: Resynthesizer, way: str, change: dict[str, np.ndarray]
) -> None:
    with pytest.raises(UserError, match="other models"):
        next(getattr(resynthesizer, way)(RECORDING, replace(PROMPT, **change)))


def test_a_decoder_that_does_not_know_all_codes_is_told(toy_models: Path) -> None:
    settings = Component(toy_models / "flow", "flow").settings(FlowSettings)
    fewer = msgspec.structs.replace(settings, vocabulary=5119)
    with pytest.raises(UserError, match="has 5120 codes, but the decoder 5119"):
        Resynthesizer(DualTokenizer.load(toy_models), exported_decoder(toy_models), fewer)


def test_the_language_model_is_not_needed(toy_models: Path, tmp_path: Path) -> None:
    for name in ("linguistic", "semantic", "flow", "hift"):
        shutil.copytree(toy_models / name, tmp_path / name)
    assert next(Resynthesizer.load(tmp_path, steps=STEPS).whole(RECORDING, PROMPT)).pcm.size
    shutil.rmtree(tmp_path / "hift")
    with pytest.raises(UserError, match="hift"):
        Resynthesizer.load(tmp_path)
