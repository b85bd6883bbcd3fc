"""A `cosyvoice.yaml` in the style of the released ones, tags included."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from export.cosyvoice_yaml import FILE

_SAMPLE_RATE_HZ = 22050
_BANDS = 80


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value with a HyperPyYAML tag before it, such as `!new:package.Class`."""

    tag: str
    value: Any


SAMPLE_RATE = Tagged("!ref", "<sample_rate>")
"""Refers to the sample rate at the top of the file: 22,050 Hz."""


class _Dumper(yaml.SafeDumper):
    """Writes `Tagged` values."""


def _tagged(dumper: _Dumper, tagged: Tagged) -> yaml.Node:
    if isinstance(tagged.value, dict):
        return dumper.represent_mapping(tagged.tag, tagged.value)
    if isinstance(tagged.value, list):
        return dumper.represent_sequence(tagged.tag, tagged.value)
    return dumper.represent_scalar(tagged.tag, str(tagged.value))


_Dumper.add_representer(Tagged, _tagged)


def write_cosyvoice_yaml(folder: Path, *, flow: dict[str, Any], hift: dict[str, Any], comment: str) -> None:
    """Write the file into a decoder's folder, `comment` as its first line.

    `flow` and `hift` are the arguments of its two models.
    """
    content = {
        "__set_seed1": Tagged("!apply:random.seed", [1986]),
        "sample_rate": _SAMPLE_RATE_HZ,
        "flow": Tagged("!new:cosyvoice.flow.flow.MaskedDiffWithXvec", flow),
        "hift": Tagged("!new:cosyvoice.hifigan.generator.HiFTGenerator", hift),
        "feat_extractor": Tagged(
            "!name:matcha.utils.audio.mel_spectrogram",
            {"n_fft": 1024, "num_mels": _BANDS, "sampling_rate": SAMPLE_RATE, "hop_size": 256},
        ),
    }
    text = yaml.dump(content, Dumper=_Dumper, sort_keys=False)
    (folder / FILE).write_text(f"# {comment}\n{text}", encoding="utf-8")
