import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_audio.step_audio.features.recording import Recording
from edge_audio.step_audio.tokenizer.dual import DualTokenizer
from edge_audio.step_audio.tokenizer.linguistic import CENTROIDS
from edge_audio.step_audio.tokenizer.semantic import Segmentation
from runtime.errors import UserError
from runtime.worker import Cancelled, CancelToken

PCM = np.random.default_rng(3).standard_normal(40_000).astype(np.float32) * np.float32(0.1)
SHORT = Segmentation(0.4, 0.2)


@pytest.fixture(scope="session")
def tokenizer(tokenizer_models: Path) -> DualTokenizer:
    return DualTokenizer.load(tokenizer_models)


def live(tokenizer: DualTokenizer, packets: list[np.ndarray]) -> list[int]:
    session = tokenizer.session(SHORT)
    return [*(number for packet in packets for number in session.feed(packet)), *session.finish()]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, len(PCM)), max_size=8))
def test_a_stream_cut_at_any_points_gives_the_ids_of_one_packet(
    tokenizer: DualTokenizer, cuts: list[int]
) -> None:
    assert live(tokenizer, np.split(PCM, sorted(cuts))) == live(tokenizer, [PCM])


def test_ids_come_while_the_sound_still_goes_on(tokenizer: DualTokenizer) -> None:
    session = tokenizer.session(SHORT)
    ids = session.feed(PCM[:16_000])
    # 12 semantic codes of the first two segments, 16 linguistic ones of four steps: 6 groups of 3 and 2.
    assert len(ids) == 6 * 5
    assert all(number in tokenizer.tokens.ids for number in ids)


def test_from_its_loudest_sample_on_a_stream_has_the_offline_linguistic_codes(
    tokenizer: DualTokenizer,
) -> None:
    pcm = PCM.copy()
    pcm[0] = 0.9
    offline = tokenizer.tokenize(Recording(pcm, 16_000)).linguistic
    linguistic, _ = tokenizer.tokens.separate(live(tokenizer, [pcm]))
    assert linguistic.tolist() == offline[: len(linguistic)].tolist()


def test_a_fork_finishes_a_pause_and_leaves_its_session_untouched(tokenizer: DualTokenizer) -> None:
    session = tokenizer.session(SHORT)
    before = session.feed(PCM[:11_000])
    assert [*before, *session.fork().finish()] == live(tokenizer, [PCM[:11_000]])
    assert [*before, *session.feed(PCM[11_000:]), *session.finish()] == live(tokenizer, [PCM])


def test_sessions_that_take_turns_do_not_hear_each_other(tokenizer: DualTokenizer) -> None:
    sounds = [PCM, PCM[::-1].copy(), 0.01 * PCM]
    sessions = [tokenizer.session(SHORT) for _ in sounds]
    ids: list[list[int]] = [[] for _ in sounds]
    for start in range(0, len(PCM), 1600):
        for session, sound, found in zip(sessions, sounds, ids, strict=True):
            found.extend(session.feed(sound[start : start + 1600]))
    for session, sound, found in zip(sessions, sounds, ids, strict=True):
        assert [*found, *session.finish()] == live(tokenizer, [sound])


def test_a_cancelled_token_stops_a_session(tokenizer: DualTokenizer) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        tokenizer.session().feed(PCM, token)


def test_more_codes_than_tokens_are_refused(tokenizer_models: Path, tmp_path: Path) -> None:
    models = Path(shutil.copytree(tokenizer_models, tmp_path / "models"))
    path = models / "linguistic" / CENTROIDS
    record = models / "linguistic" / "export.json"
    size = path.stat().st_size
    np.save(path, np.zeros((1025, 32), np.float32))
    record.write_text(record.read_text().replace(f": {size}", f": {path.stat().st_size}"))
    with pytest.raises(UserError, match="1025 codes"):
        DualTokenizer.load(models)


def test_a_missing_component_is_named(tokenizer_models: Path, tmp_path: Path) -> None:
    models = Path(shutil.copytree(tokenizer_models, tmp_path / "models"))
    shutil.rmtree(models / "semantic")
    with pytest.raises(UserError, match="semantic"):
        DualTokenizer.load(models)
