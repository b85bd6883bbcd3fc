from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_audio.step_audio.tokenizer.linguistic import EncoderState, LinguisticEncoder
from runtime.errors import UserError
from runtime.worker import Cancelled, CancelToken

PCM = np.random.default_rng(1).standard_normal(30_000).astype(np.float32) * np.float32(0.1)
STEP = 3840


@pytest.fixture(scope="session")
def encoder(tokenizer_models: Path) -> LinguisticEncoder:
    return LinguisticEncoder.load(tokenizer_models / "linguistic")


def whole(encoder: LinguisticEncoder, pcm: np.ndarray) -> list[int]:
    session = encoder.session()
    return [*session.feed(pcm), *session.finish()]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, len(PCM)).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.integers(0, n), max_size=12))
    )
)
def test_a_stream_cut_at_any_points_gives_the_codes_of_one_shot(
    encoder: LinguisticEncoder, case: tuple[int, list[int]]
) -> None:
    length, cuts = case
    pcm = PCM[:length]
    session = encoder.session()
    codes = [code for packet in np.split(pcm, sorted(cuts)) for code in session.feed(packet)]
    assert [*codes, *session.finish()] == whole(encoder, pcm)


def test_frames_encode_to_the_same_bits_however_the_stream_is_cut(encoder: LinguisticEncoder) -> None:
    def encoded(cuts: list[int]) -> np.ndarray:
        stream, state, found = encoder.front_end.stream(), EncoderState(encoder.settings), []
        for packet in np.split(PCM, cuts):
            stream.push(packet)
            while (features := stream.next_step()) is not None:
                found.append(encoder.encode(features, state))
        return np.concatenate(found)

    np.testing.assert_array_equal(encoded([]), encoded([1, 2, 399, 3840, 3841, 20_000]))


def test_codes_come_as_soon_as_a_step_is_whole(encoder: LinguisticEncoder) -> None:
    session = encoder.session()
    assert len(session.feed(PCM[: STEP - 1])) == 0
    assert len(session.feed(PCM[STEP - 1 : STEP])) == 4
    assert len(session.feed(PCM[STEP : 3 * STEP])) == 8
    assert session.steps == 3


@pytest.mark.parametrize(("rest", "codes"), [(0, 0), (879, 0), (880, 1), (1359, 1), (1360, 2), (3839, 4)])
@pytest.mark.parametrize("steps", [0, 1, 5])
def test_a_rest_of_880_samples_or_more_gives_codes(
    encoder: LinguisticEncoder, steps: int, rest: int, codes: int
) -> None:
    assert len(whole(encoder, PCM[: steps * STEP + rest])) == 4 * steps + codes


def test_a_fork_finishes_a_pause_and_leaves_its_session_untouched(encoder: LinguisticEncoder) -> None:
    session = encoder.session()
    before = session.feed(PCM[:9_000])
    fork = session.fork()
    assert [*before, *fork.finish()] == whole(encoder, PCM[:9_000])
    after = session.feed(PCM[9_000:])
    assert [*before, *after, *session.finish()] == whole(encoder, PCM)


def test_sessions_that_take_turns_do_not_hear_each_other(encoder: LinguisticEncoder) -> None:
    sounds = [PCM, PCM[::-1].copy(), np.zeros_like(PCM)]
    sessions = [encoder.session() for _ in sounds]
    codes: list[list[int]] = [[] for _ in sounds]
    for start in range(0, len(PCM), 1000):
        for session, sound, found in zip(sessions, sounds, codes, strict=True):
            found.extend(session.feed(sound[start : start + 1000]))
    for session, sound, found in zip(sessions, sounds, codes, strict=True):
        assert [*found, *session.finish()] == whole(encoder, sound)


def test_a_state_does_not_grow_and_keeps_positions_apart_after_days(encoder: LinguisticEncoder) -> None:
    features = np.ones((4, encoder.settings.features), np.float32)
    state = EncoderState(encoder.settings)
    size = state.keys.nbytes
    state.frames = 10_000_000
    encoder.encode(features, state)
    assert state.keys.nbytes == size
    scaled = state.overlap[-4:] - np.float32(encoder.settings.width**0.5)
    # The fastest sinusoid turns by one radian a frame; in float32 its angle would be a multiple of 1.
    np.testing.assert_allclose(scaled[:, 0], np.sin(10_000_001.0 + np.arange(4)), atol=1e-6)


def test_of_centroids_as_near_as_each_other_the_first_is_the_code(encoder: LinguisticEncoder) -> None:
    centroids = np.zeros((5, encoder.settings.width), np.float32)
    centroids[0] = 3.0
    tied = LinguisticEncoder(encoder.settings, np.zeros((2, 560), np.float32), centroids, encoder._step)
    assert tied.nearest(np.ones((2, encoder.settings.width), np.float32)).tolist() == [1, 1]


def test_a_cancelled_step_stops_and_leaves_the_state_as_it_was(encoder: LinguisticEncoder) -> None:
    token = CancelToken()
    token.cancel()
    state = EncoderState(encoder.settings)
    with pytest.raises(Cancelled):
        encoder.encode(np.ones((4, encoder.settings.features), np.float32), state, token)
    assert (state.steps, state.frames) == (0, 0)
    assert not state.keys.any()


def test_a_folder_of_another_component_is_refused(tokenizer_models: Path) -> None:
    with pytest.raises(UserError, match="describes semantic"):
        LinguisticEncoder.load(tokenizer_models / "semantic")
