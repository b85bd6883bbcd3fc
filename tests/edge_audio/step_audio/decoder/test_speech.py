"""Codes become sound in chunks; what the models compute is in their own tests."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.step_audio.decoder.speech import WHOLE, Chunking, SpeechDecoder
from edge_audio.step_audio.noise import PlacedNoise
from edge_audio.step_audio.voice_prompt import VoicePrompt

PROMPT = VoicePrompt(np.arange(3), np.zeros((5, 2), np.float32), np.zeros(192, np.float32))


class BothWays:
    """A flow whose every frame depends on all codes it hears, as the real one's does."""

    bands = 2

    def __init__(self):
        self.heard = []

    def frames_of(self, codes):
        return int(codes * 2.067)

    def mel(self, codes, prompt, noise, token=None):
        self.heard.append(len(codes))
        target = noise[:, len(prompt.mel) :]
        return (target + codes.mean() + noise[:, : len(prompt.mel)].mean()).astype(np.float32)


class OneForOne:
    """A vocoder that gives one sample a frame, one frame late."""

    sample_rate_hz = 22_050

    def session(self, seed):
        return _Late()


class _Late:
    def __init__(self):
        self.kept = np.zeros(0, np.float32)

    def feed(self, mel, token=None):
        known = np.concatenate([self.kept, mel[0]])
        self.kept = known[-1:]
        return known[:-1]

    def finish(self, token=None):
        return self.kept


def spoken(decoder, packets):
    utterance = decoder.begin(PROMPT, seed=7)
    sound = [piece for packet in packets for piece in utterance.feed(packet)]
    return np.concatenate([*sound, *utterance.finish()])


def cut(codes, bounds):
    return np.split(codes, sorted(bounds))


@given(st.integers(1, 300), st.lists(st.integers(0, 300), max_size=8))
def test_chunks_in_their_whole_context_are_the_offline_sound(count, bounds):
    codes = np.random.default_rng(count).integers(0, 5120, count)
    flow = BothWays()
    noise = PlacedNoise(7, 2)
    offline = flow.mel(codes, PROMPT, noise.between(-5, flow.frames_of(count)))[0]
    np.testing.assert_allclose(
        spoken(SpeechDecoder(flow, OneForOne(), WHOLE), cut(codes, bounds)), offline, rtol=1e-5
    )


@given(st.integers(0, 400), st.lists(st.integers(0, 400), max_size=8))
def test_every_code_is_heard_once_however_the_stream_is_cut(count, bounds):
    codes = np.random.default_rng(count).integers(0, 5120, count)
    decoder = SpeechDecoder(BothWays(), OneForOne())
    sound = spoken(decoder, cut(codes, bounds))
    assert len(sound) == BothWays().frames_of(count)
    np.testing.assert_array_equal(sound, spoken(decoder, [codes]))


def test_the_first_sound_comes_after_the_first_chunk_and_its_look_ahead():
    chunking = Chunking(first_codes=25, chunk_codes=50, left_codes=100, look_ahead_codes=10)
    utterance = SpeechDecoder(BothWays(), OneForOne(), chunking).begin(PROMPT)
    assert not list(utterance.feed(np.zeros(34, np.int64)))
    assert [len(piece) for piece in utterance.feed(np.zeros(1, np.int64))] == [int(25 * 2.067) - 1]


def test_the_flow_hears_no_more_than_chunk_and_context():
    flow = BothWays()
    spoken(SpeechDecoder(flow, OneForOne(), Chunking(25, 50, 100, 10)), [np.zeros(1000, np.int64)])
    assert max(flow.heard) == 160
    assert len(flow.heard) == 21


@pytest.mark.parametrize("ahead", [0, 10])
def test_windows_are_blended_where_they_meet(ahead):
    """The frames that two windows share go over from one's view to the other's without a step."""
    codes = np.repeat(np.arange(8), 50).astype(np.int64) * 100
    decoder = SpeechDecoder(BothWays(), OneForOne(), Chunking(50, 50, 0, ahead))
    plain = PlacedNoise(7, 2).between(0, 826)[0]
    steps = np.abs(np.diff(spoken(decoder, [codes]) - plain)).max()
    assert steps < 12 if ahead else steps > 90
