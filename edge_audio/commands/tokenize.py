"""`edge-audio tokenize`: the audio codes of a recording, as the Step-Audio models hear it."""

from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console

from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.step_audio.features.recording import Recording, read_recording
from edge_audio.step_audio.placement import Placement
from edge_audio.step_audio.tokenizer.dual import DualCodes, DualTokenizer
from edge_audio.step_audio.tokenizer.semantic import Segmentation
from edge_audio.step_audio.tokens import Codes

SCHEMA_VERSION = 1

_THREADS = 2


class Agreement(msgspec.Struct, frozen=True):
    """How many of the live codes agree with those of the whole recording, in per cent."""

    segment_s: float
    context_s: float
    vq02_percent: float | None
    vq06_percent: float | None


class Tokenized(msgspec.Struct, frozen=True):
    """What the command prints as JSON; vq02 and vq06 are the release's names for the two codebooks."""

    schema_version: int
    duration_s: float
    vq02: list[int]
    """Linguistic codes, 16.67 a second."""
    vq06: list[int]
    """Semantic codes, 25 a second."""
    ids: list[int]
    """Token ids of both, interleaved."""
    compare: Agreement | None


def tokenize(
    audio: Path, *, models: Path, live: Segmentation | None, as_json: bool, console: Console
) -> None:
    """Print both codebooks' codes of `audio` and the interleaved ids.

    With a segmentation for `live`, also how well live codes agree with them. Raises `UserError`.
    """
    recording = read_recording(audio)
    tokenizer = DualTokenizer.load(models, Placement(_THREADS))
    codes = tokenizer.tokenize(recording)
    found = Tokenized(
        schema_version=SCHEMA_VERSION,
        duration_s=round(len(recording.pcm) / recording.rate_hz, 3),
        vq02=codes.linguistic.tolist(),
        vq06=codes.semantic.tolist(),
        ids=tokenizer.ids(codes).tolist(),
        compare=None if live is None else _compare(tokenizer, recording, codes, live),
    )
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    for name, numbers in (("vq02", found.vq02), ("vq06", found.vq06), ("ids", found.ids)):
        line = f"{name} ({len(numbers)}): {' '.join(map(str, numbers))}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if found.compare:
        line = (
            f"live: vq02 {_percent(found.compare.vq02_percent)}, vq06 {_percent(found.compare.vq06_percent)} "
            f"as offline (segments of {found.compare.segment_s:g} s after {found.compare.context_s:g} s)"
        )
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def segmentation(segment_s: float | None, context_s: float | None) -> Segmentation:
    """Return the segmentation with these lengths; None stands for the default. Raises `UserError`."""
    given = {"segment_s": segment_s, "context_s": context_s}
    return Segmentation(**{name: value for name, value in given.items() if value is not None})


def _compare(
    tokenizer: DualTokenizer, recording: Recording, offline: DualCodes, live: Segmentation
) -> Agreement:
    session = tokenizer.session(live)
    ids = np.concatenate((session.feed(recording.at(INPUT_RATE_HZ)), session.finish()))
    linguistic, semantic = tokenizer.tokens.separate(ids)
    return Agreement(
        segment_s=live.segment_s,
        context_s=live.context_s,
        vq02_percent=_agreement(linguistic, offline.linguistic),
        vq06_percent=_agreement(semantic, offline.semantic),
    )


def _agreement(live: Codes, offline: Codes) -> float | None:
    """Return the per cent of `live` codes that agree with `offline`, which may have a few more."""
    return round(100 * float(np.mean(live == offline[: len(live)])), 2) if len(live) else None


def _percent(value: float | None) -> str:
    return "too short" if value is None else f"{value:.1f} %"
