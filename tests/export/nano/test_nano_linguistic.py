"""All steps at once, as in training, against one step after the other, as in a stream."""

import numpy as np
import pytest
import torch

from edge_audio.step_audio.tokenizer.linguistic import EncoderState, LinguisticEncoder, LinguisticSettings
from export.linguistic import encoder
from export.linguistic.parity import ModuleStep
from export.nano.linguistic import all_steps

SIZES = encoder.EncoderSizes(
    features=560, width=32, heads=4, feed_forward=48, blocks=3, kernel=11, window=9, chunk=4, past=16
)
SETTINGS = LinguisticSettings(
    features=560,
    width=32,
    blocks=3,
    heads=4,
    chunk_frames=4,
    overlap_frames=5,
    look_back_chunks=4,
    stacked_frames=7,
    stride_frames=6,
)
STEPS = 9


@pytest.fixture(scope="module")
def module():
    torch.manual_seed(0)
    return encoder.LinguisticEncoder(SIZES).eval()


@pytest.fixture(scope="module")
def features():
    return np.random.default_rng(0).standard_normal((2, STEPS * SIZES.chunk, 560), np.float32)


def streamed(module, features, first):
    """Return what each step makes of its new frames; `first` frames are said to be past."""
    stream = LinguisticEncoder(SETTINGS, np.zeros((2, 560)), np.zeros((1, 32)), ModuleStep(module))
    state = EncoderState(SETTINGS)
    state.frames = first
    return [
        stream.encode(features[start : start + SIZES.chunk], state)[-SIZES.chunk :]
        for start in range(0, len(features), SIZES.chunk)
    ]


@pytest.mark.parametrize("first", [0, 700])
def test_all_steps_at_once_equal_the_stream_step_by_step(module, features, first):
    with torch.no_grad():
        together = all_steps(module, torch.from_numpy(features), first).numpy()
    for row, recording in enumerate(features):
        for step, encoded in enumerate(streamed(module, recording, first)):
            at_once = together[row, step * SIZES.chunk : (step + 1) * SIZES.chunk]
            np.testing.assert_allclose(at_once, encoded, atol=2e-5, err_msg=f"row {row}, step {step}")


def test_what_comes_later_than_a_step_changes_nothing_of_it(module, features):
    with torch.no_grad():
        whole = all_steps(module, torch.from_numpy(features))
        part = all_steps(module, torch.from_numpy(features[:, : 3 * SIZES.chunk]))
    assert torch.allclose(whole[:, : 3 * SIZES.chunk], part, atol=1e-6)
