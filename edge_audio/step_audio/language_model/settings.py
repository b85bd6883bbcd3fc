"""What the runtime must know of an exported language model, and the names of its files."""

from typing import Annotated

import msgspec

from edge_audio.step_audio.component import Count, FewCount
from edge_audio.step_audio.sampler import Sampling

NAME = "lm"
"""The component's name in its record."""

PREFILL = "prefill.onnx"
"""The graph for any number of new positions."""

DECODE = "decode.onnx"
"""The same graph for exactly one new position, for runtimes that need fixed lengths."""

OUTPUT_IDS = "output_ids.npy"
"""int64 (logits,): the id of each logit, ascending; the file is missing if every id has a logit."""


class LanguageModelSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The settings in the record of a language model, which omits those that are None or False."""

    layers: FewCount
    groups: FewCount
    """Heads of keys and values."""
    head_size: FewCount
    vocabulary: Count
    """Rows of the embedding: ids are below it."""
    logits: Count
    """Ids that the model can generate."""
    max_length: Count
    """Positions that the model was made for."""
    end_of_turn: Annotated[int, msgspec.Meta(ge=0)]
    """The id that ends the model's turn."""
    step_bytes: Annotated[int, msgspec.Meta(ge=1, le=100_000_000_000)]
    """Bytes of weights that every decoding step reads from the file: all but the embedding."""
    control_tags: tuple[str, ...] | None = None
    """The words of the tags that it was trained with; None for those of the release."""
    sampling: Sampling | None = None
    """How its ids are drawn; None for as in the release."""
    phase_rule: bool = False
    """True if its ids need `PhaseRule`, which depends on how the model was trained."""

    def __post_init__(self) -> None:
        if self.end_of_turn >= self.vocabulary:
            raise ValueError(f"the id that ends a turn, {self.end_of_turn}, is none of {self.vocabulary}")
