"""The adapters: what a config names is loaded here, one model for every seam.

Only this file names adapters; all others know the Protocols. They are imported when they are loaded, as
each brings a library.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge_audio.asr.recognizer import Recognizer
from edge_audio.audio.device import AudioDevice
from edge_audio.config import ChatServer, Config, LlamaCpp, OpenAI, StepAudio, StepAudioModels, StepChat
from edge_audio.llm.chat_model import ChatModel, Transcriber
from edge_audio.models import EMBEDDED
from edge_audio.tts.voice import Voice
from edge_audio.turns.detectors import EndOfTurnModel, SpeechDetector
from runtime.errors import UserError
from runtime.memory import give_back
from runtime.store import Store, default_root
from runtime.worker import ThreadLane

if TYPE_CHECKING:
    from edge_audio.asr.whisper import WhisperRecognizer
    from edge_audio.llm.completion_server import CompletionServer
    from edge_audio.step_audio.placement import Placement
    from edge_audio.step_audio.text_tokenizer import TextTokenizer


@dataclass(frozen=True, slots=True)
class Models:
    """A loaded model for every seam."""

    detector: SpeechDetector
    end_of_turn: EndOfTurnModel
    recognizer: Recognizer
    chat: ChatModel
    voice: Voice
    transcriber: Transcriber | None = None
    """Tells the words of what was said, where the recognizer doesn't."""

    def names(self) -> Mapping[str, str]:
        """What each seam runs on, for reports."""
        return {"asr": self.recognizer.name, "llm": self.chat.name, "tts": self.voice.name}

    async def close(self) -> None:
        """Free all of them; waits for none."""
        for model in (self.detector, self.end_of_turn, self.recognizer, self.chat, self.voice):
            await model.close()


async def load_models(config: Config) -> Models:
    """Load everything that a conversation needs, side by side, and warm it up.

    Raises `UserError` where the config names no such model or it isn't here.
    """
    detector, end_of_turn, recognizer, chat, voice = await asyncio.gather(
        asyncio.to_thread(load_detector, config),
        asyncio.to_thread(load_end_of_turn, config),
        asyncio.to_thread(load_ears, config),
        asyncio.to_thread(load_chat_model, config),
        asyncio.to_thread(load_voice, config),
    )
    await asyncio.gather(recognizer.warm_up(), chat.warm_up(), voice.warm_up())
    await asyncio.to_thread(give_back)
    return Models(detector, end_of_turn, recognizer, chat, voice, _transcriber(config, chat))


@asynccontextmanager
async def open_models(
    config: Config,
    *,
    recognizer: Recognizer | None = None,
    chat: ChatModel | None = None,
    voice: Voice | None = None,
) -> AsyncGenerator[Models, None]:
    """Load what the config names, but for what is given, for as long as the block runs."""
    models = await load_models(config)
    try:
        yield models
    finally:
        await models.close()


def open_device(config: Config) -> AudioDevice:
    """Return the sound device that the config names; it is yet to be opened."""
    from edge_audio.audio.portaudio import PortAudioDevice

    return PortAudioDevice(microphone=config.audio.input, speaker=config.audio.output)


def load_detector(config: Config) -> SpeechDetector:
    """Load the voice activity detector. Blocks."""
    from edge_audio.turns.silero import SileroDetector

    return SileroDetector(find_model(config.vad.model), ThreadLane("vad"), gate_mode=config.vad.gate)


def load_end_of_turn(config: Config) -> EndOfTurnModel:
    """Load the end-of-turn model. Blocks."""
    from edge_audio.turns.smart_turn import SmartTurn

    model = find_model(config.end_of_turn.model)
    return SmartTurn(model, ThreadLane("end-of-turn"), threads=config.end_of_turn.threads)


def load_recognizer(config: Config) -> "WhisperRecognizer":
    """Load the recognizer. Blocks. Raises `UserError` if the config has none."""
    from edge_audio.asr.whisper import WhisperRecognizer

    if config.asr is None:
        raise UserError("The config has no recognizer.", "Add a table [asr], as in configs/desktop.toml.")
    asr = config.asr
    folder = find_model(asr.model)
    return WhisperRecognizer(folder, ThreadLane("asr"), language=asr.language, threads=asr.threads)


def load_ears(config: Config) -> Recognizer:
    """Load what turns speech into what the chat model hears: words, audio tokens or both. Blocks."""
    if not isinstance(config.llm, StepChat):
        return load_recognizer(config)
    from edge_audio.asr.dual_codebook import DualCodebookRecognizer
    from edge_audio.step_audio.tokenizer.dual import DualTokenizer
    from edge_audio.step_audio.tokens import RELEASED

    assert config.step_audio is not None  # the config was checked
    models = find_model(config.step_audio.models)
    text = _tokenizer(config.llm)
    tokens = RELEASED if text is None else text.audio
    tokenizer = DualTokenizer.load(models, placement(config.step_audio), tokens)
    words = load_recognizer(config) if config.asr is not None else None
    return DualCodebookRecognizer(tokenizer, ThreadLane("tokenizer"), words)


def load_chat_model(config: Config) -> ChatModel:
    """Load the chat model, or make the client of a server. Blocks. Raises `UserError` if there is none."""
    if config.llm is None:
        raise UserError("The config has no chat model.", "Add a table [llm], as in configs/desktop.toml.")
    model = _load_chat_model(config.llm)
    if (fallback := config.fallback) is None:
        return model
    from edge_audio.llm.fallback import FallbackModel

    return FallbackModel(
        model,
        _load_chat_model(fallback.llm),
        first_token_limit_s=fallback.first_token_limit_s,
        retry_after_s=fallback.retry_after_s,
    )


def _load_chat_model(llm: LlamaCpp | OpenAI | StepChat) -> ChatModel:
    if isinstance(llm, StepChat):
        from edge_audio.llm.step_chat import StepChatServer

        return StepChatServer(
            _completion_server(llm),
            llm.model,
            tokenizer=_tokenizer(llm),
            max_reply_tokens=llm.max_reply_tokens,
            temperature=llm.temperature,
        )
    if isinstance(llm, OpenAI):
        from edge_audio.llm.openai_server import OpenAIServer

        return OpenAIServer(
            _completion_server(llm),
            llm.model,
            max_reply_tokens=llm.max_reply_tokens,
            temperature=llm.temperature,
        )
    from edge_audio.llm.llamacpp import LlamaCppModel

    return LlamaCppModel(
        find_model(llm.model),
        ThreadLane("llm"),
        prompt=llm.prompt,
        context_tokens=llm.context_tokens,
        max_reply_tokens=llm.max_reply_tokens,
        temperature=llm.temperature,
        threads=llm.threads,
        name=Path(llm.model).stem,
    )


def _completion_server(llm: ChatServer) -> "CompletionServer":
    from edge_audio.llm.completion_server import CompletionServer

    return CompletionServer(
        llm.url,
        api_key_env=llm.api_key_env,
        connect_timeout_s=llm.connect_timeout_s,
        first_token_timeout_s=llm.first_token_timeout_s,
        token_timeout_s=llm.token_timeout_s,
    )


def _transcriber(config: Config, chat: ChatModel) -> Transcriber | None:
    """Return the chat model if it must tell the words, as no recognizer does."""
    if config.asr is not None:
        return None
    from edge_audio.llm.step_chat import StepChatServer

    return chat if isinstance(chat, StepChatServer) else None


def _tokenizer(llm: StepChat) -> "TextTokenizer | None":
    from edge_audio.step_audio.text_tokenizer import TextTokenizer

    return None if llm.tokenizer is None else TextTokenizer.open(Path(llm.tokenizer).expanduser())


def load_voice(config: Config, speaker: str | None = None) -> Voice:
    """Load the voice, with `speaker` in place of the config's if it isn't None. Blocks."""
    tts = config.tts
    if isinstance(tts, StepAudio):
        assert config.step_audio is not None  # the config was checked
        return _load_step_audio(tts, config.step_audio, speaker)
    from edge_audio.tts.hibari import HibariVoice

    return HibariVoice(ThreadLane("tts"), speaker=speaker or tts.voice, threads=tts.threads)


def _load_step_audio(tts: StepAudio, step_audio: StepAudioModels, speaker: str | None) -> Voice:
    from edge_audio.step_audio.voice_encoder import VoiceEncoder
    from edge_audio.step_audio.voices import VoiceRegistry
    from edge_audio.tts.step_audio import SpeechModels, StepAudioVoice

    models, place = find_model(step_audio.models), placement(step_audio)
    return StepAudioVoice(
        SpeechModels.load(models, place, steps=tts.steps),
        VoiceRegistry(Path(tts.voices).expanduser(), VoiceEncoder.if_present(models, place)),
        writing=ThreadLane("tts-writing"),
        sounding=ThreadLane("tts-sounding"),
        speaker=speaker or tts.speaker,
        temperature=tts.temperature,
        seed=tts.seed,
    )


def placement(step_audio: StepAudioModels) -> "Placement":
    """Return where the Step-Audio models are computed.

    Raises `UserError` for a shape profile of a graph that there isn't.
    """
    from edge_audio.step_audio.placement import Placement
    from edge_audio.step_audio.shape_profiles import PROFILES

    models = find_model(step_audio.models)
    profiles = {component: dict(graphs) for component, graphs in PROFILES.items()}
    for component, graphs in step_audio.profiles.items():
        for graph, profile in graphs.items():
            if not (path := models / component / graph).is_file():
                raise UserError(
                    f"The config has a shape profile for {path}, which is not there.",
                    f"Mend or remove [step_audio.profiles.{component}.{graph!r}].",
                )
            profiles.setdefault(component, {})[graph] = profile
    return Placement(
        threads=step_audio.threads,
        device=step_audio.device,
        devices=dict(step_audio.devices.items()),
        engine_cache=step_audio.engine_folder,
        profiles=profiles,
    )


def find_model(name_or_path: str) -> Path:
    """Return the path of a model named in a config: an embedded one, or a file or folder of the user's.

    An embedded model of one file is that file, else its folder. Raises `UserError`.
    """
    if artifact := EMBEDDED.get(name_or_path):
        folder = Store(default_root()).path(artifact)
        return folder / artifact.files[0].path if len(artifact.files) == 1 else folder
    path = Path(name_or_path).expanduser()
    if not path.exists():
        raise UserError(
            f"There is no model {name_or_path!r}.",
            f"Give the path of a file or folder, or one of: {', '.join(EMBEDDED)}.",
        )
    return path
