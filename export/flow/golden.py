"""The flow model against golden data, as PyTorch modules and as exported graphs."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from edge_audio.step_audio.decoder.flow import ENCODER, ESTIMATOR, FlowDecoder, FlowSettings, Graph
from edge_audio.step_audio.voice_prompt import VoicePrompt
from export.check import Check, compare, compare_codes
from export.checkpoint import open_tensors
from export.flow.config import golden_config
from export.flow.export import flow_settings, write_encoder, write_estimator
from export.flow.flow import Flow, FlowEncoder, load_flow
from export.flow.module_graph import ModuleGraph
from runtime.session import Array, OnnxSession
from runtime.worker import CancelToken

COMPONENT = "flow"

_ENCODER_TOLERANCE = 1e-4
_ESTIMATOR_TOLERANCE = 2e-4
_MEL_TOLERANCE = 5e-4
_TIME_TOLERANCE = 1e-6

_WEIGHTS = "flow.safetensors"
_MAIN = "golden"
"""The case that has everything; others leave out what they share with it, or haven't."""

Arrays = Mapping[str, Array]


def checks(golden: Path, work: Path) -> Iterator[Check]:
    """Compare every case of `golden`/flow; graphs are exported into `work`."""
    folder = golden / COMPONENT
    config = golden_config(folder)
    flow = load_flow(open_tensors(folder / _WEIGHTS), config)
    settings = flow_settings(flow, config)
    write_encoder(flow, work / ENCODER)
    write_estimator(flow, work / ESTIMATOR)
    cases = _cases(folder)
    for case, arrays in cases.items():
        frames = settings.frames_of(arrays["token"].size)
        yield compare_codes(COMPONENT, f"{case} frames", "numpy", [frames], [arrays["mel"].shape[1]])
        yield from _inside_encoder(case, arrays, flow)
        embedding = arrays.get("embedding", cases[_MAIN]["embedding"])
        prompt = _prompt(arrays, embedding, settings.bands)
        modules = ModuleGraph(FlowEncoder(flow)), ModuleGraph(flow.decoder.estimator)
        yield from _decoded(case, "torch", arrays, prompt, settings, *modules)
        graphs = OnnxSession(work / ENCODER), OnnxSession(work / ESTIMATOR)
        yield from _decoded(case, "onnx", arrays, prompt, settings, *graphs)


def _cases(folder: Path) -> dict[str, Arrays]:
    """Return the arrays of all files that hold codes and their mel, the main case first."""
    files = sorted(folder.glob("*.npz"), key=lambda path: (path.stem != _MAIN, path.stem))
    cases = {path.stem: dict(np.load(path)) for path in files}
    return {case: arrays for case, arrays in cases.items() if {"token", "z", "mel"} <= arrays.keys()}


def _prompt(arrays: Arrays, embedding: Array, bands: int) -> VoicePrompt:
    """Return the case's prompt, empty where it has none."""
    return VoicePrompt(
        codes=arrays.get("prompt_token", np.zeros((1, 0), np.int64))[0],
        mel=arrays.get("prompt_feat", np.zeros((1, 0, bands), np.float32))[0],
        embedding=embedding[0],
    )


def _inside_encoder(case: str, arrays: Arrays, flow: Flow) -> Iterator[Check]:
    """Compare what the encoder's graph doesn't show."""
    if "encoder_out" not in arrays:
        return
    codes = torch.from_numpy(np.concatenate((arrays["prompt_token"], arrays["token"]), axis=1)[0])
    with torch.inference_mode():
        embedded = flow.embedded(codes)
        encoded = flow.encoder(embedded)
        projected = flow.encoder_proj(encoded)
    for name, value in (("encoder_in", embedded), ("encoder_out", encoded), ("encoder_proj", projected)):
        yield compare(COMPONENT, f"{case} {name}", "torch", value.numpy(), arrays[name], _ENCODER_TOLERANCE)


class _Recorder:
    """Passes everything on to a graph and keeps what went in and came out at each call."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.calls: list[dict[str, Array]] = []

    def run(self, feeds: Mapping[str, Array], token: CancelToken | None = None) -> list[Array]:
        outputs = self._graph.run(feeds, token)
        self.calls.append({**feeds, "out": outputs[0]})
        return outputs


def _decoded(
    case: str,
    by: str,
    arrays: Arrays,
    prompt: VoicePrompt,
    settings: FlowSettings,
    encoder: Graph,
    estimator: Graph,
) -> Iterator[Check]:
    """Decode the case, and compare what is known of each step on the way."""
    encoded, steps = _Recorder(encoder), _Recorder(estimator)
    noise: NDArray[np.float32] = arrays["z"][0]
    mel = FlowDecoder(settings, encoded, steps).mel(arrays["token"][0], prompt, noise)
    mu = encoded.calls[0]["out"]
    yield compare(COMPONENT, f"{case} mu", by, mu, arrays["mu"], _ENCODER_TOLERANCE)
    for name, golden in arrays.items():
        if (known := re.fullmatch(r"est(\d+)_(\w+)", name)) and known[2] in steps.calls[0]:
            ours = steps.calls[int(known[1])][known[2]]
            yield compare(COMPONENT, f"{case} {name}", by, ours, golden, _ESTIMATOR_TOLERANCE)
        elif name.startswith("x_at_steps_"):
            ours = np.stack([steps.calls[int(step)]["x"][0] for step in name.split("_")[3:]])
            yield compare(COMPONENT, f"{case} {name}", by, ours, golden, _MEL_TOLERANCE)
        elif name == "t_per_step":
            ours = np.array([call["t"][0] for call in steps.calls])
            yield compare(COMPONENT, f"{case} {name}", by, ours, golden, _TIME_TOLERANCE)
    yield compare(COMPONENT, f"{case} mel", by, mel, arrays["mel"], _MEL_TOLERANCE)
