from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from export.hift.config import IstftParams
from export.hift.generator import HiftSizes
from export.toy.hift import CONFIG, TINY
from runtime.worker import Cancelled, CancelToken
from tests.edge_audio.step_audio.decoder.hift_modules import ModuleVocoder

ODD = replace(
    CONFIG,
    upsample_rates=(5, 3, 2),
    upsample_kernel_sizes=(11, 7, 4),
    istft_params=IstftParams(n_fft=12, hop_len=3),
    resblock_kernel_sizes=(3, 5),
    resblock_dilation_sizes=((1, 2), (1, 4)),
    source_resblock_kernel_sizes=(3, 7, 5),
    source_resblock_dilation_sizes=((1,), (1, 3), (2, 1)),
)
"""Nothing as in the release: three stages, another transform, other kernels."""

FRAMES = 70


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Networks as small as these only wait for the threads of larger ones."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def vocoder(tmp_path_factory):
    return ModuleVocoder(CONFIG, TINY, tmp_path_factory.mktemp("hift"))


@pytest.fixture(scope="module")
def odd_vocoder(tmp_path_factory):
    sizes = HiftSizes(bands=6, channels=(12, 8, 6, 4), harmonics=4, f0_channels=8)
    return ModuleVocoder(ODD, sizes, tmp_path_factory.mktemp("odd"))


def pieces(vocoder, mel, cuts, seed=3):
    session = vocoder.session(seed)
    edges = [0, *sorted(cuts), mel.shape[1]]
    fed = [session.feed(mel[:, start:stop]) for start, stop in pairwise(edges)]
    return [*fed, session.finish()]


cuts = st.lists(st.integers(0, FRAMES), max_size=6)


@settings(max_examples=12, deadline=None)
@given(cuts, st.integers(1, FRAMES))
def test_any_cut_of_the_mel_gives_the_sound_of_the_whole(vocoder, cuts, frames):
    mel = vocoder.mel(frames)
    streamed = np.concatenate(pieces(vocoder, mel, [min(cut, frames) for cut in cuts]))
    whole = vocoder.session(3).whole(mel)
    assert whole.shape == (frames * vocoder.settings.source.samples_per_frame,)
    np.testing.assert_allclose(streamed, whole, atol=2e-6)


@settings(max_examples=12, deadline=None)
@given(cuts)
def test_that_holds_for_other_dimensions(odd_vocoder, cuts):
    mel = odd_vocoder.mel(FRAMES)
    streamed = np.concatenate(pieces(odd_vocoder, mel, cuts))
    np.testing.assert_allclose(streamed, odd_vocoder.session(3).whole(mel), atol=2e-6)


def test_frame_by_frame_the_sound_lags_by_no_more_than_the_look_ahead(vocoder):
    session, mel = vocoder.session(3), vocoder.mel(FRAMES)
    look_ahead = vocoder.settings.look_ahead_frames
    samples = vocoder.settings.source.samples_per_frame
    given, lags = 0, []
    for frame in range(FRAMES):
        given += len(session.feed(mel[:, frame : frame + 1]))
        lags.append(frame + 1 - given // samples)
    assert max(lags) == look_ahead
    assert given + len(session.finish()) == FRAMES * samples


def test_the_sound_is_that_of_the_module_on_the_whole_mel(vocoder):
    mel = vocoder.mel(FRAMES)
    session = vocoder.session(3)
    noise = session._source._noise
    with torch.inference_mode():
        whole = torch.from_numpy(mel)[None]
        generator = vocoder.generator
        samples = FRAMES * vocoder.settings.source.samples_per_frame
        source = generator.m_source(
            generator.f0_predictor(whole),
            torch.from_numpy(noise.phase)[None, :, None],
            torch.from_numpy(noise.between(0, samples))[None],
        )
        expected = generator(whole, source)[0].numpy()
    np.testing.assert_allclose(session.whole(mel), expected, atol=1e-4)


def test_pieces_of_a_minute_add_up_to_the_whole(vocoder):
    mel = vocoder.mel(60 * 86)
    streamed = np.concatenate(pieces(vocoder, mel, range(258, mel.shape[1], 258)))
    np.testing.assert_allclose(streamed, vocoder.session(3).whole(mel), atol=2e-6)


def test_no_jump_is_heard_where_pieces_meet(vocoder):
    sounds = pieces(vocoder, vocoder.mel(400), range(20, 400, 20))
    sounds = [sound for sound in sounds if len(sound)]
    jumps = np.concatenate([np.abs(np.diff(sound)) for sound in sounds])
    joins = [abs(after[0] - before[-1]) for before, after in pairwise(sounds)]
    assert len(joins) > 15
    assert np.median(joins) <= 2 * np.median(jumps)
    assert max(joins) <= np.quantile(jumps, 0.99)


def test_silence_is_a_sound_too(vocoder):
    floor = np.full((vocoder.settings.bands, 40), np.log(1e-5), np.float32)
    silence = vocoder.session(0).whole(floor)
    assert np.isfinite(silence).all()
    assert np.abs(silence).max() <= CONFIG.audio_limit


def test_a_mel_without_frames_has_no_sound(vocoder):
    session = vocoder.session(0)
    assert session.finish().shape == (0,)
    session = vocoder.session(0)
    assert session.feed(vocoder.mel(0)).shape == (0,)
    assert session.finish().shape == (0,)


def test_seeds_decide_the_noise(vocoder):
    mel = vocoder.mel(20)
    first, again, other = (vocoder.session(seed).whole(mel) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_a_cancelled_token_stops_it(vocoder):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        vocoder.session(0).whole(vocoder.mel(20), token)
