"""A recording on disk: its files, and how to read them."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.recording.lines import TimedEvent, read_lines
from edge_audio.recording.session import SCHEMA_VERSION, Session
from runtime.errors import UserError

SESSION = "session.json"
"""`Session`."""
EVENTS = "events.jsonl"
"""One `TimedEvent` a line."""
HEARD = "heard.wav"
"""What the microphone heard, 16 kHz, before the echo canceller; silence where samples were lost."""
PLAYED = "played.wav"
"""What the speaker was handed, at its own rate, on the time line of what was heard."""

_WAV_HEADER_BYTES = 44

_ANOTHER = "Name a folder that `talk --record` made."


def claim_folder(folder: Path) -> None:
    """Make sure that a recording into `folder` overwrites nothing.

    Anything else that is wrong with it costs the recording, not the conversation, and the recorder reports
    it. Raises `UserError` if something is there already.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # what people say is private
        taken = any(folder.iterdir())
    except FileExistsError:
        taken = True
    except OSError:
        return
    if taken:
        raise UserError(f"{folder} already exists.", "Name a new folder for the recording.")


@dataclass(frozen=True, slots=True)
class RecordedConversation:
    """What can be read of a recording."""

    folder: Path
    session: Session
    events: list[TimedEvent]
    """All that happened, in order."""

    def heard(self) -> Samples:
        """Return what the microphone heard, at 16 kHz, from session time 0. Raises `UserError`."""
        return _read_sound(self.folder / HEARD, INPUT_RATE_HZ)

    def played(self) -> Samples:
        """Return what the speaker played, at `Session.output_rate_hz`, from session time 0."""
        return _read_sound(self.folder / PLAYED, self.session.output_rate_hz)


def _read_sound(path: Path, rate_hz: int) -> Samples:
    """Read a file that the recorder wrote; it has no samples yet if all ended at once."""
    if path.is_file() and path.stat().st_size == _WAV_HEADER_BYTES:
        return np.zeros(0, np.float32)
    return read_audio(path, rate_hz)


def read_recording(folder: Path) -> RecordedConversation:
    """Read a recording, without its sound. Raises `UserError`."""
    path = folder / SESSION
    try:
        session = msgspec.json.decode(path.read_bytes(), type=Session)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{folder} holds no recording: there is no {path}.", _ANOTHER) from None
    except OSError as error:
        raise UserError(f"{path} can't be read ({error.strerror}).", "Check its permissions.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} doesn't describe a recording: {error}.", _ANOTHER) from None
    if session.schema_version > SCHEMA_VERSION:
        raise UserError(f"{folder} was recorded by a later version of Edge Audio.", "Read it with that one.")
    return RecordedConversation(folder, session, read_lines(folder / EVENTS))
