from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_audio.step_audio.tokenizer.semantic import Segmentation, SemanticEncoder
from runtime.errors import UserError
from runtime.worker import Cancelled, CancelToken

PCM = np.random.default_rng(2).standard_normal(40_000).astype(np.float32) * np.float32(0.1)


@pytest.fixture(scope="session")
def encoder(tokenizer_models: Path) -> SemanticEncoder:
    return SemanticEncoder.load(tokenizer_models / "semantic")


def live(encoder: SemanticEncoder, packets: list[np.ndarray], segmentation: Segmentation) -> list[int]:
    session = encoder.session(segmentation)
    return [*(code for packet in packets for code in session.feed(packet)), *session.finish()]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, len(PCM)),
    st.sampled_from([0.04, 0.24, 0.5, 1.0]),
    st.sampled_from([0.0, 0.04, 1.0]),
)
def test_live_codes_are_as_many_as_offline(
    encoder: SemanticEncoder, length: int, segment_s: float, context_s: float
) -> None:
    codes = live(encoder, [PCM[:length]], Segmentation(segment_s, context_s))
    assert len(codes) == len(encoder.codes(PCM[:length]))


def test_where_the_stream_is_cut_makes_no_difference(encoder: SemanticEncoder) -> None:
    segmentation = Segmentation(0.4, 0.2)
    cut = np.split(PCM, [1, 5_000, 6_400, 6_401, 30_000])
    assert live(encoder, cut, segmentation) == live(encoder, [PCM], segmentation)


def test_a_segment_as_long_as_the_recording_gives_its_offline_codes(encoder: SemanticEncoder) -> None:
    assert live(encoder, [PCM], Segmentation(30.0, 0.0)) == encoder.codes(PCM).tolist()


def test_a_session_holds_no_more_than_segment_and_context(encoder: SemanticEncoder) -> None:
    session = encoder.session(Segmentation(0.4, 0.2))
    codes = sum(len(session.feed(PCM)) for _ in range(20))
    assert len(session._pcm) < (0.4 + 0.2) * 16_000
    assert codes == 20 * len(PCM) // 6_400 * 10


def test_a_fork_finishes_a_pause_and_leaves_its_session_untouched(encoder: SemanticEncoder) -> None:
    segmentation = Segmentation(0.4, 0.2)
    session = encoder.session(segmentation)
    before = session.feed(PCM[:9_000])
    assert [*before, *session.fork().finish()] == live(encoder, [PCM[:9_000]], segmentation)
    after = [*session.feed(PCM[9_000:]), *session.finish()]
    assert [*before, *after] == live(encoder, [PCM], segmentation)


def test_recordings_are_heard_in_pieces_of_30_s(encoder: SemanticEncoder) -> None:
    pcm = np.resize(PCM, 480_000 + 16_000)
    pieces = [encoder.codes(pcm[:480_000]), encoder.codes(pcm[480_000:])]
    np.testing.assert_array_equal(encoder.codes(pcm), np.concatenate(pieces))
    assert len(encoder.codes(pcm[: 480_000 + 479])) == 750


def test_a_cancelled_token_stops_the_encoder(encoder: SemanticEncoder) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        encoder.codes(PCM, token)


@pytest.mark.parametrize(
    ("segment_s", "context_s"), [(0.0, 1.0), (-1.0, 0.0), (1.0, -0.1), (float("nan"), 0.0)]
)
def test_a_senseless_segmentation_is_refused(segment_s: float, context_s: float) -> None:
    with pytest.raises(UserError, match="makes no sense"):
        Segmentation(segment_s, context_s)
