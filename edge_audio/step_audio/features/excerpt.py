"""The part of a recording that says most about its speaker."""

import numpy as np

from edge_audio.audio.frame import AUDIBLE
from edge_audio.step_audio.features.recording import Recording
from runtime.errors import UserError

EXCERPT_S = 4.0
"""Its length, as in the release's own voice prompts: all of it is read again with every chunk of speech."""

SHORTEST_S = 1.0
"""A shorter recording is not enough for a voice."""

_BLOCKS_PER_S = 100
"""Resolution at which the loudest part is found."""

_REMEDY = "Take one of the voices of `edge-audio voices`, or another recording."


def excerpt(recording: Recording) -> Recording:
    """Return the loudest `EXCERPT_S` of a recording, or all of it if it isn't longer.

    Raises `UserError` if it is shorter than `SHORTEST_S`, or silent.
    """
    pcm, rate_hz = recording.pcm, recording.rate_hz
    if len(pcm) < SHORTEST_S * rate_hz:
        raise UserError(
            f"The recording is {len(pcm) / rate_hz:.2f} s long; a voice needs {SHORTEST_S:g} s.", _REMEDY
        )
    block = rate_hz // _BLOCKS_PER_S
    blocks = pcm[: len(pcm) // block * block].reshape(-1, block)
    energy = np.concatenate(([0.0], np.cumsum(np.einsum("ij,ij->i", blocks, blocks), dtype=np.float64)))
    length = min(len(blocks), round(EXCERPT_S * _BLOCKS_PER_S))
    start = int(np.argmax(energy[length:] - energy[:-length])) * block
    loudest = pcm[start : start + length * block]
    if np.abs(loudest).max() < AUDIBLE:
        raise UserError("The recording is silent.", _REMEDY)
    return Recording(loudest, rate_hz)
