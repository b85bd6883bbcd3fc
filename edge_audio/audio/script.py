"""A script: clips that are spoken to the assistant on cue, which a fixed recording can't do."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import FRAME_SAMPLES, INPUT_RATE_HZ, Samples
from edge_audio.events import Event, ReplyStarted, TurnFinished
from runtime.errors import UserError

REPLY_PATIENCE_S = 15.0
"""A clip that waits for a reply which never comes is spoken after this time anyway."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A piece of speech and when it is spoken; exactly one cue is set. All times in seconds."""

    pcm: Samples
    """At 16 kHz."""
    at_s: float | None = None
    """Since the session began."""
    after_reply_s: float | None = None
    """Since the last reply was played to its end, or stopped."""
    during_reply_s: float | None = None
    """Since the first audible sample of the reply to the clip before."""


class Script:
    """Yields the input frame by frame, watching the conversation for its cues."""

    def __init__(self, clips: list[Clip]) -> None:
        self._clips = clips
        self._next = 0
        self._playing: Samples | None = None
        self._position = 0
        self._clip_ended_s = 0.0
        self._latest_epoch = 0
        self._answered_epoch = 0
        """Replies up to this epoch answer earlier clips."""
        self._reply_started_s: float | None = None
        self._reply_ended_s: float | None = None
        self.began_s: list[float] = []
        """When each clip spoken so far began, in session seconds."""

    @property
    def exhausted(self) -> bool:
        """True when every clip has been spoken."""
        return self._playing is None and self._next == len(self._clips)

    def watch(self, event: Event, now_s: float) -> None:
        """Take note of what happens in the conversation."""
        if not isinstance(event, ReplyStarted | TurnFinished):
            return
        self._latest_epoch = max(self._latest_epoch, event.epoch)
        if event.epoch <= self._answered_epoch:
            return
        if isinstance(event, ReplyStarted):
            self._reply_started_s = event.at_s
        else:
            self._reply_ended_s = now_s

    def frame(self, start: int) -> Samples:
        """Return the `FRAME_SAMPLES` input samples from index `start`; silence between clips."""
        now_s = start / INPUT_RATE_HZ
        if self._playing is None and self._next < len(self._clips) and self._cued(now_s):
            self._playing = self._clips[self._next].pcm
            self._position = 0
            self._next += 1
            self.began_s.append(now_s)
            self._answered_epoch = self._latest_epoch
            self._reply_started_s = self._reply_ended_s = None
        if self._playing is None:
            return np.zeros(FRAME_SAMPLES, np.float32)
        pcm = self._playing[self._position : self._position + FRAME_SAMPLES]
        self._position += FRAME_SAMPLES
        if self._position >= len(self._playing):
            self._playing = None
            self._clip_ended_s = now_s + len(pcm) / INPUT_RATE_HZ
            pcm = np.pad(pcm, (0, FRAME_SAMPLES - len(pcm)))
        return pcm

    def _cued(self, now_s: float) -> bool:
        clip = self._clips[self._next]
        if clip.at_s is not None:
            return now_s >= clip.at_s
        if clip.after_reply_s is not None:
            since_s, wait_s = self._reply_ended_s, clip.after_reply_s
        else:
            since_s, wait_s = self._reply_started_s, clip.during_reply_s or 0.0
        if since_s is not None:
            return now_s >= since_s + wait_s
        speaking = self._reply_started_s is not None
        return not speaking and now_s >= self._clip_ended_s + REPLY_PATIENCE_S


class _ClipTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    file: str
    text: str = ""
    at: Annotated[float, msgspec.Meta(ge=0)] | None = None
    after_reply: Annotated[float, msgspec.Meta(ge=0)] | None = None
    during_reply: Annotated[float, msgspec.Meta(ge=0)] | None = None


class _ScriptFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    clip: Annotated[list[_ClipTable], msgspec.Meta(min_length=1)]


def read_script(path: Path) -> Script:
    """Read an audio file, spoken from the start, or a TOML script of clips with cues.

    A script's clips are named relative to it. Raises `UserError`.
    """
    if path.suffix.lower() != ".toml":
        return Script([Clip(read_audio(path), at_s=0.0)])
    try:
        tables = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _ScriptFile).clip
    except FileNotFoundError:
        raise UserError(f"There is no script {path}.", "Give the path of one.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UserError(f"{path} is not a script: {error}.", "See edge_audio/demo for an example.") from None
    return Script([_read_clip(path, table) for table in tables])


def _read_clip(script: Path, table: _ClipTable) -> Clip:
    cues: dict[str, Any] = {
        "at_s": table.at,
        "after_reply_s": table.after_reply,
        "during_reply_s": table.during_reply,
    }
    if sum(cue is not None for cue in cues.values()) != 1:
        raise UserError(
            f"{script}: the clip {table.file} needs one cue.",
            "Give one of at, after_reply, during_reply, in seconds.",
        )
    return Clip(read_audio(script.parent / table.file), **cues)
