"""The linguistic encoder against golden data: features, encoded frames, states and codes."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import Samples
from edge_audio.step_audio.tokenizer.front_end import Features
from edge_audio.step_audio.tokenizer.linguistic import COMPONENT, EncoderState, LinguisticEncoder
from export.check import Check, compare, compare_codes, counted
from export.linguistic.config import read_flat_config
from export.linguistic.export import KMEANS, MEAN_VARIANCE, open_source, write_linguistic
from export.precision import Precision
from export.progress import silent

FEATURES = 1e-3
ENCODED_FROM_FEATURES = 1e-4
ENCODED_FROM_SOUND = 1e-3
"""Largest errors allowed, as the golden data's README suggests."""

Golden = Mapping[str, NDArray[Any]]


def checks(golden: Path, work: Path) -> Iterator[Check]:
    """Compare the module and the graph exported from it into `work` with `golden`/linguistic."""
    folder = golden / COMPONENT
    encoders = golden_encoders(golden, work)
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            expected = dict(arrays)
        if "codes" not in expected:
            continue
        pcm = read_audio(golden / "audio" / f"{path.stem}.wav")
        for by, encoder in encoders.items():
            yield from _checks_of_case(path.stem, by, encoder, pcm, expected)
    for by, encoder in encoders.items():
        yield from _tail_checks(folder, by, encoder)


def golden_encoders(golden: Path, work: Path) -> dict[str, LinguisticEncoder]:
    """Return the encoder of golden data as module and as graph, exported into `work` if it isn't there."""
    folder = golden / COMPONENT
    config = read_flat_config(folder / "config.json")
    source = open_source(folder / "model.safetensors", folder / MEAN_VARIANCE, folder / KMEANS, config)
    if not (work / COMPONENT).is_dir():
        write_linguistic(source, {}, work / COMPONENT, Precision.FP32, silent)
    return {"torch": source.runtime(), "onnx": LinguisticEncoder.load(work / COMPONENT)}


def _checks_of_case(
    case: str, by: str, encoder: LinguisticEncoder, pcm: Samples, expected: Golden
) -> Iterator[Check]:
    features = _features(encoder, pcm)
    if "feats_online" in expected:
        yield compare(
            COMPONENT, f"{case} features", by, np.concatenate(features), expected["feats_online"], FEATURES
        )
        given = np.split(expected["feats_online"], np.cumsum(expected["step_frames"])[:-1])
        yield from _run_checks(f"{case} from features", by, encoder, given, expected, ENCODED_FROM_FEATURES)
    yield compare_codes(
        COMPONENT, f"{case} step frames", by, [len(step) for step in features], expected["step_frames"]
    )
    yield from _run_checks(f"{case} from sound", by, encoder, features, expected, ENCODED_FROM_SOUND)
    yield from _stream_checks(case, by, encoder, pcm, expected)


def _run_checks(
    case: str, by: str, encoder: LinguisticEncoder, steps: list[Features], expected: Golden, tolerance: float
) -> Iterator[Check]:
    """Compare what the encoder makes of the features of all steps, and what it remembers after some."""
    state = EncoderState(encoder.settings)
    windows, encoded = [], []
    for index, features in enumerate(steps):
        window = encoder.encode(features, state)
        windows.append(window)
        encoded.append(window[-len(features) :])
        # What a short last step leaves is never used.
        if f"state{index}_feats" in expected and len(features) == encoder.settings.chunk_frames:
            yield from _state_checks(f"{case} state {index}", by, encoder, state, expected, tolerance)
    if (first := counted(expected, "window_first")) is not None:
        yield compare(COMPONENT, f"{case} windows", by, np.stack(windows[: len(first)]), first, tolerance)
    yield compare(COMPONENT, f"{case} encoded", by, np.concatenate(encoded), expected["enc_out"], tolerance)
    codes = encoder.nearest(np.concatenate(encoded))
    yield compare_codes(COMPONENT, f"{case} codes", by, codes, expected["codes"])


def _state_checks(
    case: str, by: str, encoder: LinguisticEncoder, state: EncoderState, expected: Golden, tolerance: float
) -> Iterator[Check]:
    """Compare what the encoder remembers after the step that `state` is the outcome of."""
    settings, name = encoder.settings, f"state{state.steps - 1}"
    yield compare_codes(COMPONENT, f"{case} position", by, [state.frames], [expected[f"{name}_start_idx"]])
    scaled = FEATURES * settings.width**0.5
    yield compare(COMPONENT, f"{case} frames", by, state.overlap, expected[f"{name}_feats"], scaled)
    next_slot = state.steps % settings.look_back_chunks * settings.chunk_frames
    ours, theirs = [], []
    for kind, kept in (("k", state.keys), ("v", state.values)):
        for block in range(settings.blocks):
            golden = expected.get(f"{name}_{kind}{block}")
            if golden is not None:
                ours.append(_oldest_first(kept[block], next_slot, golden.shape[1]).ravel())
                theirs.append(golden.ravel())
    yield compare(
        COMPONENT, f"{case} keys, values", by, np.concatenate(ours), np.concatenate(theirs), tolerance
    )


def _oldest_first(kept: NDArray[np.float32], next_slot: int, count: int) -> NDArray[np.float32]:
    """Return the newest `count` frames of a block, where the next ones would go to `next_slot`, in order."""
    return np.roll(kept, -next_slot, axis=1)[:, kept.shape[1] - count :]


def _features(encoder: LinguisticEncoder, pcm: Samples) -> list[Features]:
    """Return the features of all steps of a whole recording."""
    stream = encoder.front_end.stream()
    stream.push(pcm)
    steps = []
    while (features := stream.next_step()) is not None:
        steps.append(features)
    last = stream.last_step()
    return steps if last is None else [*steps, last]


def _stream_checks(
    case: str, by: str, encoder: LinguisticEncoder, pcm: Samples, expected: Golden
) -> Iterator[Check]:
    """Compare a session that gets its sound in packets, cut where the reference's was."""
    session = encoder.session()
    packets, steps = [], []
    for packet in np.split(pcm, expected["packet_bounds"][1:-1]):
        packets.append(session.feed(packet))
        steps.append(session.steps)
    packets[-1] = np.concatenate((packets[-1], session.finish()))
    steps[-1] = session.steps
    counts = [len(codes) for codes in packets]
    yield compare_codes(
        COMPONENT, f"{case} stream codes", by, np.concatenate(packets), expected["stream_codes"]
    )
    yield compare_codes(
        COMPONENT, f"{case} codes per packet", by, counts, expected["stream_codes_per_packet"]
    )
    yield compare_codes(
        COMPONENT, f"{case} steps by packet", by, steps, expected["stream_steps_after_packet"]
    )


def _tail_checks(folder: Path, by: str, encoder: LinguisticEncoder) -> Iterator[Check]:
    """Compare the codes of recordings of all lengths around the boundaries, and how many there are."""
    with np.load(folder / "tail_signal.npz", allow_pickle=False) as arrays:
        signal = arrays["signal"]
    ours, theirs = [], []
    for case in json.loads((folder / "tail_cases.json").read_bytes())["cases"]:
        session = encoder.session()
        codes = [*session.feed(signal[: case["samples"]]), *session.finish()]
        ours += [len(codes), *codes]
        theirs += [len(case["codes"]), *case["codes"]]
    yield compare_codes(COMPONENT, "tails of all lengths", by, ours, theirs)
