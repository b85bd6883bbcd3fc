"""The typed tree of a config file: every field with its unit, range and default."""

import ipaddress
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from runtime.compute import Device
from runtime.errors import UserError
from runtime.shape_profile import Lengths
from runtime.store import default_root

Milliseconds = Annotated[int, Meta(ge=0, le=60_000)]
Probability = Annotated[float, Meta(ge=0.0, le=1.0)]
Threads = Annotated[int, Meta(ge=1, le=256)]
Seconds = Annotated[float, Meta(gt=0.0, le=3600.0)]
StepAudioComponent = Literal["linguistic", "semantic", "lm", "flow", "hift"]
"""A component that a conversation computes with."""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; a key that it doesn't have is an error."""


class Audio(Table, frozen=True):
    """``[audio]``: the sound devices."""

    input: str | int | None = None
    """Microphone: part of its name, or its number in `edge-audio devices`; the system's default if unset."""
    output: str | int | None = None
    """Speaker, likewise."""
    echo_cancellation: bool = True
    """Whether to take the speaker's sound out of the microphone's; never done for files unless `--echo`."""
    noise_suppression: bool = False
    """Whether to reduce steady noise. All that listens here is better without (measured): with voices in the
    background 5 dB below the speaker, 6 of 10 onsets of speech are missed and the background is taken for
    speech 15 times a minute, without it never; and of 100 words in noise at 10 and 5 dB, `whisper-tiny.en`
    gets up to 7 more wrong."""
    auto_gain: bool = False
    """Whether to level the microphone, for one that is so quiet that speech stays below -45 dBFS. There,
    speech is noticed sooner (measured: by 0.1 s at -45 dBFS, 0.2 s at -55, 0.3 s at -62), and the words are
    heard as well or better. Others gain nothing, and as what is left of an echo is raised too, it sounds
    like speech four times as often."""

    @property
    def treats_the_microphone(self) -> bool:
        """Whether anything is done to what the microphone hears."""
        return self.echo_cancellation or self.noise_suppression or self.auto_gain


class Vad(Table, frozen=True, tag_field="adapter", tag="silero"):
    """``[vad]``, adapter ``silero``: is somebody speaking."""

    model: str = "silero-vad"
    """Name in `edge-audio models`, or path of the ONNX file."""
    threshold: Probability = 0.5
    """Probability from which a window of 32 ms is speech, while nobody speaks."""
    release: Probability = 0.35
    """Probability below which a window is silence, while somebody speaks; lower than `threshold`."""
    onset_ms: Milliseconds = 64
    """How long speech must last to count."""
    pause_ms: Milliseconds = 128
    """How long silence must last to be a pause: the moment of speculation."""
    gate: Annotated[int, Meta(ge=0, le=3)] = 1
    """How strict the cheap detector in front is, 0 (lets much pass) to 3."""


class EndOfTurn(Table, frozen=True, tag_field="adapter", tag="smart-turn"):
    """``[end_of_turn]``, adapter ``smart-turn``: have they finished."""

    model: str = "smart-turn-v3.2"
    """Name in `edge-audio models`, or path of the ONNX file."""
    threshold: Probability = 0.5
    """Probability from which a turn sounds complete."""
    certainty: Annotated[float, Meta(gt=0.5, lt=1.0)] = 0.9
    """How likely it must be that the turn is over, by its sound, words and silence together, to answer."""
    pause_ms: Annotated[float, Meta(ge=50.0, le=5000.0)] = 400.0
    """How long people pause in the middle of a turn, on average; learnt anew for each speaker from there."""
    threads: Threads = 1
    """Threads of the model."""


class Whisper(Table, frozen=True, tag_field="adapter", tag="whisper"):
    """``[asr]``, adapter ``whisper``: the recognizer, on CTranslate2."""

    model: str = "whisper-tiny.en"
    """Name in `edge-audio models`, or folder of a CTranslate2 Whisper model."""
    language: str = "en"
    """ISO 639-1 code, or `auto` with a multilingual model."""
    threads: Threads = 1
    """Threads of the model; with `whisper-tiny.en` a second one gains nothing (measured)."""
    partial_every_ms: Milliseconds = 300
    """A partial transcript at most this often while the user speaks; twice as often where it reads whole."""


class LlamaCpp(Table, frozen=True, tag_field="adapter", tag="llama.cpp"):
    """``[llm]``, adapter ``llama.cpp``: a local chat model."""

    model: str = "smollm2-135m-instruct"
    """Name in `edge-audio models`, or path of any GGUF file."""
    prompt: Literal["dialogue", "template"] = "template"
    """`template`: the model's own chat template. `dialogue`: a written dialogue with examples, for models
    too small for their template."""
    context_tokens: Annotated[int, Meta(ge=256, le=1_048_576)] = 2048
    """Size of the context window in tokens; costs memory."""
    max_reply_tokens: Annotated[int, Meta(ge=1, le=4096)] = 120
    """Longest reply in tokens."""
    temperature: Annotated[float, Meta(ge=0.0, le=2.0)] = 0.0
    """Randomness of the reply; 0 always takes the likeliest word."""
    threads: Threads = 1
    """Threads of the model. On two cores one is the better choice: two are twice as fast while nothing else
    runs, and many times slower when something does, as each waits for the other at every layer."""


class ChatServer(Table, frozen=True):
    """What the tables of all chat models on servers hold."""

    url: str
    """Base address, such as `http://127.0.0.1:8000/v1`."""
    api_key_env: str | None = None
    """Name of the environment variable that holds the key; the key itself never stands in a file."""
    max_reply_tokens: Annotated[int, Meta(ge=1, le=4096)] = 200
    """Longest reply in tokens."""
    temperature: Annotated[float, Meta(ge=0.0, le=2.0)] = 0.7
    """Randomness of the reply."""
    connect_timeout_s: Seconds = 5.0
    """How long to wait for a connection."""
    first_token_timeout_s: Seconds = 20.0
    """How long to wait for the reply to begin."""
    token_timeout_s: Seconds = 10.0
    """How long to wait for the reply to go on."""


class OpenAI(ChatServer, frozen=True, kw_only=True, tag_field="adapter", tag="openai"):
    """``[llm]``, adapter ``openai``: a chat model on a server that speaks OpenAI's protocol."""

    model: str
    """The model's name on that server."""


class StepChat(ChatServer, frozen=True, tag_field="adapter", tag="step-chat"):
    """``[llm]``, adapter ``step-chat``: Step-Audio-Chat on a vLLM server, which hears audio tokens.

    Its tokenizer is that of ``[step_audio]``. Without ``[asr]`` it also tells the words for the history.
    """

    model: str = "step-audio-chat"
    """The model's name on that server."""
    tokenizer: str | None = None
    """Folder of Step-Audio-Chat's text tokenizer: prompts then are sent as ids. Unset, they are sent as text,
    audio tokens by their names, and the server makes the ids."""


class Fallback(Table, frozen=True):
    """``[fallback]``: a second chat model, for when that of ``[llm]`` is away or late. It needs ``[asr]``."""

    llm: LlamaCpp | OpenAI
    """``[fallback.llm]``: as ``[llm]``."""
    first_token_limit_s: Seconds = 2.0
    """How long the first model's reply may take to begin."""
    retry_after_s: Seconds = 30.0
    """How long the first model is left alone after a failure."""


class Hibari(Table, frozen=True, tag_field="adapter", tag="hibari"):
    """``[tts]``, adapter ``hibari``: the embedded voice."""

    voice: str = "heart"
    """One of hibari's voices; `heart` is in its package."""
    speed: Annotated[float, Meta(ge=0.5, le=2.0)] = 1.0
    """1.0 is the voice's own pace."""
    threads: Threads = 1
    """Threads of the model."""


class StepAudio(Table, frozen=True, tag_field="adapter", tag="step-audio"):
    """``[tts]``, adapter ``step-audio``: Step-Audio-TTS and its decoder, those of ``[step_audio]``.

    Without `flow-music` and `hift-music` there it can't rap and hum.
    """

    voices: str = "voices"
    """Folder of the voices that `edge-audio voices` makes."""
    speaker: str | None = None
    """Name of one of them; Tingting if unset, or else the first."""
    speed: Annotated[float, Meta(ge=0.5, le=2.0)] = 1.0
    """1.0 is the speaker's own pace; others are asked for by the nearest of the model's tags."""
    temperature: Annotated[float, Meta(gt=0.0, le=2.0)] | None = None
    """Randomness of how something is said; if unset, that which the model is made for, the release's 0.7."""
    seed: Annotated[int, Meta(ge=0)] = 0
    """Another seed says the same in another way."""
    steps: Annotated[int, Meta(ge=1, le=100)] | None = None
    """Steps of the decoder's flow; the release takes 10. Fewer are faster and less true."""


class StepAudioModels(Table, frozen=True):
    """``[step_audio]``: the exported Step-Audio models, for all that compute with them."""

    models: str
    """Folder that `python -m export all` wrote."""
    threads: Threads = 2
    """Threads of each model on the processor."""
    device: Device = "cpu"
    """What computes them; what isn't really there is an error."""
    devices: dict[StepAudioComponent, Device] = {}
    """Other devices for some of them; the decoder for music is where that for speech is."""
    engine_cache: str | None = None
    """Folder where TensorRT keeps its engines, which take minutes to build; `engines` beside the folder of
    `edge-audio models where` if unset."""
    profiles: dict[StepAudioComponent, dict[str, dict[str, Lengths]]] = {}
    """``[step_audio.profiles.COMPONENT."GRAPH.onnx"]``: for which lengths of each axis TensorRT builds an
    engine, `[shortest, usual, longest]`, in place of those in edge_audio/step_audio/shape_profiles.py."""

    @property
    def engine_folder(self) -> Path:
        """Where TensorRT keeps its engines."""
        if self.engine_cache is None:
            return default_root().parent / "engines"
        return Path(self.engine_cache).expanduser()

    def components_by_device(self) -> dict[Device, list[str]]:
        """Return what each device that is asked for computes."""
        found: dict[Device, list[str]] = {}
        for component in get_args(StepAudioComponent):
            found.setdefault(self.devices.get(component, self.device), []).append(component)
        return found


class Conversation(Table, frozen=True):
    """``[conversation]``: how the assistant behaves."""

    system_prompt: str = ""
    """Who the assistant is; given to the chat model before all else."""
    history_tokens: Annotated[int, Meta(ge=64, le=1_000_000)] = 1000
    """How much of the conversation the chat model is shown, in tokens, about."""
    speculate: Literal["none", "frugal", "balanced", "eager"] = "balanced"
    """How much to compute ahead: replies made while it is open if the user has finished."""
    barge_in: bool = True
    """Whether speech may interrupt a reply that has begun."""
    hold_ms: Milliseconds = 1500
    """How long a reply waits, after speech began over it, for words that confirm an interruption."""
    regret_ms: Milliseconds = 700
    """A reply that was heard no longer than this when the user goes on came too early: it is withdrawn, and
    their turn goes on as one."""
    held_audio_ms: Annotated[int, Meta(ge=200, le=30_000)] = 2000
    """How much of a reply is rendered ahead."""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Metrics(Table, frozen=True):
    """``[metrics]``: figures of each turn for other programs, never words; none unless asked for."""

    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    """Where Prometheus finds them, such as 9464; needs the extra `prometheus`."""
    host: str = "127.0.0.1"
    """Address to listen on; one that others can reach needs `token_env`."""
    token_env: str | None = None
    """Name of the environment variable that holds the token which readers must show as bearer."""
    otlp_endpoint: str | None = None
    """Base address of an OpenTelemetry collector, such as `http://127.0.0.1:4318`, that is sent a trace of
    each turn; needs the extra `opentelemetry`."""

    def __post_init__(self) -> None:
        """Raise `ValueError` where everybody could read."""
        if not _is_loopback(self.host) and self.token_env is None:
            raise ValueError(f"others can reach {self.host}: name a token with token_env")
        if self.otlp_endpoint is not None and not self.otlp_endpoint.startswith(("http://", "https://")):
            raise ValueError("otlp_endpoint must begin with http:// or https://")


class Config(Table, frozen=True):
    """A config file."""

    tts: Hibari | StepAudio
    """The voice."""
    audio: Audio = Audio()
    vad: Vad = Vad()
    end_of_turn: EndOfTurn = EndOfTurn()
    asr: Whisper | None = None
    """The recognizer; without one there is only `say`, unless the chat model hears audio tokens."""
    llm: LlamaCpp | OpenAI | StepChat | None = None
    """The chat model; without one there is only `say` and `listen`."""
    fallback: Fallback | None = None
    """What answers where the chat model can't."""
    step_audio: StepAudioModels | None = None
    """The exported Step-Audio models; those adapters need it whose name begins so."""
    conversation: Conversation = Conversation()
    metrics: Metrics = Metrics()

    def __post_init__(self) -> None:
        """Raise `ValueError` where an adapter lacks what it computes with."""
        if isinstance(self.tts, StepAudio) and self.step_audio is None:
            raise ValueError("the voice step-audio needs the table [step_audio] with the path of its models")
        if isinstance(self.llm, StepChat) and self.step_audio is None:
            raise ValueError(
                "the chat model step-chat needs the table [step_audio] with the path of the tokenizer"
            )
        if self.fallback is not None and self.asr is None:
            raise ValueError("the chat model of [fallback] hears text: it needs the recognizer of [asr]")


def configs_folder() -> Path:
    """Where the config files are: beside the packages in a checkout, inside this one when installed."""
    installed = Path(__file__).parent / "configs"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "configs"


def load_config(path: Path | None = None) -> Config:
    """Read a config file; `configs/desktop.toml` if `path` is None.

    A folder of models or voices that lies beside the file is meant by its relative path, wherever the command
    is given; one that doesn't is looked for where it is given. Raises `UserError` naming the file, the key
    and what it may be.
    """
    path = path or configs_folder() / "desktop.toml"
    try:
        config = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Config)
        return _with_folders_beside(path.parent, config)
    except FileNotFoundError:
        known = ", ".join(sorted(p.name for p in configs_folder().glob("*.toml")))
        raise UserError(
            f"There is no config file {path}.", f"Give the path of one; {configs_folder()} has {known}."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} can't be read: {error}.", "Give a TOML file in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} is not valid TOML: {error}.", "Mend that line.") from None
    except msgspec.ValidationError as error:
        raise UserError(f"{path}: {_explain(str(error))}.", "Mend or remove that key.") from None


def _with_folders_beside(folder: Path, config: Config) -> Config:
    """Return `config` with the folders that `folder` holds by their whole path."""

    def beside(path: str) -> str:
        return str(folder / path) if (folder / path).is_dir() else path

    if config.step_audio is not None:
        models = msgspec.structs.replace(config.step_audio, models=beside(config.step_audio.models))
        config = msgspec.structs.replace(config, step_audio=models)
    if isinstance(config.tts, StepAudio):
        tts = msgspec.structs.replace(config.tts, voices=beside(config.tts.voices))
        config = msgspec.structs.replace(config, tts=tts)
    return config


_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`(?: - at `\$(?P<place>[^`]*)`)?")
_PLACE = re.compile(r" - at (?:`key` in )?`\$\.?(?P<place>[^`]*)`")


def _explain(message: str) -> str:
    """Put msgspec's message in terms of the file's keys."""
    if unknown := _UNKNOWN.match(message):
        table = (unknown["place"] or "").strip(".")
        return f"unknown key {table + '.' if table else ''}{unknown['key']}"
    if place := _PLACE.search(message):
        what = message[: place.start()]
        return f"{place['place'] or 'the file'}: {what[0].lower()}{what[1:]}"
    return message
