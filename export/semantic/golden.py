"""The semantic encoder, and both tokenizers together, against golden data."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import Samples
from edge_audio.step_audio.features.recording import read_recording
from edge_audio.step_audio.tokenizer.dual import DualTokenizer
from edge_audio.step_audio.tokenizer.semantic import COMPONENT, PIECE_SAMPLES, SemanticEncoder
from export.check import Check, compare, compare_codes
from export.linguistic.golden import golden_encoders
from export.precision import Precision
from export.progress import silent
from export.semantic.export import export_semantic

LOG_MEL = 2e-4
"""Largest error allowed, as the golden data's README suggests."""

NARROW_MARGIN = 1e-4
"""Where the golden data's narrowest decision is narrower than this, one code may differ."""

_PROMPT = "_prompt_code"
"""What the name of a recording's ids as a voice prompt ends with."""

_PIECE = re.compile(r"(?P<case>.+)_piece(?P<piece>\d+)(?:_first\d+)?")
"""Name of a log-mel that is one of a piece of 30 s, or of its beginning."""


def checks(golden: Path, work: Path) -> Iterator[Check]:
    """Compare the graph, taken over into `work`, with `golden`/semantic, and then both tokenizers."""
    folder = golden / COMPONENT
    export_semantic(folder, work / COMPONENT, Precision.FP32, silent)
    encoder = SemanticEncoder.load(work / COMPONENT)
    cases = json.loads((folder / "cases.json").read_bytes())
    sounds = {path.stem: read_audio(path) for path in sorted((golden / "audio").glob("*.wav"))}
    for case in cases["cases"]:
        if case["codes"] is not None:
            name = case["case"]
            sounds[name] = _tiled(sounds[Path(case["wav"]).stem], case["tile_to_samples"])
            may_differ = _may_differ(cases["min_similarity_margin_per_case"].get(name))
            codes = encoder.codes(sounds[name])
            yield compare_codes(COMPONENT, f"{name} codes", "onnx", codes, case["codes"], may_differ)
    with np.load(folder / "whisper_mel.npz", allow_pickle=False) as arrays:
        for name, expected in arrays.items():
            found = _PIECE.fullmatch(name)
            pcm = sounds[found["case"] if found else name]
            piece = pcm[int(found["piece"]) * PIECE_SAMPLES :] if found else pcm
            log_mel = encoder.log_mel(piece[:PIECE_SAMPLES])[:, : expected.shape[1]]
            yield compare(COMPONENT, f"{name} log-mel", "numpy", log_mel, expected, LOG_MEL)
    yield from _dual_checks(golden, work, encoder)


def _dual_checks(golden: Path, work: Path, semantic: SemanticEncoder) -> Iterator[Check]:
    """Compare what both tokenizers make of recordings at their own rates, with and without silence."""
    folder = golden / "features"
    cases = json.loads((folder / "e2e_tokenizer.json").read_bytes())["cases"]
    with np.load(folder / "prompt.npz", allow_pickle=False) as arrays:
        prompt_ids = {name.removesuffix(_PROMPT): arrays[name] for name in arrays if name.endswith(_PROMPT)}
    for by, encoder in golden_encoders(golden, work).items():
        tokenizer = DualTokenizer(encoder, semantic)
        for case in cases:
            stem, trimmed = Path(case["wav"]).stem, case["enable_trim"]
            name = f"both: {stem} {'trimmed' if trimmed else 'whole'}"
            may_differ = _may_differ(case["min_margin_vq06"])
            heard = tokenizer.tokenize(read_recording(golden / "audio" / case["wav"]), trim=trimmed)
            ids = tokenizer.ids(heard)
            yield compare_codes(COMPONENT, f"{name} vq02", by, heard.linguistic, case["vq02"])
            yield compare_codes(COMPONENT, f"{name} vq06", by, heard.semantic, case["vq06"], may_differ)
            yield compare_codes(COMPONENT, f"{name} ids", by, ids, case["ids"], may_differ)
            if trimmed and stem in prompt_ids:
                yield compare_codes(COMPONENT, f"{name} prompt", by, ids, prompt_ids[stem], may_differ)


def _tiled(pcm: Samples, samples: int | None) -> Samples:
    return pcm if samples is None else np.resize(pcm, samples)


def _may_differ(margin: float | None) -> int:
    return int(margin is not None and margin < NARROW_MARGIN)
