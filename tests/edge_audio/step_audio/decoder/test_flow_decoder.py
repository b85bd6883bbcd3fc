import numpy as np
import pytest

from edge_audio.step_audio.decoder.flow import FlowDecoder, FlowSettings, frame_positions
from edge_audio.step_audio.voice_prompt import VoicePrompt
from runtime.errors import UserError
from runtime.worker import Cancelled, CancelToken

SETTINGS = FlowSettings(
    vocabulary=50,
    bands=4,
    embedding=3,
    codes_per_second=125 / 3,
    sample_rate_hz=22050,
    hop_samples=256,
    guidance=0.7,
    steps=10,
)
PROMPT = VoicePrompt(np.arange(6), np.full((9, 4), 5, np.float32), np.ones(3, np.float32))
NOBODY = VoicePrompt(np.zeros(0, np.int64), np.zeros((0, 4), np.float32), np.ones(3, np.float32))


class Encoder:
    """Puts the codes themselves at the places of the frames."""

    def run(self, feeds, token=None):
        self.feeds = feeds
        at_frames = np.interp(feeds["positions"], np.arange(len(feeds["codes"])), feeds["codes"])
        return [np.tile(at_frames, (4, 1)).astype(np.float32), np.ones(4, np.float32)]


class Estimator:
    """Goes towards what it is told, one way or the other, whatever the time."""

    def __init__(self, cancel_in=None):
        self.calls = []
        self.cancel_in = cancel_in

    def run(self, feeds, token=None):
        if token is not None:
            token.raise_if_cancelled()
        self.calls.append(feeds)
        if self.cancel_in == len(self.calls):
            token.cancel()
        return [feeds["mu"] + feeds["spks"][:, :, None] + feeds["cond"] + 1]


def decoder(estimator=None):
    return FlowDecoder(SETTINGS, Encoder(), estimator or Estimator())


@pytest.mark.parametrize("codes", [0, 1, 2, 17, 40, 1000, 1041])
def test_frames_are_counted_as_in_the_release(codes):
    assert decoder().frames_of(codes) == int(codes / (125 / 3) * 22050 / 256)
    assert decoder().frames_of(40) == 82


def test_the_mel_is_the_noise_moved_by_the_guided_velocity():
    codes, noise = np.full(5, 20), np.zeros((4, 9 + 10), np.float32)
    mel = decoder().mel(codes, PROMPT, noise)
    assert mel.shape == (4, 10)
    assert mel.dtype == np.float32
    # With conditions 20 + 1 + 1, without them 1.
    assert np.allclose(mel, 1.7 * 22 - 0.7, rtol=1e-5)


def test_only_one_of_the_two_hears_codes_speaker_and_prompt():
    estimator = Estimator()
    decoder(estimator).mel(np.arange(5), PROMPT, np.zeros((4, 19), np.float32))
    call = estimator.calls[3]
    assert {name: array.shape for name, array in call.items()} == {
        "x": (2, 4, 19),
        "mu": (2, 4, 19),
        "t": (2,),
        "spks": (2, 4),
        "cond": (2, 4, 19),
    }
    assert not any(call[name][1].any() for name in ("mu", "spks", "cond"))
    assert np.all(call["cond"][0, :, :9] == 5)
    assert not call["cond"][0, :, 9:].any()
    assert np.array_equal(call["x"][0], call["x"][1])
    assert call["t"][0] == call["t"][1] == pytest.approx(1 - np.cos(0.15 * np.pi))
    assert len(estimator.calls) == 10


def test_prompt_and_codes_are_stretched_apart_from_each_other():
    encoder = Encoder()
    FlowDecoder(SETTINGS, encoder, Estimator()).mel(np.arange(5), PROMPT, np.zeros((4, 19), np.float32))
    positions = encoder.feeds["positions"]
    assert np.array_equal(encoder.feeds["codes"], [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4])
    assert np.array_equal(positions[:9], frame_positions(6, 9))
    assert np.allclose(positions[9:], 6 + frame_positions(5, 10))
    assert positions[8] == 5
    assert positions[9] == 6


def test_a_voice_without_a_prompt_is_decoded_alone():
    assert decoder().mel(np.arange(5), NOBODY, np.zeros((4, 10), np.float32)).shape == (4, 10)


def test_as_many_frames_come_as_there_is_noise_for():
    for frames in (1, 2, 10, 11, 40):
        mel = decoder().mel(np.arange(5), PROMPT, np.zeros((4, 9 + frames), np.float32))
        assert mel.shape == (4, frames)


def test_a_cancelled_decoding_takes_no_further_step():
    estimator, token = Estimator(cancel_in=3), CancelToken()
    with pytest.raises(Cancelled):
        decoder(estimator).mel(np.arange(5), PROMPT, np.zeros((4, 19), np.float32), token)
    assert len(estimator.calls) == 3


@pytest.mark.parametrize(
    ("codes", "prompt", "noise", "complaint"),
    [
        (np.zeros((1, 5), np.int64), PROMPT, np.zeros((4, 19)), "codes have"),
        (np.zeros(0, np.int64), PROMPT, np.zeros((4, 19)), "codes have"),
        (np.array([3, 50]), PROMPT, np.zeros((4, 19)), "50 codes, not the code 50"),
        (np.arange(5), PROMPT, np.zeros((4, 9)), "more than 9 frames"),
        (np.arange(5), PROMPT, np.zeros((5, 19)), r"noise has the shape \(4"),
        (np.arange(5), PROMPT, np.zeros((1, 4, 19)), "noise has"),
        (
            np.arange(5),
            VoicePrompt(NOBODY.codes, PROMPT.mel, PROMPT.embedding),
            np.zeros((4, 19)),
            "prompt's codes",
        ),
        (
            np.arange(5),
            VoicePrompt(PROMPT.codes, PROMPT.mel.T, PROMPT.embedding),
            np.zeros((4, 19)),
            "prompt's mel",
        ),
        (np.arange(5), VoicePrompt(PROMPT.codes, PROMPT.mel, np.ones(4)), np.zeros((4, 19)), "embedding has"),
        (
            np.arange(5),
            VoicePrompt(np.array([50]), PROMPT.mel, PROMPT.embedding),
            np.zeros((4, 19)),
            "code 50",
        ),
    ],
)
def test_what_does_not_fit_is_refused(codes, prompt, noise, complaint):
    with pytest.raises(ValueError, match=complaint):
        decoder().mel(codes, prompt, noise.astype(np.float32))


def test_a_folder_without_a_flow_is_refused(tmp_path):
    with pytest.raises(UserError, match="no exported component"):
        FlowDecoder.load(tmp_path)
