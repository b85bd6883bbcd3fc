"""Chat models of standard architectures, exported through `optimum`."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from export.check import max_abs_error
from export.graph import OPSET, quiet
from export.precision import Precision
from export.progress import Progress
from export.record import write_record
from runtime.atomic import atomic_folder
from runtime.errors import UserError
from runtime.session import OnnxSession

_GRAPH = "model.onnx"
_PROBE_IDS = 12
_SEED = 20


class ChatSettings(msgspec.Struct, frozen=True):
    """What identifies an exported chat model."""

    architecture: str
    """Its class in transformers: `Qwen2ForCausalLM`."""
    vocabulary: int
    """Number of ids."""


def export_chat(source: Path, output: Path, precision: Precision, progress: Progress) -> None:
    """Export the chat model in the folder `source`, with its tokenizer, to the folder `output`.

    The graph is optimum's `text-generation-with-past`: ids, mask, positions and past keys and values in;
    logits and all keys and values out. Raises `UserError` if the folder holds no safetensors weights (pickles
    are never read) or an architecture that is not standard.
    """
    precision.among({Precision.FP32}, "chat")
    config = _read_config(source)
    try:
        from optimum.exporters.onnx import main_export
    except ImportError as error:
        raise UserError(
            "Exporting chat models needs optimum.", "Install it with `pip install 'edge-audio[export-chat]'`."
        ) from error
    progress("chat", 0, 2)
    with atomic_folder(output) as folder, quiet():
        try:
            main_export(
                str(source),
                output=folder,
                task="text-generation-with-past",
                opset=OPSET,
                device="cpu",
                local_files_only=True,
            )
        except (ValueError, KeyError, OSError) as error:
            raise UserError(
                f"{source} can't be exported by optimum: {str(error).splitlines()[0].rstrip('.')}.",
                "Choose a model of a standard architecture.",
            ) from error
        progress("chat: parity", 1, 2)
        for file in source.glob("tokenizer*"):
            shutil.copy(file, folder)
        write_record(
            folder,
            component="chat",
            precision=precision,
            opset=OPSET,
            sources={path.name: path for path in sorted(source.glob("*.safetensors"))},
            settings=ChatSettings(config["architectures"][0], config["vocab_size"]),
            parity={"max_abs_error": _parity(source, folder / _GRAPH, config["vocab_size"])},
        )
    progress("chat", 2, 2)


def _read_config(source: Path) -> dict[str, Any]:
    path = source / "config.json"
    try:
        config: dict[str, Any] = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError) as error:
        raise UserError(f"{path} is missing or no JSON.", "Name the folder of a chat model.") from error
    if not config.get("architectures") or not isinstance(config.get("vocab_size"), int):
        raise UserError(f"{path} names no architecture or no vocab_size.", "Name the folder of a chat model.")
    if "auto_map" in config:
        raise UserError(
            f"{path} asks for code of its own, which is never run.", "Choose a standard architecture."
        )
    if not list(source.glob("*.safetensors")):
        raise UserError(f"{source} holds no .safetensors file.", "Get the model in that format.")
    return config


def _parity(source: Path, graph: Path, vocabulary: int) -> float:
    """Return the largest difference between the logits of transformers and those of the graph."""
    from transformers import AutoModelForCausalLM

    ids = np.random.default_rng(_SEED).integers(0, vocabulary, (1, _PROBE_IDS))
    model = AutoModelForCausalLM.from_pretrained(source, local_files_only=True, dtype=torch.float32)
    with torch.no_grad():
        expected = model(torch.from_numpy(ids)).logits.numpy()
    session = OnnxSession(graph)
    logits, *_ = session.run(_feeds(session, ids, model.config))
    return max_abs_error(logits, expected)


def _feeds(
    session: OnnxSession, ids: np.ndarray[Any, Any], config: Any
) -> Mapping[str, np.ndarray[Any, Any]]:
    """Return the inputs of a first call: all positions new, nothing in the past."""
    heads = config.num_key_value_heads or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    feeds = {name: np.zeros((1, heads, 0, size), np.float32) for name in session.inputs}
    positions = np.arange(ids.shape[1])[None]
    first = {"input_ids": ids, "attention_mask": np.ones_like(ids), "position_ids": positions}
    return {name: first.get(name, empty) for name, empty in feeds.items()}
