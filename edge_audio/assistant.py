"""The assistant: a config becomes running actors.

    device ─▶ listener ─▶ CONTROLLER ─▶ maker (chat model ─▶ voice ─▶ held audio) ─▶ player ─▶ device

Only this file names adapters; all others know the Protocols. Adapters are imported when they are loaded,
as each brings a library.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge_audio.asr.recognizer import Recognizer
from edge_audio.audio.device import AudioDevice
from edge_audio.audio.frame import Frame
from edge_audio.audio.playout import Playout
from edge_audio.config import Config, OpenAI, StepAudio, StepAudioModels
from edge_audio.dialogue.context import Context
from edge_audio.dialogue.controller import Controller, ControllerSettings
from edge_audio.dialogue.maker import ReplyMaker
from edge_audio.dialogue.player import Player
from edge_audio.dialogue.reply import Reply, ReplyWatcher
from edge_audio.events import Event, Notice
from edge_audio.llm.chat_model import ChatModel
from edge_audio.models import EMBEDDED
from edge_audio.tts.voice import Style, Voice
from edge_audio.turns.detectors import EndOfTurnModel, SpeechDetector
from edge_audio.turns.listener import Listener, ListenerSettings
from edge_audio.turns.policy import EndOfTurnPolicy
from edge_audio.turns.tracker import SpeechTracker
from runtime.actor import Actor, ActorGroup
from runtime.channel import Channel
from runtime.epoch import Epoch
from runtime.errors import UserError
from runtime.memory import give_back
from runtime.store import Store, default_root
from runtime.trace import Trace
from runtime.worker import ThreadLane

if TYPE_CHECKING:
    from edge_audio.asr.whisper import WhisperRecognizer
    from edge_audio.step_audio.placement import Placement

_FRAMES_WAITING = 50
"""The microphone may run one second ahead of the listener; what is older is dropped and counted."""


Cleaner = Callable[[Channel[Frame], Channel[Frame]], Awaitable[None]]
"""An actor's body that takes frames from the one channel and puts them, treated, into the other."""


@dataclass(frozen=True, slots=True)
class Models:
    """A loaded model for every seam."""

    detector: SpeechDetector
    end_of_turn: EndOfTurnModel
    recognizer: Recognizer
    chat: ChatModel
    voice: Voice

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
        asyncio.to_thread(load_recognizer, config),
        asyncio.to_thread(load_chat_model, config),
        asyncio.to_thread(load_voice, config),
    )
    await asyncio.gather(recognizer.warm_up(), chat.warm_up(), voice.warm_up())
    await asyncio.to_thread(give_back)
    return Models(detector, end_of_turn, recognizer, chat, voice)


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


def load_chat_model(config: Config) -> ChatModel:
    """Load the chat model, or make the client of a server. Blocks. Raises `UserError` if there is none."""
    llm = config.llm
    if llm is None:
        raise UserError("The config has no chat model.", "Add a table [llm], as in configs/desktop.toml.")
    if isinstance(llm, OpenAI):
        from edge_audio.llm.openai_server import OpenAIServer

        return OpenAIServer(
            llm.url,
            llm.model,
            api_key_env=llm.api_key_env,
            max_reply_tokens=llm.max_reply_tokens,
            temperature=llm.temperature,
            connect_timeout_s=llm.connect_timeout_s,
            first_token_timeout_s=llm.first_token_timeout_s,
            token_timeout_s=llm.token_timeout_s,
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


def load_voice(config: Config, speaker: str | None = None) -> Voice:
    """Load the voice, with `speaker` in place of the config's if it isn't None. Blocks."""
    tts = config.tts
    if isinstance(tts, StepAudio):
        assert config.step_audio is not None  # the config was checked
        return _load_step_audio(tts, config.step_audio, speaker)
    from edge_audio.tts.hibari import HibariVoice

    return HibariVoice(ThreadLane("tts"), speaker=speaker or tts.voice, threads=tts.threads)


def _load_step_audio(tts: StepAudio, step_audio: StepAudioModels, speaker: str | None) -> Voice:
    from edge_audio.step_audio.sampler import Sampling
    from edge_audio.step_audio.voices import VoiceRegistry
    from edge_audio.tts.step_audio import SpeechModels, StepAudioVoice

    return StepAudioVoice(
        SpeechModels.load(find_model(step_audio.models), placement(step_audio), steps=tts.steps),
        VoiceRegistry(Path(tts.voices).expanduser()),
        writing=ThreadLane("tts-writing"),
        sounding=ThreadLane("tts-sounding"),
        speaker=speaker or tts.speaker,
        sampling=Sampling(temperature=tts.temperature),
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
    cache = step_audio.engine_cache
    return Placement(
        threads=step_audio.threads,
        device=step_audio.device,
        devices=dict(step_audio.devices.items()),
        engine_cache=Path(cache).expanduser() if cache else default_root().parent / "engines",
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


class Assistant:
    """One conversation. Its public methods are what the user can do by hand."""

    def __init__(
        self,
        config: Config,
        models: Models,
        tell: Callable[[Event], None],
        clean: Cleaner | None = None,
    ) -> None:
        """`tell` hears everything that happens, on the event loop, and must not wait.

        `clean` treats what the device hears before it is listened to, such as an echo canceller.
        """
        self._config = config
        self._models = models
        self._tell = tell
        self._clean = clean
        self._quit = asyncio.Event()
        self.trace = Trace()
        self._frames: Channel[Frame] = Channel(_FRAMES_WAITING, "drop-oldest")
        self._captured = self._frames if clean is None else Channel[Frame](_FRAMES_WAITING, "drop-oldest")
        self._listener = Listener(
            self._frames,
            models.detector,
            SpeechTracker(
                models.detector.window_samples,
                threshold=config.vad.threshold,
                release=config.vad.release,
                onset_ms=config.vad.onset_ms,
                pause_ms=config.vad.pause_ms,
            ),
            models.recognizer,
            models.end_of_turn,
            self._heard,
            self.trace,
            ListenerSettings(config.asr.partial_every_ms) if config.asr else ListenerSettings(),
        )
        self._controller: Controller | None = None

    @property
    def idle(self) -> bool:
        """Whether nobody speaks and nothing is owed."""
        return self._listener.idle and self._controller is not None and self._controller.idle

    @property
    def counters(self) -> Counter[str]:
        """What was counted: dropped frames and whatever the trace counts."""
        dropped = sum(channel.dropped for channel in {self._captured, self._frames})
        return self.trace.counters + Counter(frames_dropped=dropped)

    def now_s(self) -> float:
        """Seconds since the first input sample."""
        return self._listener.now_s()

    async def run(self, device: AudioDevice) -> None:
        """Converse through `device` until its input ends or `quit` is called.

        Raises `ActorFailed` where something fails that can't be restarted.
        """
        config, models = self._config, self._models
        playout = Playout(device.output_rate_hz)
        epoch = Epoch()
        context = Context(config.conversation.system_prompt, config.conversation.history_tokens)
        style = Style(speed=config.tts.speed)

        def new_reply(number: int, user_text: str, watcher: ReplyWatcher) -> Reply:
            return Reply(
                number,
                user_text,
                voice=models.voice,
                style=style,
                output_rate_hz=device.output_rate_hz,
                held_ms=config.conversation.held_audio_ms,
                time_s=self.now_s,
                watcher=watcher,
            )

        async with ActorGroup(self._restarted) as group:
            maker = ReplyMaker(group, models.chat, context)
            player = Player(playout, epoch, output_latency_s=device.output_latency_s)
            controller = Controller(
                chat=models.chat,
                context=context,
                player=player,
                epoch=epoch,
                maker=maker,
                new_reply=new_reply,
                ears=self._listener,
                policy=EndOfTurnPolicy(
                    threshold=config.end_of_turn.threshold,
                    complete_ms=config.end_of_turn.complete_ms,
                    unsure_ms=config.end_of_turn.unsure_ms,
                    incomplete_ms=config.end_of_turn.incomplete_ms,
                ),
                settings=ControllerSettings(
                    speculate=config.conversation.speculate,
                    barge_in=config.conversation.barge_in,
                    hold_ms=config.conversation.hold_ms,
                ),
                time_s=self.now_s,
                tell=self._tell,
            )
            self._controller = controller
            for actor in (maker.actor(), *self._listener.actors(), Actor("player", player.run)):
                group.start(actor)
            if (clean := self._clean) is not None:
                group.start(Actor("echo canceller", lambda: clean(self._captured, self._frames)))
            hearing = group.start(Actor("device", lambda: device.run(self._captured, playout)))
            maker.prefill()
            quitting = asyncio.ensure_future(self._quit.wait())
            try:
                await asyncio.wait((hearing, quitting), return_when=asyncio.FIRST_COMPLETED)
            finally:
                quitting.cancel()
                controller.stop_reply()

    # What the user does by hand.

    def quit(self) -> None:
        """End the conversation."""
        self._quit.set()

    def mute(self, on: bool) -> None:
        """Hear nothing, or hear again."""
        self._listener.muted = on

    def push_to_talk(self, talking: bool) -> None:
        """Begin to speak, silencing a reply, or end the turn now and mute the microphone."""
        if self._controller is None:
            return
        if talking:
            self._controller.stop_reply()
        else:
            self._controller.end_turn_now()
        self._listener.muted = not talking

    def stop(self) -> None:
        """Silence the reply."""
        if self._controller is not None:
            self._controller.stop_reply()

    def say_typed(self, text: str) -> None:
        """Take a typed line as a turn."""
        if self._controller is not None:
            self._controller.type_line(text)

    def _heard(self, event: Event) -> None:
        self._tell(event)
        if self._controller is not None:
            self._controller.handle(event)

    def _restarted(self, name: str, cause: BaseException) -> None:
        self.trace.counters[f"restarts.{name}"] += 1
        self._tell(Notice(f"The {name} failed and was restarted: {cause}", is_error=True))
