"""What the models hear of a recording, against golden data."""

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.step_audio.features.kaldi import Fbank
from edge_audio.step_audio.features.loudness import energy_norm
from edge_audio.step_audio.features.preprocess import preprocess
from edge_audio.step_audio.features.prompt_mel import PromptMel
from edge_audio.step_audio.features.recording import Recording, read_recording
from edge_audio.step_audio.features.resampler import SincResampler
from edge_audio.step_audio.features.speaker import FILE, SpeakerModel
from edge_audio.step_audio.features.trim import speech_span, trim_silence
from export.check import Check, compare, compare_codes, counted
from runtime.errors import UserError

_COMPONENT = "features"

_RESAMPLED = 2e-5
_SAMPLES = 1e-6
_MEL = 2e-3
_MEL_MEAN = 5e-5
_FBANK = 1e-3
_EMBEDDING = 1e-4
"""The golden data has no tolerance for the speaker. Given the golden filter bank, only the kernels differ."""

_CasesOf = Mapping[str, Any]


def checks(golden: Path, work: Path) -> Iterator[Check]:
    """Yield the comparisons with `preprocess/` and `features/` of the golden data, codes excepted.

    Raises `UserError` if a file is missing or is not what it should be.
    """
    folder = golden / "preprocess"
    cases = _cases(folder)
    yield from _resample(cases["resample"], _arrays(folder / "resample.npz"), work)
    yield from _energy_norm(cases["energy_norm"], _arrays(folder / "energy_norm.npz"))
    yield from _trim_silence(cases["trim_silence"], _arrays(folder / "trim_silence.npz"))
    yield from _preprocess(cases["preprocess"], _arrays(folder / "preprocess.npz"), golden / "audio")
    folder = golden / "features"
    yield from _prompts(_cases(folder), _arrays(folder / "prompt.npz"), golden / "audio", folder / FILE)


def _resample(cases: list[_CasesOf], arrays: Mapping[str, Samples], work: Path) -> Iterator[Check]:
    for case in cases:
        name, from_hz, to_hz = case["case"], case["orig"], case["new"]
        if case.get("error"):
            silence = partial(_silence_preprocessed, case.get("n_in", from_hz), from_hz)
            yield _refused(f"resample {name}", silence)
            continue
        given = arrays[f"{name}_in"]
        if given.ndim > 1:
            # Channels are averaged where a file is read.
            file = work / f"{name}.wav"
            soundfile.write(file, given.T, from_hz, subtype="FLOAT")
            given = read_recording(file).pcm
        ours = SincResampler(from_hz, to_hz)(given)
        yield compare(
            _COMPONENT,
            f"resample {name} {from_hz} to {to_hz} Hz",
            "numpy",
            ours,
            arrays[f"{name}_out"],
            _RESAMPLED,
        )


def _energy_norm(cases: list[_CasesOf], arrays: Mapping[str, Samples]) -> Iterator[Check]:
    for case in cases:
        name = f"energy_norm {case['case']}"
        if case.get("error"):
            yield _refused(name, partial(energy_norm, np.zeros(0, np.float32)))
        elif "input" in case:
            ours, theirs = energy_norm(_floats(case["input"])), _floats(case["output"])
            yield compare_codes(_COMPONENT, f"{name} NaN", "numpy", np.isnan(ours), np.isnan(theirs))
            yield compare(_COMPONENT, name, "numpy", np.nan_to_num(ours), np.nan_to_num(theirs), _SAMPLES)
        else:
            ours, theirs = energy_norm(arrays[f"{case['case']}_in"]), arrays[f"{case['case']}_out"]
            yield compare(_COMPONENT, name, "numpy", ours, theirs, _SAMPLES)


def _trim_silence(cases: list[_CasesOf], arrays: Mapping[str, Samples]) -> Iterator[Check]:
    for case in cases:
        name = f"trim_silence {case['case']}"
        given, theirs = arrays[f"{case['case']}_in"], arrays[f"{case['case']}_out"]
        yield compare_codes(_COMPONENT, f"{name} span", "numpy", speech_span(given), case["librosa_index"])
        yield compare(_COMPONENT, name, "numpy", trim_silence(given), theirs, _SAMPLES)


def _preprocess(cases: list[_CasesOf], arrays: Mapping[str, Samples], audio: Path) -> Iterator[Check]:
    for case in cases:
        recording = read_recording(audio / case["wav"])
        prefix = case["keys"].partition("_trim")[0]
        for trim in (False, True):
            ours, theirs = preprocess(recording, trim=trim), arrays[f"{prefix}_trim{trim:d}_norm1"]
            yield compare(
                _COMPONENT, f"preprocess {case['wav']} trim {trim}", "numpy", ours, theirs, _RESAMPLED
            )


def _prompts(
    cases: _CasesOf, arrays: Mapping[str, NDArray[np.float32]], audio: Path, model: Path
) -> Iterator[Check]:
    made, heard = cases["mel"], cases["fbank"]
    mel = PromptMel(
        made["sampling_rate"], made["n_fft"], made["hop_size"], made["num_mels"], float(made["fmax"])
    )
    fbank = Fbank(heard["window"], heard["sample_scale"])
    speaker = SpeakerModel(model)
    for name in cases["prompts"]:
        recording = read_recording(audio / f"{name}.wav")
        native = {"wav16k": recording.at(INPUT_RATE_HZ), "wav22k": recording.at(mel.rate_hz)}
        for key, pcm in native.items():
            if (first := counted(arrays, f"{name}_{key}_first")) is not None:
                yield compare(_COMPONENT, f"{name} {key}", "numpy", pcm[: len(first)], first, _RESAMPLED)
        ours, theirs = mel(native["wav22k"]), arrays[f"{name}_prompt_mel"]
        yield compare(_COMPONENT, f"{name} prompt_mel", "numpy", ours, theirs, _MEL)
        mean = float(np.mean(np.abs(ours - theirs))) if ours.shape == theirs.shape else float("inf")
        yield Check(_COMPONENT, f"{name} prompt_mel mean", "numpy", mean, _MEL_MEAN)
        if (first := counted(arrays, f"{name}_fbank_raw_first")) is not None:
            ours = fbank(native["wav16k"])[: len(first)]
            yield compare(_COMPONENT, f"{name} fbank", "numpy", ours, first, _FBANK)
        features = arrays[f"{name}_fbank_mean_normalised"]
        ours = speaker.features(native["wav16k"])
        yield compare(_COMPONENT, f"{name} fbank without mean", "numpy", ours, features, _FBANK)
        ours, theirs = speaker.embedding(features), arrays[f"{name}_embedding"]
        yield compare(_COMPONENT, f"{name} embedding", "onnx", ours, theirs, _EMBEDDING)


def _silence_preprocessed(samples: int, rate_hz: int) -> Samples:
    return preprocess(Recording(np.zeros(samples, np.float32), rate_hz), trim=False)


def _refused(case: str, attempt: Callable[[], object]) -> Check:
    """Return whether `attempt` fails, where the reference raises an error."""
    try:
        attempt()
    except (UserError, ValueError):
        return compare_codes(_COMPONENT, f"{case} refused", "numpy", [True], [True])
    return compare_codes(_COMPONENT, f"{case} refused", "numpy", [False], [True])


def _cases(folder: Path) -> _CasesOf:
    path = folder / "cases.json"
    try:
        cases: _CasesOf = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is missing or no JSON.", "Name a folder of golden data.") from error
    return cases


def _arrays(path: Path) -> Mapping[str, NDArray[np.float32]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is missing or no NumPy archive.", "Name a folder of golden data.") from error


def _floats(values: list[float | str]) -> Samples:
    """Return numbers, of which JSON has "nan" as a string."""
    return np.array([float(value) for value in values], np.float32)
