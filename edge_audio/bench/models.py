"""The speed of the exported Step-Audio models on this machine, each by itself and without PyTorch."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.machine import machine_load
from edge_audio.percentiles import percentiles
from edge_audio.step_audio.component import Component, exported_components
from edge_audio.step_audio.decoder.flow import FlowDecoder
from edge_audio.step_audio.decoder.hift import HiftVocoder
from edge_audio.step_audio.decoder.source import SeededSourceNoise
from edge_audio.step_audio.language_model.model import LanguageModel
from edge_audio.step_audio.noise import PlacedNoise
from edge_audio.step_audio.placement import Placement
from edge_audio.step_audio.tokenizer.linguistic import LinguisticEncoder
from edge_audio.step_audio.tokenizer.semantic import SemanticEncoder
from edge_audio.step_audio.voice_prompt import VoicePrompt
from runtime.compute import Compute
from runtime.errors import UserError
from runtime.worker import Cancelled, CancelToken

Figures = dict[str, Any]

NEEDED_CODES_PER_S = 125 / 3
"""Codes of a second of speech: 5 for every 120 ms."""

_SECONDS = 6.0
"""Seconds of sound that each stage is measured with."""

_PROMPT_S = 4.4
"""Length of the voice prompt, as in the Step-Audio release."""

_STEPS = 24
"""Steps of the language model that are timed, after as many positions."""

_CANCELS = 12
"""Computations that are cancelled, at moments spread over their length."""

_SEED = 3

_BANDWIDTH_BYTES = 1 << 28
"""Memory that is read at a time to measure its bandwidth: far more than any cache holds."""

_BANDWIDTH_TRIES = 8


def measure_models(folders: list[Path], placement: Placement, report: Callable[[str], None]) -> Figures:
    """Measure every exported component in and below `folders`.

    Raises `UserError` if there is none.
    """
    found = list(_components(folders))
    if not found:
        raise UserError(
            f"{', '.join(map(str, folders))}: no exported component there.",
            "Write some with `python -m export toy --size released` and `python -m export all`.",
        )
    figures: Figures = {"threads": placement.threads, **machine_load(), "components": {}}
    for folder in found:
        report(str(folder))
        compute = placement.of(folder.name)
        figures["components"][str(folder)] = _described(folder) | _MEASURES[folder.name](folder, compute)
    return figures


def _components(folders: list[Path]) -> Iterator[Path]:
    """Yield the components in and below `folders` that can be measured, grouped by release."""
    order = list(_MEASURES)
    for folder in folders:
        found = [component for component in exported_components(folder) if component.name in _MEASURES]
        yield from sorted(found, key=lambda component: (component.parent, order.index(component.name)))


def _linguistic(folder: Path, compute: Compute) -> Figures:
    encoder = LinguisticEncoder.load(folder, compute)
    encoder.session().feed(_speech(1.0))
    session = encoder.session()
    return _per_second(lambda: session.feed(_speech(_SECONDS)))


def _semantic(folder: Path, compute: Compute) -> Figures:
    encoder = SemanticEncoder.load(folder, compute)
    encoder.codes(_speech(1.0))
    return _per_second(lambda: encoder.codes(_speech(_SECONDS)))


def _lm(folder: Path, compute: Compute) -> Figures:
    model = LanguageModel.load(folder, compute)
    ids = np.random.default_rng(_SEED).integers(0, model.settings.vocabulary, 4 * _STEPS).tolist()
    model.read(ids[:1], model.new_cache(1))
    cache = model.new_cache(8 * _STEPS)
    bandwidth_gb_s = _bandwidth_gb_s(compute.threads)
    begin = time.perf_counter()
    model.read(ids[:_STEPS], cache)
    prefill_s = time.perf_counter() - begin
    times_ms = []
    for place in range(_STEPS, 2 * _STEPS):
        begin = time.perf_counter()
        model.read(ids[place : place + 1], cache)
        times_ms.append(1000 * (time.perf_counter() - begin))
    # Measured before and after the steps, so that other load on the machine affects both alike.
    bandwidth_gb_s = max(bandwidth_gb_s, _bandwidth_gb_s(compute.threads))
    step_ms = float(np.median(times_ms))
    rate_gb_s = model.settings.step_bytes / step_ms / 1e6
    freed = _freed_ms(lambda token: model.read(ids[2 * _STEPS :], model.new_cache(4 * _STEPS), token))
    return {
        "step_ms": percentiles(times_ms),
        "bytes_per_step": model.settings.step_bytes,
        "read_gb_s": round(rate_gb_s, 1),
        "bandwidth_gb_s": bandwidth_gb_s,
        "of_bandwidth": round(rate_gb_s / bandwidth_gb_s, 2),
        "codes_per_s": round(1000 / step_ms, 1),
        "needed_codes_per_s": round(NEEDED_CODES_PER_S, 1),
        "prefill_ms_per_position": round(1000 * prefill_s / _STEPS, 1),
        "cancel_to_free_ms": freed,
    }


def _flow(folder: Path, compute: Compute) -> Figures:
    flow = FlowDecoder.load(folder, compute)
    generator = np.random.default_rng(_SEED)
    count = int(_SECONDS / 2 * NEEDED_CODES_PER_S)
    codes = generator.integers(0, flow.settings.vocabulary, count)
    frames = flow.frames_of(int(_PROMPT_S * NEEDED_CODES_PER_S))
    prompt = VoicePrompt(
        generator.integers(0, flow.settings.vocabulary, int(_PROMPT_S * NEEDED_CODES_PER_S)),
        generator.standard_normal((frames, flow.bands)).astype(np.float32),
        generator.standard_normal(flow.settings.embedding).astype(np.float32),
    )
    noise = PlacedNoise(_SEED, flow.bands).between(-frames, flow.frames_of(count))
    run = lambda token=None: flow.mel(codes, prompt, noise, token)  # noqa: E731
    figures = _per_second(run, _SECONDS / 2, times=1)
    return figures | {
        "step_ms": round(1000 * figures["s_per_s"] * _SECONDS / 2 / flow.settings.steps, 1),
        "prompt_s": _PROMPT_S,
        "cancel_to_free_ms": _freed_ms(run),
    }


def _hift(folder: Path, compute: Compute) -> Figures:
    vocoder = HiftVocoder.load(folder, compute)
    settings = vocoder.settings
    frames = int(_SECONDS * settings.source.sample_rate_hz / settings.source.samples_per_frame)
    mel = np.random.default_rng(_SEED).standard_normal((settings.bands, frames)).astype(np.float32)
    noise = SeededSourceNoise(_SEED, len(settings.source.weights))
    vocoder.wav(mel[:, :86], noise)
    session = vocoder.session(_SEED)
    # As in a conversation: pieces of a second, each with its context.
    pieces = np.array_split(mel, int(_SECONDS), axis=1)
    figures = _per_second(lambda: [session.feed(piece) for piece in pieces])
    return figures | {"at_once_s_per_s": _per_second(lambda: vocoder.wav(mel, noise))["s_per_s"]}


_MEASURES: dict[str, Callable[[Path, Compute], Figures]] = {
    "linguistic": _linguistic,
    "semantic": _semantic,
    "lm": _lm,
    "flow": _flow,
    "hift": _hift,
}
"""What measures each component, by its name."""


def _described(folder: Path) -> Figures:
    """Return the precision and size of a component."""
    record = Component(folder, folder.name).record
    return {"precision": record.precision, "mb": round(sum(record.files.values()) / 1e6)}


def _per_second(compute: Callable[[], object], seconds: float = _SECONDS, times: int = 3) -> Figures:
    """Return the seconds of computing for each second of sound, the median of several `times`."""
    took_s = []
    for _ in range(times):
        begin = time.perf_counter()
        compute()
        took_s.append(time.perf_counter() - begin)
    return {"s_per_s": round(float(np.median(took_s)) / seconds, 4)}


def _freed_ms(compute: Callable[[CancelToken], object]) -> dict[str, float | None]:
    """Return the time from the cancellation of a computation until its thread is free."""
    begin = time.perf_counter()
    compute(CancelToken())
    length_s = time.perf_counter() - begin
    times_ms = []
    for moment in np.linspace(0.05, 0.9, _CANCELS):
        token = CancelToken()
        ended = [0.0]

        def work(token: CancelToken = token, ended: list[float] = ended) -> None:
            try:
                compute(token)
            except Cancelled:
                ended[0] = time.perf_counter()

        thread = threading.Thread(target=work)
        thread.start()
        time.sleep(length_s * moment)
        cancelled = time.perf_counter()
        token.cancel()
        thread.join()
        if ended[0]:
            times_ms.append(1000 * (ended[0] - cancelled))
    return percentiles(times_ms) | {"most": round(max(times_ms), 1) if times_ms else None}


def _speech(seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return noise: the content makes no difference to the time that encoding takes."""
    generator = np.random.default_rng(_SEED)
    return (0.1 * generator.standard_normal(int(seconds * INPUT_RATE_HZ))).astype(np.float32)


def _bandwidth_gb_s(threads: int) -> float:
    """Return the highest rate at which `threads` threads together read memory, in 10^9 bytes a second.

    It bounds the decoding of a language model, each step of which reads all weights.
    """
    memory = np.ones(_BANDWIDTH_BYTES // 4, np.float32)
    parts = np.array_split(memory, threads)
    times_s = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(_BANDWIDTH_TRIES):
            begin = time.perf_counter()
            list(pool.map(np.sum, parts))
            times_s.append(time.perf_counter() - begin)
    return round(memory.nbytes / min(times_s) / 1e9, 1)
