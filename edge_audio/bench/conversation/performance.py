"""The scripted user: plays the turns of one part, and the sounds over the replies, on cue."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edge_audio.audio.frame import FRAME_S, FRAME_SAMPLES, INPUT_RATE_HZ, Samples
from edge_audio.bench.conversation.material import Clip, Material, Part, SpokenTurn, read_noise
from edge_audio.events import Event, ReplyStarted, TurnFinished

_SILENCE_S = 0.5
"""A turn waits for so much silence."""

_PATIENCE_S = 30.0
"""A turn that waits for silence is spoken after this time in any case."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A clip to play: a turn, or a sound over the reply to it."""

    turn: SpokenTurn
    clip: Clip
    is_sound: bool
    into_reply_s: float | None
    """Time from the first audible sample of the last turn's reply to its onset; None to wait for silence."""


@dataclass(frozen=True, slots=True)
class Performed:
    """A cue that was played. Times in session seconds."""

    cue: Cue
    began_s: float
    """When its clip began, which starts with silence."""

    @property
    def onset_s(self) -> float:
        """When its speech or sound began."""
        return self.began_s + self.cue.clip.speech_start_s

    @property
    def end_s(self) -> float:
        """When its speech or sound ended."""
        return self.began_s + self.cue.clip.speech_end_s


class Followed(Protocol):
    """The conversation to follow: `edge_audio.assistant.Assistant`."""

    @property
    def idle(self) -> bool:
        """True when no one is speaking and no reply is pending."""
        ...


class Performance:
    """The input of a `FileDevice`: one part of the script.

    If the reply has ended by the time of a cue over it, a sound is left out, and an interruption is spoken in
    the silence.
    """

    def __init__(self, material: Material, part: Part, spoken: Callable[[], None]) -> None:
        """`spoken` is called after each turn."""
        self._cues = [cue for turn in part.turns for cue in _cues(material, turn)]
        self._clips = {id(cue): cue.clip.samples() for cue in self._cues}
        self._noise = None if part.noise is None else read_noise(part.noise)
        self._conversation: Followed | None = None
        self._spoken = spoken
        self._next = 0
        self._playing: Samples | None = None
        self._position = 0
        self._silent_s = 0.0
        self._clip_ended_s = 0.0
        self._latest_epoch = 0
        self._answered_epoch = 0
        """Replies up to this epoch belong to earlier turns."""
        self._reply_started_s: float | None = None
        self._reply_over = False
        self.performed: list[Performed] = []
        self.missed = 0
        """Sounds that were left out."""

    def follow(self, conversation: Followed) -> None:
        """Time the cues by `conversation`, whose events must be passed to `watch`."""
        self._conversation = conversation

    @property
    def exhausted(self) -> bool:
        """True if everything was spoken and answered, or has waited too long for an answer."""
        return self._playing is None and self._next == len(self._cues) and self._silent_s >= _SILENCE_S

    @property
    def _is_idle(self) -> bool:
        return self._conversation is not None and self._conversation.idle

    def watch(self, event: Event) -> None:
        """Note when replies begin and end."""
        if not isinstance(event, ReplyStarted | TurnFinished):
            return
        self._latest_epoch = max(self._latest_epoch, event.epoch)
        if event.epoch <= self._answered_epoch:
            return
        if isinstance(event, TurnFinished):
            self._reply_over = True
        elif self._reply_started_s is None:
            self._reply_started_s = event.at_s

    def frame(self, start: int) -> Samples:
        """Return the `FRAME_SAMPLES` input samples from index `start`."""
        now_s = start / INPUT_RATE_HZ
        waited = now_s > self._clip_ended_s + _PATIENCE_S
        silent = self._playing is None and (waited or self._is_idle)
        self._silent_s = self._silent_s + FRAME_S if silent else 0.0
        while (
            self._playing is None
            and self._next < len(self._cues)
            and self._due(self._cues[self._next], now_s)
        ):
            self._begin(self._cues[self._next], now_s)
        pcm = np.zeros(FRAME_SAMPLES, np.float32)
        if self._playing is not None:
            clip = self._playing[self._position : self._position + FRAME_SAMPLES]
            pcm[: len(clip)] = clip
            self._position += FRAME_SAMPLES
            if self._position >= len(self._playing):
                self._playing = None
                self._clip_ended_s = now_s + FRAME_S
                if not self.performed[-1].cue.is_sound:
                    self._spoken()
        if self._noise is not None and not self.exhausted:
            pcm += np.take(self._noise, range(start, start + FRAME_SAMPLES), mode="wrap")
        return pcm

    def _due(self, cue: Cue, now_s: float) -> bool:
        in_silence = self._silent_s >= _SILENCE_S
        if cue.into_reply_s is None or self._reply_over:
            # A sound has missed its reply: it is due at once, and is then left out.
            return in_silence or (cue.is_sound and self._reply_over)
        if self._reply_started_s is None:
            return in_silence
        return now_s >= self._reply_started_s + cue.into_reply_s - cue.clip.speech_start_s

    def _begin(self, cue: Cue, now_s: float) -> None:
        self._next += 1
        if cue.is_sound and (self._reply_over or self._reply_started_s is None):
            self.missed += 1
            return
        self.performed.append(Performed(cue, now_s))
        self._playing = self._clips[id(cue)]
        self._position = 0
        self._silent_s = 0.0
        if not cue.is_sound:
            self._answered_epoch = self._latest_epoch
            self._reply_started_s = None
            self._reply_over = False


def _cues(material: Material, turn: SpokenTurn) -> list[Cue]:
    cues = [Cue(turn, material.clips[turn.clip], False, turn.into_reply_s)]
    if turn.sound is not None:
        cues.append(Cue(turn, material.clips[turn.sound], True, turn.sound_s))
    return cues
