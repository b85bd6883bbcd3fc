"""What the runtime must know of an exported language model, and the names of its files."""

from typing import Annotated

import msgspec

from edge_audio.step_audio.component import Count, FewCount
from edge_audio.step_audio.sampler import Sampling

NAME = "lm"
"""The component's name in its record."""

PREFILL = "prefill.onnx"
"""The graph that takes any number of new positions."""

DECODE = "decode.onnx"
"""The same graph for exactly one new position, for runtimes that want fixed lengths."""

OUTPUT_IDS = "output_ids.npy"
"""int64 (logits,): the id of each logit, ascending; there is no such file where every id has a logit."""


class LanguageModelSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The settings in the record of a language model; what is None or False is left out of it."""

    layers: FewCount
    groups: FewCount
    """Heads of keys and values."""
    head_size: FewCount
    vocabulary: Count
    """Rows of the embedding: ids are below it."""
    logits: Count
    """Ids that the model can say."""
    max_length: Count
    """Positions that the model was made for."""
    end_of_turn: Annotated[int, msgspec.Meta(ge=0)]
    """The id with which the model ends what it says."""
    step_bytes: Annotated[int, msgspec.Meta(ge=1, le=100_000_000_000)]
    """Bytes of weights in the file that every decoding step reads: all but the embedding."""
    control_tags: tuple[str, ...] | None = None
    """The words of the tags that it was trained with; None for those of the release."""
    sampling: Sampling | None = None
    """How freely its ids are to be drawn; None for as in the release."""
    phase_rule: bool = False
    """Whether its ids need `PhaseRule`. It stands here, as who trained a model knows, not who uses it."""

    def __post_init__(self) -> None:
        if self.end_of_turn >= self.vocabulary:
            raise ValueError(f"of {self.vocabulary} ids none is {self.end_of_turn}, which ends a turn")
