"""The assistant: a config becomes running actors.

device ─▶ listener ─▶ CONTROLLER ─▶ maker (chat model ─▶ voice ─▶ held audio) ─▶ player ─▶ device
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from edge_audio.adapters import Models
from edge_audio.audio.device import AudioDevice
from edge_audio.audio.frame import Frame
from edge_audio.audio.playout import Playout
from edge_audio.config import Config
from edge_audio.dialogue.context import Context
from edge_audio.dialogue.controller import Controller, ControllerSettings
from edge_audio.dialogue.delivery import DeliverySettings
from edge_audio.dialogue.maker import ReplyMaker
from edge_audio.dialogue.player import Player
from edge_audio.dialogue.reply import Reply, ReplyWatcher
from edge_audio.dialogue.speculation import EFFORTS, SpeculationPolicy
from edge_audio.dialogue.turn_meter import TurnMeter
from edge_audio.events import Event, Notice
from edge_audio.llm.fallback import FallbackModel
from edge_audio.tts.voice import Style
from edge_audio.turns.listener import Listener, ListenerSettings
from edge_audio.turns.policy import EndOfTurnPolicy
from edge_audio.turns.tracker import SpeechTracker
from runtime.actor import Actor, ActorGroup
from runtime.channel import Channel
from runtime.epoch import Epoch
from runtime.trace import Trace

_FRAMES_WAITING = 50
"""The microphone may run one second ahead of the listener; what is older is dropped and counted."""


_WORDLESS_MS = 700
"""Speech over a reply that is longer is no cough and no backchannel, where no recognizer tells words."""

Cleaner = Callable[[Channel[Frame], Channel[Frame]], Awaitable[None]]
"""An actor's body that takes frames from the one channel and puts them, treated, into the other."""


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
        self._watcher = tell
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
            _listening(config),
        )
        self._controller: Controller | None = None
        self._meter = TurnMeter(self.now_s)

    @property
    def idle(self) -> bool:
        """Whether nobody speaks and nothing is owed."""
        return self._listener.idle and self._controller is not None and self._controller.idle

    @property
    def counters(self) -> Counter[str]:
        """What was counted: dropped frames, what came of speculations, and whatever the trace counts."""
        dropped = sum(channel.dropped for channel in {self._captured, self._frames})
        return self.trace.counters + self._meter.totals + Counter(frames_dropped=dropped)

    def now_s(self) -> float:
        """Seconds since the first input sample."""
        return self._listener.now_s()

    async def run(self, device: AudioDevice) -> None:
        """Converse through `device` until its input ends or `quit` is called.

        Raises `ActorFailed` where something fails that can't be restarted.
        """
        config, models = self._config, self._models
        playout = Playout(device.output_rate_hz)
        self._meter.output_latency_s = device.output_latency_s
        epoch = Epoch()
        context = Context(config.conversation.system_prompt, config.conversation.history_tokens)
        style = Style(speed=config.tts.speed)
        effort = config.conversation.speculate

        def new_reply(number: int, watcher: ReplyWatcher) -> Reply:
            return Reply(
                number,
                voice=models.voice,
                style=style,
                output_rate_hz=device.output_rate_hz,
                held_ms=config.conversation.held_audio_ms,
                time_s=self.now_s,
                watcher=watcher,
            )

        async with ActorGroup(self._restarted) as group:
            maker = ReplyMaker(group, models.chat, context, models.transcriber)
            player = Player(playout, epoch, output_latency_s=device.output_latency_s)
            controller = Controller(
                chat=models.chat,
                context=context,
                player=player,
                epoch=epoch,
                maker=maker,
                new_reply=new_reply,
                ears=self._listener,
                end_of_turn=EndOfTurnPolicy(
                    threshold=config.end_of_turn.threshold,
                    certainty=config.end_of_turn.certainty,
                    pause_ms=config.end_of_turn.pause_ms,
                ),
                speculation=None if effort == "none" else SpeculationPolicy(EFFORTS[effort]),
                settings=ControllerSettings(
                    DeliverySettings(config.conversation.hold_ms, config.conversation.regret_ms),
                    barge_in=config.conversation.barge_in,
                    wordless_ms=_WORDLESS_MS if models.transcriber is not None else None,
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
            if isinstance(models.chat, FallbackModel):
                models.chat.watch(lambda sentence: self._tell(Notice(sentence)))
            maker.prefill()
            quitting = asyncio.ensure_future(self._quit.wait())
            try:
                await asyncio.wait((hearing, quitting), return_when=asyncio.FIRST_COMPLETED)
            finally:
                quitting.cancel()
                controller.close()

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

    def _tell(self, event: Event) -> None:
        self._watcher(self._meter.measure(event))

    def _heard(self, event: Event) -> None:
        self._tell(event)
        if self._controller is not None:
            self._controller.handle(event)

    def _restarted(self, name: str, cause: BaseException) -> None:
        self.trace.counters[f"restarts.{name}"] += 1
        self._tell(Notice(f"The {name} failed and was restarted: {cause}", is_error=True))


def _listening(config: Config) -> ListenerSettings:
    if config.asr is None:
        return ListenerSettings()
    every_ms = config.asr.partial_every_ms
    return ListenerSettings(partial_every_ms=every_ms, settle_ms=every_ms // 2)
