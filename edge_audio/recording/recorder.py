"""The recorder: keeps a conversation as it happens, without getting in its way."""

import asyncio
import errno
import logging
import os
import wave
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np

from edge_audio.audio.files import as_16_bit
from edge_audio.audio.frame import INPUT_RATE_HZ, Frame, Samples
from edge_audio.audio.playout import Playout
from edge_audio.audio.sample_ring import SampleRing
from edge_audio.events import Code, Event, Notice, Part
from edge_audio.recording.folder import EVENTS, HEARD, PLAYED, SESSION
from edge_audio.recording.lines import Happening, TimedEvent, to_line
from edge_audio.recording.session import Session
from runtime.worker import CancelToken, Lane

_log = logging.getLogger(__name__)

_EVERY_S = 0.25
"""Time between two writes: as much is lost when the power fails."""

_PATIENCE_S = 30.0
"""How long the disk may accept nothing before something is lost."""

_FRAMES_WAITING = round(_PATIENCE_S * 50)
_EVENTS_WAITING = round(_PATIENCE_S * 100)

_JUMP_S = 0.1
"""Sound that was played is moved on the input's time line if it is off by more than this: less is the jitter
of blocks, and inserted or dropped samples would disturb an echo canceller."""

_FAREWELL_S = 0.4
"""How long a disk that accepts nothing may delay the end."""

_LONGEST_WAV = 0xFFFF_0000 // 2
"""Most samples that the header's 32-bit length can hold."""


class Recorder:
    """Writes sound and events into a folder, on a lane of its own.

    All files are valid after each write, so they stay readable however the conversation ends. A disk that
    refuses ends the recording with one notice, and not the conversation.
    """

    def __init__(
        self,
        folder: Path,
        session: Callable[[], Session],
        lane: Lane,
    ) -> None:
        """Record into `folder`, which `claim_folder` made.

        `session` describes the conversation; it is called on `lane`, which does all the writing.
        """
        self._folder = folder
        self._describe = session
        self._lane = lane
        self._events: deque[TimedEvent] = deque(maxlen=_EVENTS_WAITING)
        self._frames: deque[Frame] = deque(maxlen=_FRAMES_WAITING)
        self._playout: Playout | None = None
        self._handed_out = SampleRing(1)
        self._handed_out_before = 0  # samples, before they were copied
        self._files: _Files | None = None
        self._running = True
        self._lossy = False

    def note(self, at_s: float, event: Happening) -> None:
        """Keep an event that happens at `at_s`, in session seconds; does not wait."""
        if self._running:
            self._lossy |= len(self._events) == _EVENTS_WAITING
            self._events.append(TimedEvent(at_s, event))

    def hear(self, frame: Frame) -> None:
        """Keep what was heard; does not wait."""
        if self._running:
            self._lossy |= len(self._frames) == _FRAMES_WAITING
            self._frames.append(frame)

    def follow(self, playout: Playout) -> None:
        """Keep what `playout` hands out from now on."""
        self._handed_out = SampleRing(round(_PATIENCE_S * playout.rate_hz))
        self._handed_out_before = playout.handed_out
        self._playout = playout
        playout.copy = self._handed_out

    async def run(self, notify: Callable[[Event], None]) -> None:
        """Actor body: write until cancelled, then write the rest.

        `notify` takes a `Notice` if something is missing or the recording can't go on.
        """
        try:
            while True:
                await self._lane.run(self._write)
                if self._lossy and self._running:
                    self._lossy = False
                    slow = "The disk is too slow: parts of the recording are missing."
                    notify(Notice(slow, False, Part.RECORDING, Code.INCOMPLETE))
                await asyncio.sleep(_EVERY_S)
        except Exception as failure:  # whatever it is, it ends the recording and not the conversation
            _log.debug("the recording failed", exc_info=True)
            self._give_up()
            reason = (failure.strerror if isinstance(failure, OSError) else None) or str(failure)
            ended = f"The recording in {self._folder} stopped here ({reason})."
            notify(Notice(ended, True, Part.RECORDING, Code.ENDED))
        finally:
            with suppress(Exception):
                await asyncio.wait_for(self._lane.run(self._close), _FAREWELL_S)
            self._running = False

    def _give_up(self) -> None:
        self._running = False
        self._events.clear()
        self._frames.clear()
        if self._playout is not None:
            self._playout.copy = None

    # On the lane.

    def _write(self, token: CancelToken) -> None:
        if self._files is None:
            self._files = _Files(self._folder, self._describe())
        files = self._files
        while self._frames:
            files.hear(self._frames.popleft())
        if (playout := self._playout) is not None:
            offset_s = playout.offset_s
            index, pcm = self._handed_out.read()
            at_s = (self._handed_out_before + index) / playout.rate_hz + offset_s
            files.play(at_s, pcm)
        while self._events:
            files.note(self._events.popleft())
        files.flush()

    def _close(self, token: CancelToken) -> None:
        try:
            if self._running:
                self._write(token)
        finally:
            if self._files is not None:
                self._files.close()


class _Files:
    """The files of a recording; every method raises `OSError` (disk full)."""

    def __init__(self, folder: Path, session: Session) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        described = msgspec.json.format(msgspec.json.encode(session), indent=2) + b"\n"
        with (folder / SESSION).open("xb") as file:
            file.write(described)
        self._heard = _Wav(folder / HEARD, INPUT_RATE_HZ)
        self._played = _Wav(folder / PLAYED, session.output_rate_hz)
        self._events = (folder / EVENTS).open("xb")
        self._aligned = False

    def hear(self, frame: Frame) -> None:
        self._heard.append_silence(frame.start - self._heard.samples)
        self._heard.append(frame.pcm)

    def play(self, at_s: float, pcm: Samples) -> None:
        """Append what was handed out from `at_s` on."""
        ahead = round(at_s * self._played.rate_hz) - self._played.samples
        if not self._aligned or abs(ahead) > _JUMP_S * self._played.rate_hz:
            self._aligned = self._aligned or len(pcm) > 0
            self._played.append_silence(ahead)
            pcm = pcm[max(0, -ahead) :]
        self._played.append(pcm)

    def note(self, timed: TimedEvent) -> None:
        self._events.write(to_line(timed))

    def flush(self) -> None:
        self._heard.flush()
        self._played.flush()
        self._events.flush()

    def close(self) -> None:
        for file in (self._heard, self._played, self._events):
            with suppress(OSError):
                file.close()


class _Wav:
    """A 16-bit mono WAV file whose header is correct after each `flush`."""

    def __init__(self, path: Path, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.samples = 0
        self._file = path.open("xb")
        self._wave = wave.open(self._file, "wb")  # noqa: SIM115 (closed by `close`)
        self._wave.setnchannels(1)
        self._wave.setsampwidth(2)
        self._wave.setframerate(rate_hz)

    def append(self, pcm: Samples) -> None:
        if self.samples + len(pcm) > _LONGEST_WAV:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        self._wave.writeframesraw(as_16_bit(pcm))
        self.samples += len(pcm)

    def append_silence(self, samples: int) -> None:
        """Append zeros, a second at a time: the silence may last all night."""
        while samples > 0:
            count = min(samples, self.rate_hz)
            self.append(np.zeros(count, np.float32))
            samples -= count

    def flush(self) -> None:
        self._wave.writeframes(b"")  # brings the header up to date
        self._file.flush()

    def close(self) -> None:
        try:
            self._wave.close()
        finally:
            self._file.close()
