"""The assistant: loaded models and a device become a conversation.

device ─▶ listener ─▶ CONTROLLER ─▶ replies (chat model ─▶ voice ─▶ held audio) ─▶ player ─▶ device
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from edge_audio.adapters import Models, open_device, open_models
from edge_audio.asr.recognizer import Recognizer
from edge_audio.audio.device import AudioDevice, AudioDeviceConfig
from edge_audio.audio.echo import EchoCanceller
from edge_audio.audio.frame import FRAME_S, Frame
from edge_audio.audio.playout import Playout
from edge_audio.config import Config, load_config
from edge_audio.dialogue.announcement import Announcement
from edge_audio.dialogue.context import Context
from edge_audio.dialogue.dialogue import DialogueSettings, open_dialogue
from edge_audio.dialogue.player import Player
from edge_audio.dialogue.replies import Replies
from edge_audio.dialogue.reply import Speaking
from edge_audio.dialogue.reporter import Reporter
from edge_audio.dialogue.turn_meter import TurnMeter
from edge_audio.event_feed import EventFeed
from edge_audio.events import Code, Event, Hearing, Notice, Part
from edge_audio.llm.chat_model import ChatModel
from edge_audio.llm.function import ChatFunction, as_chat_model
from edge_audio.tts.voice import Style, Voice
from edge_audio.turns.end_of_turn_judge import EndOfTurnJudge
from edge_audio.turns.listener import Listener
from edge_audio.turns.policy import EndOfTurnPolicy
from edge_audio.turns.tracker import SpeechTracker
from edge_audio.turns.transcribing import Transcribing, TranscribingSettings
from runtime.actor import Actor, ActorFailed, ActorGroup
from runtime.channel import Channel
from runtime.trace import Trace

_log = logging.getLogger(__name__)

_FRAMES_WAITING = 50
"""The microphone may run one second ahead of the listener; what is older is dropped and counted."""

_SETTLE_S = 1.0
"""A conversation ends when its input has, and for so long no one has spoken and no reply was pending."""


class Assistant:
    """One conversation. Open it with `Assistant.open`; its methods are called on the event loop."""

    def __init__(
        self,
        group: ActorGroup,
        models: Models,
        device: AudioDevice,
        canceller: EchoCanceller | None,
        config: Config,
    ) -> None:
        """Put a conversation together: `device` is open, `group` is running. Nothing runs before `start`."""
        self.device = device
        """What hears and plays."""
        self.models = models
        """What it runs on."""
        self.trace = Trace()
        self._group = group
        self._canceller = canceller
        self._feed = EventFeed()
        self._ended = asyncio.Event()
        self._playout = Playout(device.output_rate_hz)
        self._frames: Channel[Frame] = Channel(_FRAMES_WAITING, "drop-oldest")
        self._captured = self._frames if canceller is None else Channel[Frame](_FRAMES_WAITING, "drop-oldest")
        self._listener = _listener(models, config, self._frames, self._heard, self.trace)
        self._meter = TurnMeter(self.now_s, device.output_latency_s)
        reporter = Reporter(self.now_s, self._notify)
        talk = config.conversation
        context = Context(talk.system_prompt, talk.history_tokens)
        style = Style(speed=config.tts.speed)
        speaking = Speaking(models.voice, style, device.output_rate_hz, talk.held_audio_ms, config.language)
        self._replies = Replies(group, models.chat, context, speaking, self.now_s, models.transcriber)
        self._player = Player(self._playout, self._replies.epoch, output_latency_s=device.output_latency_s)
        self._controller = open_dialogue(
            self._replies,
            self._player,
            context,
            self._listener,
            EndOfTurnPolicy(
                threshold=config.end_of_turn.p_end,
                certainty=config.end_of_turn.certainty,
                pause_ms=config.end_of_turn.mean_pause_ms,
            ),
            reporter,
            DialogueSettings(
                talk.speculate,
                talk.barge_in,
                talk.hold_ms,
                talk.regret_ms,
                turns_without_words=models.transcriber is not None,
                language=config.language,
            ),
        )

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        config: Config | Path | str | None = None,
        *,
        models: Models | None = None,
        recognizer: Recognizer | None = None,
        chat: ChatModel | ChatFunction | None = None,
        voice: Voice | None = None,
        device: AudioDevice | None = None,
        echo: bool | None = None,
    ) -> AsyncGenerator["Assistant", None]:
        """Hold a conversation for as long as the block runs.

        `config` is one that was read, or a file's path; None is the built-in one. What is given as `models`,
        or as one of them, is used in place of what the config names, and is not closed; any async generator
        function that takes the messages and yields text is a chat model. `device` is opened and closed here;
        None opens the config's. `echo` says whether to cancel the speaker's echo: None does
        so where the device may hear itself and the config wants it.

        Raises `UserError` where the config, a model or the device is unusable; `ActorFailed`, from the block,
        where something fails that can't be restarted.
        """
        settings = config if isinstance(config, Config) else load_config(Path(config) if config else None)
        answering = None if chat is None else as_chat_model(chat)
        async with AsyncExitStack() as stack:
            if models is None:
                loading = open_models(settings, recognizer=recognizer, chat=answering, voice=voice)
                models = await stack.enter_async_context(loading)
            else:
                models = replace(
                    models,
                    recognizer=recognizer or models.recognizer,
                    chat=answering or models.chat,
                    voice=voice or models.voice,
                )
            device = device or open_device(settings)
            stack.push_async_callback(device.close)
            await device.open()
            canceller = None
            if is_treated(device, settings.audio, echo):
                canceller = await asyncio.to_thread(canceller_for, device, settings.audio, echo)
            session = models.chat.session()
            stack.push_async_callback(session.close)
            group = ActorGroup(lambda name, cause: assistant._restarted(name, cause))
            await stack.enter_async_context(group)
            assistant = cls(group, replace(models, chat=session), device, canceller, settings)
            assistant._start()
            try:
                yield assistant
            finally:
                assistant._close()

    # What happens.

    def watch(self, watcher: Callable[[Event], None]) -> None:
        """Call `watcher` with every event from now on, at once, on the event loop; it must not wait.

        What it has the assistant do is done right after that. An exception in it ends the conversation.
        """
        self._feed.watch(watcher)

    def events(self) -> AsyncIterator[Event]:
        """Iterate over all events from now on, until the conversation is over.

        A reader that is minutes behind misses the oldest ones: `counters` has how many.
        """
        return self._feed.reader()

    async def ended(self) -> None:
        """Return once the conversation is over: `close` was called, or the device's input has ended."""
        await self._ended.wait()

    @property
    def idle(self) -> bool:
        """True when no one is speaking and no reply is pending."""
        return self._listener.idle and self._controller.idle

    @property
    def treated(self) -> bool:
        """True where what the device hears is treated: echo, noise, gain."""
        return self._canceller is not None

    @property
    def counters(self) -> Counter[str]:
        """Dropped frames and events, what became of speculations, and whatever the trace counts."""
        counts = self.trace.counters + self._meter.totals
        counts["frames_dropped"] = sum(channel.dropped for channel in {self._captured, self._frames})
        if self._player.underruns:
            counts["reply_underruns"] = self._player.underruns
        if self._feed.dropped:
            counts["events_dropped"] = self._feed.dropped
        if self._canceller is not None and self._canceller.delay_s is not None:
            counts["echo_delay_ms"] = round(1000 * self._canceller.delay_s)
        return counts

    def now_s(self) -> float:
        """Return session time: seconds since the first input sample."""
        return self._listener.now_s()

    # What the user does by hand, or a program for them.

    def say(self, text: str) -> "asyncio.Future[str]":
        """Have the assistant say `text` by itself, as soon as no one is speaking and no reply is pending.

        It can be interrupted, and what was heard of it stays in the history. The result, for those who wait
        for it, is the part that was heard; empty if it was given up before, or the conversation is over.
        Raises `ValueError` if there is nothing to say.
        """
        if not text.strip():
            raise ValueError("there is nothing to say in an empty text")
        heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def on_end(text: str) -> None:
            if not heard.done():
                heard.set_result(text)

        announcement = Announcement(text.strip(), on_end)
        self._feed.after_event(lambda: self._controller.announce(announcement))
        return heard

    def user_typed(self, text: str) -> None:
        """Take `text` as a whole turn of the user's; an empty one is ignored."""
        self._feed.after_event(lambda: self._controller.type_line(text))

    def interrupt(self) -> None:
        """Silence the reply; the conversation goes on."""
        self._feed.after_event(self._controller.stop_reply)

    def mute(self, on: bool = True) -> None:
        """Hear nothing, or hear again."""
        self._feed.after_event(lambda: self._mute(on))

    def push_to_talk(self, talking: bool) -> None:
        """Begin to speak, which silences a reply; or end the turn now and mute the microphone."""
        self._feed.after_event(self._controller.stop_reply if talking else self._controller.end_turn_now)
        self.mute(not talking)

    def close(self) -> None:
        """End the conversation: it falls silent, and events and `ended` come to their end."""
        self._feed.after_event(self._end)

    # How it runs.

    def _start(self) -> None:
        """Start the actors; none of them runs before the caller waits for something."""
        for actor in (self._replies.actor(), *self._listener.actors(), Actor("player", self._player.run)):
            self._group.start(actor)
        if (canceller := self._canceller) is not None:
            self._group.start(Actor("echo canceller", lambda: self._cancel_echo(canceller)))
        self._group.start(Actor("watcher", self._feed.watchers_fail))
        self._group.start(Actor("device", self._run_device))
        self._group.start(Actor("end of input", self._end_with_input))
        self.models.chat.watch(self._model_replaced)
        self._replies.prefill()

    def _close(self) -> None:
        self._end()
        if (failure := self._feed.failure) is not None:  # maybe at one of the last events
            raise ActorFailed("watcher", failure) from failure

    def _end(self) -> None:
        self._controller.close()
        self._ended.set()
        self._feed.close()

    def _mute(self, on: bool) -> None:
        self._listener.muted = on

    async def _run_device(self) -> None:
        await self.device.run(self._captured, self._playout, self._notify)
        self.close()

    async def _cancel_echo(self, canceller: EchoCanceller) -> None:
        reference = self.device.reference
        assert reference is not None
        await canceller.run(self._captured, reference, self._frames)

    async def _end_with_input(self) -> None:
        await self.device.input_ended()
        idle_s = 0.0
        while idle_s < _SETTLE_S:
            await asyncio.sleep(FRAME_S)
            idle_s = idle_s + FRAME_S if self.idle else 0.0
        self.close()

    def _notify(self, event: Event) -> None:
        self._feed.publish(self._meter.measure(event))

    def _model_replaced(self, sentence: str) -> None:
        self._notify(Notice(sentence, False, Part.LLM, Code.REPLACED))

    def _heard(self, event: Event) -> None:
        self._notify(event)
        if isinstance(event, Hearing):
            self._controller.handle(event)

    def _restarted(self, name: str, cause: BaseException) -> None:
        _log.debug("the %s failed and is restarted", name, exc_info=cause)
        self.trace.counters[f"restarts.{name}"] += 1
        text = f"The {name} failed and was restarted: {cause}"
        self._notify(Notice(text, is_error=True, code=Code.RESTARTED))


def is_treated(device: AudioDevice, audio: AudioDeviceConfig, echo: bool | None) -> bool:
    """Return whether the sound that `device` hears is treated; see `Assistant.open` for `echo`."""
    if device.reference is None:
        return False
    return device.echoes and audio.treats_the_microphone if echo is None else echo


def canceller_for(device: AudioDevice, audio: AudioDeviceConfig, echo: bool | None) -> EchoCanceller:
    """Return what treats the sound that `device`, which is open, hears. Blocks for 0.3 s."""
    return EchoCanceller(
        device.output_rate_hz,
        latency_s=device.input_latency_s + device.output_latency_s,
        echo_cancellation=echo or audio.echo_cancellation,
        noise_suppression=audio.noise_suppression,
        auto_gain=audio.auto_gain,
    )


def _listener(
    models: Models, config: Config, frames: Channel[Frame], report: Callable[[Event], None], trace: Trace
) -> Listener:
    """Return what listens to `frames`, with sessions of the models."""
    detector, vad = models.detector.session(), config.vad
    tracker = SpeechTracker(
        detector.window_samples,
        threshold=vad.threshold,
        release=vad.release,
        onset_ms=vad.onset_ms,
        pause_ms=vad.min_silence_ms,
    )
    settings = TranscribingSettings(language=config.language)
    if config.asr is not None:
        every_ms = config.asr.partial_every_ms
        settings = replace(settings, partial_every_ms=every_ms, settle_ms=every_ms // 2)
    transcribing = Transcribing(models.recognizer.session(), report, trace, settings)
    judge = EndOfTurnJudge(models.end_of_turn, report, trace)
    return Listener(frames, detector, tracker, transcribing, judge, report)
