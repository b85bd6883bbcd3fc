"""The config: which models and devices, and how the assistant behaves."""

import ipaddress
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from edge_audio.asr.recognizer import RecognizerConfig
from edge_audio.audio.device import AudioDeviceConfig
from edge_audio.llm.chat_model import ChatModelConfig
from edge_audio.llm.fallback import FallbackConfig
from edge_audio.plugins import seam_of
from edge_audio.settings import AdapterConfig, Milliseconds, Shared, Table
from edge_audio.step_audio.config import StepAudioConfig
from edge_audio.tables import read_table
from edge_audio.tts.voice import VoiceConfig
from edge_audio.turns.detectors import EndOfTurnConfig, SpeechDetectorConfig
from runtime.errors import UserError


class Conversation(Table, frozen=True):
    """``[conversation]``: how the assistant behaves."""

    system_prompt: str = ""
    """Who the assistant is; the chat model gets it before everything else."""
    history_tokens: Annotated[int, Meta(ge=64, le=1_000_000)] = 1000
    """About how much of the conversation the chat model is shown, in tokens."""
    speculate: Literal["none", "frugal", "balanced", "eager"] = "balanced"
    """How much to compute ahead (preemptive generation): replies made before it is known whether the user has
    finished."""
    barge_in: bool = True
    """Whether speech may interrupt a reply that has started."""
    hold_ms: Milliseconds = 1500
    """False-interruption timeout: how long a reply waits, after speech started over it, for words that
    confirm an interruption; then it resumes."""
    regret_ms: Milliseconds = 700
    """A reply that was heard no longer than this when the user speaks on came too early: it is withdrawn, and
    what the user says is merged into one turn."""
    held_audio_ms: Annotated[int, Meta(ge=200, le=30_000)] = 2000
    """How much of a reply is rendered ahead."""
    language: str | None = None
    """ISO 639-1 code of what is typed and said, where neither a recognizer nor the script shows it; that of
    `[asr]` if unset."""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Metrics(Table, frozen=True):
    """``[metrics]``: figures of each turn for other programs, never words; off by default."""

    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    """Where Prometheus finds them, such as 9464; needs the extra `prometheus`."""
    host: str = "127.0.0.1"
    """Address to listen on; one that others can reach needs `token_env`."""
    token_env: str | None = None
    """Name of the environment variable that holds the bearer token which readers must show."""
    otlp_endpoint: str | None = None
    """Base address of an OpenTelemetry collector, such as `http://127.0.0.1:4318`, that gets a trace of each
    turn; needs the extra `opentelemetry`."""

    def __post_init__(self) -> None:
        """Raise `ValueError` where anybody could read."""
        if not _is_loopback(self.host) and self.token_env is None:
            raise ValueError(f"others can reach {self.host}: name a token with token_env")
        if self.otlp_endpoint is not None and not self.otlp_endpoint.startswith(("http://", "https://")):
            raise ValueError("otlp_endpoint must begin with http:// or https://")


def _default(kind: type[AdapterConfig]) -> Any:
    """Return a field for an adapter's table; without that table it holds the seam's default adapter."""
    return field(default_factory=lambda: read_table(kind, {}, place=seam_of(kind).table))


class Config(Table, frozen=True):
    """A config file. Each field is one of its tables; each adapter defines the struct of its own."""

    audio: AudioDeviceConfig = _default(AudioDeviceConfig)
    vad: SpeechDetectorConfig = _default(SpeechDetectorConfig)
    end_of_turn: EndOfTurnConfig = _default(EndOfTurnConfig)
    asr: RecognizerConfig | None = None
    """The recognizer; without one there is only `say`, unless the chat model hears audio tokens."""
    llm: ChatModelConfig | None = None
    """The chat model; without one there is only `say` and `listen`."""
    tts: VoiceConfig = _default(VoiceConfig)
    """How the replies are spoken."""
    fallback: FallbackConfig | None = None
    """What answers when the chat model can't."""
    step_audio: StepAudioConfig | None = None
    """The exported Step-Audio models, for the adapters whose names begin with `step-`."""
    conversation: Conversation = Conversation()
    metrics: Metrics = Metrics()

    def __post_init__(self) -> None:
        """Raise `ValueError` where an adapter lacks what it needs."""
        for adapter in self.adapters:
            adapter.check(self.shared)
        if self.fallback is not None and self.asr is None:
            raise ValueError("the chat model of [fallback] hears text: it needs the recognizer of [asr]")

    @property
    def adapters(self) -> tuple[AdapterConfig, ...]:
        """Return the tables of all adapters that it names."""
        seams = self.audio, self.vad, self.end_of_turn, self.asr, self.llm, self.tts
        second = None if self.fallback is None else self.fallback.llm
        return tuple(table for table in (*seams, second) if table is not None)

    @property
    def language(self) -> str | None:
        """ISO 639-1 code of what is typed and said where nothing else shows it; None if not known."""
        heard = None if self.asr is None or self.asr.language == "auto" else self.asr.language
        return self.conversation.language or heard

    @property
    def shared(self) -> Shared:
        """Return what adapters read besides their own tables."""
        return Shared(() if self.step_audio is None else (self.step_audio,))


def configs_folder() -> Path:
    """Return where the configs are: beside the packages in a checkout, inside this one when installed."""
    installed = Path(__file__).parent / "configs"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "configs"


def load_config(path: Path | str | None = None) -> Config:
    """Read a config file; `configs/desktop.toml` if `path` is None.

    A relative path of models or voices means the folder beside the file, wherever the command runs; if there
    is none, it means one relative to where the command runs. Raises `UserError` naming the file, the key and
    what it may be.
    """
    path = Path(path or configs_folder() / "desktop.toml")
    try:
        return read_table(Config, tomllib.loads(path.read_text("utf-8")), path.parent)
    except FileNotFoundError:
        known = ", ".join(sorted(p.name for p in configs_folder().glob("*.toml")))
        raise UserError(
            f"There is no config file {path}.", f"Give the path of one; {configs_folder()} has {known}."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} can't be read: {error}.", "Give a TOML file in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} is not valid TOML: {error}.", "Fix that line.") from None
    except UserError as error:
        raise UserError(f"{path}: {error.cause}", error.remedy) from error.__cause__
