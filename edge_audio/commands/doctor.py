"""`edge-audio doctor`: what Edge Audio can really use on this machine."""

import ctypes
import platform
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec
import onnxruntime
from rich.console import Console

from edge_audio.audio.catalogue import list_devices, quiet_stderr
from edge_audio.config import load_config
from edge_audio.models import EMBEDDED
from edge_audio.step_audio.component import Component, component_name, exported_components
from edge_audio.step_audio.config import StepAudioConfig
from runtime.errors import UserError
from runtime.providers import CPU, CUDA, PROVIDERS, TENSORRT
from runtime.session import provider_works
from runtime.store import Store, default_root

SCHEMA_VERSION = 1

TENSORRT_LIBRARIES = ("libnvinfer.so.10", "libnvonnxparser.so.10")
"""What ONNX Runtime's TensorRT provider links to: version 10, not 11."""

CUDA_LIBRARY = "libcuda.so.1"
"""The driver's library."""

_NAME_BYTES = 256


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked for."""

    kind: str
    """provider, library, gpu, sound, microphone, speaker, model, device or engines."""
    name: str
    usable: bool
    detail: str = ""
    """What was found, or what is wrong."""


class Diagnosis(msgspec.Struct, frozen=True):
    """Everything that was looked for on this machine."""

    machine: str
    """Its system and processor."""
    python: str
    onnxruntime: str
    findings: tuple[Finding, ...]
    schema_version: int = SCHEMA_VERSION


def diagnose(models: Path | None = None, step_audio: StepAudioConfig | None = None) -> Diagnosis:
    """Look for everything, for exported components in and below `models`, and for what `step_audio` needs.

    Never raises.
    """
    findings = [*_providers(), *_libraries(), *_gpus(), *_sound(), *_embedded_models()]
    if models is not None:
        findings += _components(models)
    if step_audio is not None:
        findings += _components(Path(step_audio.models).expanduser())
        findings += _devices(step_audio, {finding.name for finding in findings if finding.usable})
        if "tensorrt" in step_audio.components_by_device():
            findings.append(_engines(step_audio.engine_folder))
    return Diagnosis(
        machine=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        onnxruntime=onnxruntime.__version__,
        findings=tuple(findings),
    )


def doctor(models: Path | None, config: Path | None, console: Console, *, as_json: bool) -> None:
    """Print what can be used and what can't, with exported components in and below `models`.

    With a config file also what its Step-Audio models need. Raises `UserError` if that can't be read.
    """
    diagnosis = diagnose(models, None if config is None else load_config(config).step_audio)
    if as_json:
        print(msgspec.json.encode(diagnosis).decode())
        return
    lines = [f"{diagnosis.machine}, Python {diagnosis.python}, ONNX Runtime {diagnosis.onnxruntime}"]
    for finding in diagnosis.findings:
        detail = f": {finding.detail}" if finding.detail else ""
        lines.append(f"{'yes' if finding.usable else 'no':<4}{finding.kind:<11}{finding.name}{detail}")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _providers() -> Iterator[Finding]:
    listed = onnxruntime.get_available_providers()
    for name in dict.fromkeys((TENSORRT, CUDA, CPU, *listed)):
        if name not in listed:
            yield Finding("provider", name, False, "not in this build of ONNX Runtime")
            continue
        with quiet_stderr():
            works = provider_works(name)
        yield Finding("provider", name, works, "" if works else "in this build, but it does not start")


def _libraries() -> Iterator[Finding]:
    for name in (CUDA_LIBRARY, *TENSORRT_LIBRARIES):
        try:
            ctypes.CDLL(name)
        except OSError as error:
            yield Finding("library", name, False, str(error))
        else:
            yield Finding("library", name, True)


def _gpus() -> Iterator[Finding]:
    """Ask the driver itself: not every Jetson has `nvidia-smi`."""
    try:
        cuda = ctypes.CDLL(CUDA_LIBRARY)
        failure, count = cuda.cuInit(0), ctypes.c_int()
        if failure == 0:
            failure = cuda.cuDeviceGetCount(ctypes.byref(count))
    except (OSError, AttributeError):
        yield Finding("gpu", "CUDA", False, "no driver")
        return
    if failure or not count.value:
        yield Finding("gpu", "CUDA", False, f"the driver finds none (error {failure})")
    for number in range(count.value):
        name = ctypes.create_string_buffer(_NAME_BYTES)
        failure = cuda.cuDeviceGetName(name, _NAME_BYTES, number)
        yield Finding("gpu", f"CUDA {number}", failure == 0, name.value.decode(errors="replace"))


def _sound() -> Iterator[Finding]:
    try:
        devices = list_devices()
    except Exception as error:  # whatever PortAudio and the drivers below it come up with
        cause = error.cause if isinstance(error, UserError) else str(error)
        yield Finding("sound", "PortAudio", False, cause)
        return
    if not devices:
        yield Finding("sound", "PortAudio", False, "it finds no device")
    for device in devices:
        for kind, channels in (("microphone", device.inputs), ("speaker", device.outputs)):
            if channels:
                yield Finding(kind, device.name, True, f"{device.host_api}, {device.default_rate_hz} Hz")


def _embedded_models() -> Iterator[Finding]:
    store = Store(default_root())
    for artifact in EMBEDDED.values():
        folder = store.find(artifact)
        yield Finding("model", artifact.name, folder is not None, str(folder or "not fetched"))


def _components(models: Path) -> Iterator[Finding]:
    found = exported_components(models)
    if not found:
        yield Finding("model", str(models), False, "no exported component there")
    for folder in found:
        try:
            record = Component(folder, component_name(folder)).record
        except UserError as error:
            yield Finding("model", folder.name, False, error.cause)
        except OSError as error:
            yield Finding("model", folder.name, False, f"{folder}: {error.strerror}")
        else:
            yield Finding("model", folder.name, True, f"{folder}, {record.precision}")


def _devices(step_audio: StepAudioConfig, usable: Collection[str]) -> Iterator[Finding]:
    """Find whether the devices that the config asks for are there, by the providers that are `usable`."""
    for device, components in step_audio.components_by_device().items():
        missing = [name for name in PROVIDERS[device] if name not in usable]
        without = f", without {', '.join(missing)}" if missing else ""
        yield Finding("device", device, not missing, f"for {', '.join(components)}{without}")


def _engines(folder: Path) -> Finding:
    """Find what TensorRT keeps in `folder`."""
    engines = [file.stat().st_size for file in folder.rglob("*.engine")]
    if not engines:
        return Finding(
            "engines", str(folder), False, "none yet: the first start builds them, which takes minutes"
        )
    return Finding("engines", str(folder), True, f"{len(engines)}, {sum(engines) / 1e6:.0f} MB")
