"""What the flow model's tensors can't tell: rates, heads, and the constants of its solver."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from export.cosyvoice_yaml import FILE, read_section
from runtime.errors import UserError

_Count = Annotated[int, msgspec.Meta(ge=1)]
_Rate = Annotated[float, msgspec.Meta(gt=0)]


class FlowConfig(msgspec.Struct, frozen=True):
    """Settings of the flow model beside its tensors."""

    codes_per_second: float
    estimator_heads: int
    regulator_groups: int
    """Of the norms in the length regulator."""
    guidance: float
    """How far to go beyond the velocity without codes and speaker, as a part of the difference."""
    steps: int
    """Of the Euler solver."""
    sample_rate_hz: int
    hop_samples: int
    """From one mel frame to the next."""


# The keys below are those of the release's `cosyvoice.yaml`; values that are not given are the defaults of
# CosyVoice. A `Literal` refuses what is not implemented here and what no tensor would give away.


class _Encoder(msgspec.Struct, frozen=True):
    activation_type: Literal["swish"] = "swish"
    static_chunk_size: Literal[0] = 0


class _Regulator(msgspec.Struct, frozen=True):
    groups: _Count = 1


class _Mel(msgspec.Struct, frozen=True):
    sampling_rate: _Count = 22050
    hop_size: _Count = 256


class _Estimator(msgspec.Struct, frozen=True):
    num_heads: _Count = 4
    act_fn: Literal["gelu"] = "gelu"


class _Solver(msgspec.Struct, frozen=True):
    inference_cfg_rate: Annotated[float, msgspec.Meta(ge=0)]
    solver: Literal["euler"] = "euler"
    t_scheduler: Literal["cosine"] = "cosine"


class _SolverContent(msgspec.Struct, frozen=True):
    content: _Solver


class _Decoder(msgspec.Struct, frozen=True):
    cfm_params: _SolverContent
    estimator: _Estimator


class _Section(msgspec.Struct, frozen=True):
    decoder: _Decoder
    encoder: _Encoder = _Encoder()
    length_regulator: _Regulator = _Regulator()
    mel_feat_conf: _Mel = _Mel()
    input_frame_rate: _Rate = 50.0


class _Golden(msgspec.Struct, frozen=True):
    """`config.json` beside golden data of the flow model."""

    input_frame_rate: _Rate
    n_timesteps: _Count
    cfm: _Solver
    decoder: _Estimator
    length_regulator: _Regulator
    mel_feat_conf: _Mel
    encoder_fixed: _Encoder


_RELEASED_STEPS = 10
"""Euler steps in the code of the Step-Audio release; no file names them."""


def released_config(folder: Path) -> FlowConfig:
    """Read the settings of a released decoder folder.

    Raises `UserError` for a file that isn't whole, and for a variant of the model that isn't implemented.
    """
    section = read_section(folder / FILE, "flow", _Section)
    return _config(
        section.input_frame_rate,
        _RELEASED_STEPS,
        section.decoder.cfm_params.content,
        section.decoder.estimator,
        section.length_regulator,
        section.mel_feat_conf,
    )


def golden_config(folder: Path) -> FlowConfig:
    """Read the settings beside golden data. Raises `UserError` if they can't be read."""
    path = folder / "config.json"
    try:
        golden = msgspec.json.decode(path.read_bytes(), type=_Golden)
    except (OSError, msgspec.DecodeError) as error:
        raise UserError(f"{path} can't be read ({error}).", "Name a folder of golden data.") from error
    return _config(
        golden.input_frame_rate,
        golden.n_timesteps,
        golden.cfm,
        golden.decoder,
        golden.length_regulator,
        golden.mel_feat_conf,
    )


def _config(
    rate: float, steps: int, solver: _Solver, estimator: _Estimator, regulator: _Regulator, mel: _Mel
) -> FlowConfig:
    return FlowConfig(
        codes_per_second=rate,
        estimator_heads=estimator.num_heads,
        regulator_groups=regulator.groups,
        guidance=solver.inference_cfg_rate,
        steps=steps,
        sample_rate_hz=mel.sampling_rate,
        hop_samples=mel.hop_size,
    )
