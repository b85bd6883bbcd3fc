"""The adapters that are installed, found by their packages' entry points; Edge Audio's own are no exception.

A package that brings a voice says so in its `pyproject.toml`, and names the struct of the voice's table:

    [project.entry-points."edge_audio.tts"]
    parrot = "parrot_voice:ParrotConfig"

A config whose table has `adapter = "parrot"` then means it. See `edge_audio.settings` for such structs.
"""

import inspect
import logging
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, EntryPoints, SelectableGroups, entry_points

from edge_audio.asr.recognizer import RecognizerConfig
from edge_audio.audio.device import AudioDeviceConfig
from edge_audio.llm.chat_model import ChatModelConfig
from edge_audio.settings import AdapterConfig
from edge_audio.tts.voice import VoiceConfig
from edge_audio.turns.detectors import EndOfTurnConfig, SpeechDetectorConfig
from runtime.errors import UserError

_log = logging.getLogger(__name__)

_PACKAGE = "edge-audio"


@dataclass(frozen=True, slots=True)
class Seam:
    """A place that adapters fill."""

    table: str
    """Its table in a config file; its group of entry points is `edge_audio.TABLE`."""
    kind: type[AdapterConfig]
    """What the structs of its adapters' tables are subclasses of."""
    default: str
    """The adapter that a table without the key `adapter` means."""

    @property
    def group(self) -> str:
        """The group of its adapters' entry points."""
        return f"edge_audio.{self.table}"


SEAMS = (
    Seam("audio", AudioDeviceConfig, "portaudio"),
    Seam("vad", SpeechDetectorConfig, "silero"),
    Seam("end_of_turn", EndOfTurnConfig, "smart-turn"),
    Seam("asr", RecognizerConfig, "whisper"),
    Seam("llm", ChatModelConfig, "llama.cpp"),
    Seam("tts", VoiceConfig, "hibari"),
)
"""All seams, in the order in which sound passes them."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter that a package brings."""

    seam: Seam
    entry_point: EntryPoint

    @property
    def name(self) -> str:
        """What a table's key `adapter` calls it."""
        return self.entry_point.name

    @property
    def package(self) -> str:
        """The package that brings it, as pip names it."""
        return self.entry_point.dist.name if self.entry_point.dist else "an unknown package"

    @property
    def version(self) -> str:
        """The package's version."""
        return self.entry_point.dist.version if self.entry_point.dist else "?"

    def settings(self) -> type[AdapterConfig]:
        """Import the struct of its table. Raises `UserError` if the package is broken."""
        try:
            found = self.entry_point.load()
        except (Exception, SystemExit) as error:  # whatever a package does when it is imported
            _log.debug("the adapter %s can't be imported", self.name, exc_info=True)
            raise self._broken(f"{type(error).__name__}: {error}") from error
        if not (isinstance(found, type) and issubclass(found, self.seam.kind)):
            raise self._broken(f"{self.entry_point.value} is no {self.seam.kind.__name__}")
        return found

    def summary(self) -> str:
        """Return the first line of its struct's docstring. Raises `UserError` if the package is broken."""
        return (inspect.getdoc(self.settings()) or "").partition("\n")[0]

    def _broken(self, why: str) -> UserError:
        why = " ".join(why.split()).rstrip(".")
        return UserError(
            f"The adapter {self.name} of the package {self.package} {self.version} can't be used: {why}.",
            f"Install that package again, or choose another adapter in [{self.seam.table}].",
        )


def seam_of(kind: type[AdapterConfig]) -> Seam:
    """Return the seam whose adapters' tables are of `kind`, or to which an adapter's struct belongs."""
    return next(seam for seam in SEAMS if issubclass(kind, seam.kind))


def installed(seam: Seam) -> tuple[Adapter, ...]:
    """Return the adapters of `seam` that are installed, by name; nothing is imported."""
    found = (Adapter(seam, entry) for entry in _entry_points(tuple(sys.path)).select(group=seam.group))
    return tuple(sorted(found, key=lambda adapter: adapter.name))


def settings_of(seam: Seam, name: str) -> type[AdapterConfig]:
    """Return the struct of the adapter called `name`.

    Raises `UserError` if there is none, if several packages bring one, or if its package is broken.
    """
    here = installed(seam)
    match [adapter for adapter in here if adapter.name == name]:
        case [adapter]:
            return adapter.settings()
        case []:
            raise _unknown(seam, name, here)
        case several:
            packages = " and ".join(sorted(adapter.package for adapter in several))
            raise UserError(
                f"{packages} both bring an adapter {name} for [{seam.table}].", "Uninstall one of them."
            )


def name_of(settings: type[AdapterConfig]) -> str:
    """Return by which name a config means the adapter with these settings.

    For settings that no entry point names, that is where they are defined.
    """
    for adapter in installed(seam_of(settings)):
        module = sys.modules.get(adapter.entry_point.module)
        if getattr(module, adapter.entry_point.attr, None) is settings:
            return adapter.name
    return f"{settings.__module__}:{settings.__qualname__}"


def _unknown(seam: Seam, name: str, here: tuple[Adapter, ...]) -> UserError:
    if not any(adapter.package == _PACKAGE for adapter in here):
        return UserError(
            f"Edge Audio's own adapters for [{seam.table}] are not registered, as its installation is older "
            "than its code.",
            "Install it again, with `make` or `pip install -e .`.",
        )
    names = ", ".join(dict.fromkeys(adapter.name for adapter in here))
    return UserError(f"there is no adapter {name!r} for [{seam.table}].", f"Choose one of: {names}.")


@lru_cache(maxsize=1)
def _entry_points(path: tuple[str, ...]) -> EntryPoints | SelectableGroups:
    """Read what is installed along `path`, the interpreter's own: 5 ms with 190 packages."""
    return entry_points()
