"""The lengths that TensorRT engines of the Step-Audio components are built for.

Engines keep the graphs' own types. Never build float16 engines of the estimator or of the linguistic encoder
from float32 graphs, strongly typed or with a float16 flag: their norms overflow and underflow (epsilon is
1e-12 in the linguistic encoder) and give NaN (CosyVoice #1113). bfloat16 has the range; or keep norms,
softmax and the residual stream in float32, as the float16 export of the linguistic encoder does.
"""

from collections.abc import Mapping

from edge_audio.step_audio.decoder.flow import ENCODER, ESTIMATOR
from edge_audio.step_audio.decoder.hift import F0_GRAPH
from edge_audio.step_audio.language_model.model import MAX_LENGTH, PIECE
from edge_audio.step_audio.language_model.settings import DECODE, PREFILL
from runtime.shape_profile import Lengths, Profile

_MEL = Lengths(4, 710, 3000)
"""Frames of mel, 86 a second. Usual are a prompt of 4.4 s and the 160 codes of an utterance that the flow
reads at a time; 35 s fit in all, as in CosyVoice's own profile."""

_CODES = Lengths(1, 343, 1452)
"""Codes of both codebooks for those frames, 41.67 a second."""

_PAST = Lengths(0, 1024, MAX_LENGTH)

_PIECE = 103
"""Frames that the vocoder usually gets at a time: those of a chunk of 50 codes."""

_LONGEST_PIECE = 600
"""The longest piece of the vocoder, 7 s, context included: its memory grows with it."""

_STAGE_RATE = 8
"""Output frames of the released vocoder's first stage for an input frame."""

_PITCH_FRAMES = 14
"""Four frames, and the context of the pitch on both sides."""

_CONTEXTS = 26, 32
"""Frames of context of the released vocoder's two stages, both sides together."""

PROFILES: Mapping[str, Mapping[str, Profile]] = {
    "linguistic": {},  # every length is fixed
    "lm": {
        # The runtime prefills and decodes with this graph: most runs have one position.
        PREFILL: {"new": Lengths(1, 1, PIECE), "past": _PAST},
        DECODE: {"past": _PAST},
    },
    "flow": {ENCODER: {"codes": _CODES, "frames": _MEL}, ESTIMATOR: {"frames": _MEL}},
    "hift": {
        F0_GRAPH: {"frames": Lengths(1, _PITCH_FRAMES, _LONGEST_PIECE)},
        "stage0.onnx": {"frames": Lengths(1, _PIECE + _CONTEXTS[0], _LONGEST_PIECE)},
        "stage1.onnx": {
            "frames": Lengths(_STAGE_RATE, _STAGE_RATE * _PIECE + _CONTEXTS[1], _STAGE_RATE * _LONGEST_PIECE)
        },
    },
}
"""By component and graph file; a graph that isn't named has fixed lengths only."""
