"""What `generation_config.json` says of how freely ids are to be drawn."""

from pathlib import Path
from typing import Annotated

import msgspec

from edge_audio.step_audio.sampler import Sampling
from export.lm.config import read_json

GENERATION_CONFIG = "generation_config.json"


class GenerationConfig(msgspec.Struct, frozen=True):
    """The keys of `generation_config.json` that matter; others are ignored. The release has none of them."""

    do_sample: bool | None = None
    """False for the likeliest id always."""
    temperature: Annotated[float, msgspec.Meta(gt=0)] | None = None
    top_k: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """0 for no limit."""
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    phase_rule: bool = False
    """Whether two linguistic and three semantic codes are made to take turns. Transformers lacks this key."""

    @property
    def sampling(self) -> Sampling | None:
        """How ids are to be drawn, as in the release where a key is missing; None where all are."""
        said = {"temperature": self.temperature, "top_k": self.top_k, "top_p": self.top_p}
        if self.do_sample is False:
            said["temperature"] = 0.0
        values = {key: value for key, value in said.items() if value is not None}
        return msgspec.convert(values, Sampling) if values else None


def read_generation_config(folder: Path) -> GenerationConfig:
    """Read the file in `folder`, which may be missing. Raises `UserError` if it can't be used."""
    path = folder / GENERATION_CONFIG
    return read_json(path, GenerationConfig) if path.exists() else GenerationConfig()
