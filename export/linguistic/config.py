"""What tensors can't tell about the linguistic encoder: from the release's config.yaml, or a JSON file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from edge_audio.step_audio.component import Count
from export.plain_yaml import read_yaml
from runtime.errors import UserError

CONFIG = "config.yaml"
"""Name of the file in the released folder."""

_REMEDY = "Download the file again, and check that it belongs to the encoder."

_HEARD = {"fs": 16000, "window": "hamming", "n_mels": 80, "frame_length": 25, "frame_shift": 10}
"""The filter bank that the runtime computes; a release with another one can't be exported."""


_CHUNK_SIZE = (0, 4, 5)
"""Unused, new and old frames of a step where the file doesn't say. Step-Audio's tokenizer sets them in code;
the `chunk_size` in the release's `encoder_conf` is about training."""

_LOOK_BACK = 4
"""Steps whose keys and values are kept where the file doesn't say (set in Step-Audio's code too)."""


class LinguisticConfig(msgspec.Struct, frozen=True):
    """How the encoder attends, steps and hears."""

    heads: Count
    stacked_frames: Count
    """Frames of the filter bank in one of the encoder's."""
    stride_frames: Count
    """Frames of the filter bank from one of the encoder's to the next."""
    chunk_frames: Count
    """New frames of a step."""
    overlap_frames: Count
    """Old frames that a step sees again."""
    look_back_chunks: Count
    """Steps whose keys and values are kept."""


def read_released_config(path: Path) -> LinguisticConfig:
    """Read the release's config.yaml. Raises `UserError`, naming file and key."""
    content = read_yaml(path, yaml.SafeLoader, _REMEDY)
    encoder, front_end = _section(path, content, "encoder_conf"), _section(path, content, "frontend_conf")
    return _config(path, encoder, front_end, content)


def read_flat_config(path: Path) -> LinguisticConfig:
    """Read a config.json that comes with golden data. Raises `UserError`, naming file and key."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is missing or no JSON file.", _REMEDY) from error
    front_end = dict(_section(path, content, "frontend"))
    for name in ("frame_length", "frame_shift"):
        if f"{name}_ms" in front_end:
            front_end[name] = front_end[f"{name}_ms"]
    return _config(path, content, front_end, content)


def _config(
    path: Path, encoder: Mapping[str, Any], front_end: Mapping[str, Any], steps: Mapping[str, Any]
) -> LinguisticConfig:
    for key, heard in _HEARD.items():
        if front_end.get(key, heard) != heard:
            raise UserError(f"{path}: {key} is {front_end[key]}, and only {heard} can be computed.", _REMEDY)
    if encoder.get("sanm_shfit", 0) != 0:
        raise UserError(f"{path}: sanm_shfit is not 0, which can't be computed.", _REMEDY)
    try:
        _, chunk_frames, overlap_frames = steps.get("chunk_size", _CHUNK_SIZE)
        found = {
            "heads": encoder["attention_heads"],
            "stacked_frames": front_end["lfr_m"],
            "stride_frames": front_end["lfr_n"],
            "chunk_frames": chunk_frames,
            "overlap_frames": overlap_frames,
            "look_back_chunks": steps.get("encoder_chunk_look_back", _LOOK_BACK),
        }
        return msgspec.convert(found, LinguisticConfig, strict=True)
    except KeyError as error:
        raise UserError(f"{path}: {error.args[0]} is missing.", _REMEDY) from error
    except (TypeError, ValueError) as error:
        raise UserError(f"{path}: {error}.", _REMEDY) from error


def _section(path: Path, content: Any, name: str) -> Mapping[str, Any]:
    section = content.get(name) if isinstance(content, dict) else None
    if not isinstance(section, dict):
        raise UserError(f"{path}: the section {name} is missing.", _REMEDY)
    return section
