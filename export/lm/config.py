"""What `config.json` says of a language model, held against the tensors beside it."""

from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from edge_audio.tts.tags import TAGS
from export.checkpoint import Shape, Tensors
from export.lm.alibi import interpolated, slopes_of
from runtime.errors import UserError

CONFIG = "config.json"

LAYER = "model.layers.{}."
"""Prefix of the tensors of one layer."""

_Count = Annotated[int, msgspec.Meta(ge=1)]
_Positive = Annotated[float, msgspec.Meta(gt=0)]
_Id = Annotated[int, msgspec.Meta(ge=0)]

T = TypeVar("T")


class Step1Config(msgspec.Struct, frozen=True):
    """The keys of `config.json` that matter; others are ignored.

    The defaults of optional keys are those of Step1's own configuration class.
    """

    hidden_size: _Count
    intermediate_size: _Count
    """Width inside the feed-forward part."""
    num_attention_heads: _Count
    num_attention_groups: _Count
    """Heads of keys and values; each serves equally many query heads."""
    num_hidden_layers: _Count
    vocab_size: _Count
    max_seq_len: _Count
    """Positions that the model was made for."""
    rms_norm_eps: _Positive = 1e-5
    eos_token_id: _Id = 3
    alibi_slopes: tuple[_Positive, ...] | None = None
    """Slopes that replace the computed ones."""
    max_pos_interp_ratio: _Positive = 1.0
    """How many times longer than in training a text may be; flattens the gentle slopes most."""
    logit_scale: float = 1.0
    control_tags: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """The words of the tags that it was trained with. The release, which lacks this key, knows its own."""

    @property
    def head_size(self) -> int:
        """Width of a head."""
        return self.hidden_size // self.num_attention_heads

    @property
    def group_width(self) -> int:
        """Width of the keys of all groups together, and of the values."""
        return self.num_attention_groups * self.head_size

    @property
    def slopes(self) -> tuple[float, ...]:
        """How steeply each head's attention falls with the square root of the distance."""
        slopes = self.alibi_slopes or slopes_of(self.num_attention_heads)
        return interpolated(slopes, self.max_pos_interp_ratio)

    def layer_shapes(self) -> dict[str, Shape]:
        """Return the shapes of one layer's tensors, without the prefix."""
        hidden, inner, grouped = self.hidden_size, self.intermediate_size, self.group_width
        return {
            "input_layernorm.weight": (hidden,),
            "post_attention_layernorm.weight": (hidden,),
            "self_attn.q_proj.weight": (hidden, hidden),
            "self_attn.k_proj.weight": (grouped, hidden),
            "self_attn.v_proj.weight": (grouped, hidden),
            "self_attn.o_proj.weight": (hidden, hidden),
            "mlp.gate_proj.weight": (inner, hidden),
            "mlp.up_proj.weight": (inner, hidden),
            "mlp.down_proj.weight": (hidden, inner),
        }

    def shapes(self) -> dict[str, Shape]:
        """Return the shapes of all tensors of the model."""
        shapes: dict[str, Shape] = {
            "model.embed_tokens.weight": (self.vocab_size, self.hidden_size),
            "model.norm.weight": (self.hidden_size,),
            "lm_head.weight": (self.vocab_size, self.hidden_size),
        }
        for index in range(self.num_hidden_layers):
            prefix = LAYER.format(index)
            shapes |= {prefix + name: shape for name, shape in self.layer_shapes().items()}
        return shapes


def read_config(folder: Path, tensors: Tensors) -> Step1Config:
    """Read `config.json` in `folder`. Raises `UserError` unless it and `tensors` describe the same model."""
    path = folder / CONFIG
    config = read_json(path, Step1Config)
    heads, groups = config.num_attention_heads, config.num_attention_groups
    if config.hidden_size % heads or heads % groups:
        raise _contradiction(
            path, f"{heads} heads in {groups} groups don't divide a hidden size of {config.hidden_size}"
        )
    if config.alibi_slopes is not None and len(config.alibi_slopes) != heads:
        raise _contradiction(path, f"there are {len(config.alibi_slopes)} alibi_slopes for {heads} heads")
    if unknown := set(config.control_tags or ()) - {tag.released for tag in TAGS}:
        listed = ", ".join(sorted(unknown))
        raise UserError(
            f"{path}: no voice can be asked for {listed} of control_tags.",
            f"Leave that out; there are: {', '.join(tag.released for tag in TAGS)}.",
        )
    for key, name, axis in (
        ("hidden_size", "model.embed_tokens.weight", 1),
        ("vocab_size", "model.embed_tokens.weight", 0),
        ("intermediate_size", LAYER.format(0) + "mlp.gate_proj.weight", 0),
    ):
        if getattr(config, key) != tensors.size(name, axis):
            raise _contradiction(
                path, f"{key} is {getattr(config, key)}, but {name} has {tensors.size(name, axis)}"
            )
    layers = tensors.count(LAYER + "input_layernorm.weight")
    if config.num_hidden_layers != layers:
        raise _contradiction(
            path, f"num_hidden_layers is {config.num_hidden_layers}, but the checkpoint has {layers} layers"
        )
    key_name = LAYER.format(0) + "self_attn.k_proj.weight"
    if config.group_width != tensors.size(key_name):
        raise _contradiction(
            path,
            f"{groups} groups of {config.head_size} are {config.group_width}, "
            f"but {key_name} has {tensors.size(key_name)}",
        )
    tensors.check(config.shapes())
    return config


def read_json(path: Path, kind: type[T]) -> T:
    """Read a file of JSON as a `kind`. Raises `UserError`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise UserError(f"{path} can't be read.", "Check the path, or download the file.") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise UserError(f"{path}: {str(error).rstrip('.')}.", "Download it again.") from error


def _contradiction(path: Path, what: str) -> UserError:
    return UserError(f"{path}: {what}.", "Check that configuration and checkpoint belong together.")
