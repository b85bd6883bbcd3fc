"""What was recorded, and with what: the first file of a recording."""

import time
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from edge_audio.config import Config
from edge_audio.machine import machine_load
from edge_audio.models import EMBEDDED
from edge_audio.tables import as_table, read_table
from runtime.errors import UserError

SCHEMA_VERSION = 1

_PACKAGES = ("edge-audio", "livekit", "numpy")
"""Packages whose version may change how a conversation goes, besides those of its adapters."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """The conversation as a whole."""

    schema_version: int = SCHEMA_VERSION
    recorded_at: str
    """When it began, ISO 8601 with the offset from UTC."""
    device: str
    """The device that heard and played."""
    output_rate_hz: int
    """Rate of what was played."""
    latency_s: float
    """From handing a sample to the speaker until its echo arrives, as the device states it."""
    treated: bool
    """True if the input was processed (echo, noise, gain) before anything listened to it."""
    load_1min: float
    """Processes that ran or were ready to, on average over the minute before."""
    models: dict[str, str]
    """What each seam ran on."""
    versions: dict[str, str]
    """Versions of packages and models: a hash for models known by name, else size and time of change."""
    config: dict[str, Any]
    """The whole config."""

    def read_config(self) -> Config:
        """Return the config that was recorded. Raises `UserError` if this version can't read it."""
        try:
            return read_table(Config, self.config)
        except UserError as error:
            cause = f"This version of Edge Audio can't read the recorded config: {error.cause}"
            raise UserError(cause, "Give another config with --config.") from error


def describe(
    config: Config, models: Mapping[str, str], *, device: str, rate_hz: int, latency_s: float, treated: bool
) -> Session:
    """Describe the conversation that starts now; looks at the models' files."""
    return Session(
        recorded_at=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        device=device,
        output_rate_hz=rate_hz,
        latency_s=latency_s,
        treated=treated,
        load_1min=machine_load()["load_1min"],
        models=dict(models),
        versions=_packages(config) | _files(config),
        config=as_table(config),
    )


def _packages(config: Config) -> dict[str, str]:
    names = {*_PACKAGES, *(package for adapter in config.adapters for package in adapter.packages)}
    found = {}
    for name in sorted(names):
        with suppress(metadata.PackageNotFoundError):  # part of another package in this installation
            found[name] = metadata.version(name)
    return found


def _files(config: Config) -> dict[str, str]:
    names = [name for adapter in config.adapters for name in adapter.models()]
    if config.step_audio is not None:
        names.append(config.step_audio.models)
    return {name: _version(name) for name in names}


def _version(model: str) -> str:
    if artifact := EMBEDDED.get(model):
        largest = max(artifact.files, key=lambda file: file.size_bytes)
        return f"sha256 {largest.sha256}"
    try:
        status = Path(model).expanduser().stat()
    except OSError:
        return "missing"
    changed = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(status.st_mtime))
    return f"{status.st_size} bytes, changed {changed}"
