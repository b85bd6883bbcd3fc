"""The voice seam."""

from abc import abstractmethod
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from edge_audio.audio.frame import Samples
from edge_audio.settings import AdapterConfig, Shared, Speed
from edge_audio.text.clauses import Clause

if TYPE_CHECKING:
    from edge_audio.step_audio.speaking import CodeVoice


@dataclass(frozen=True, slots=True)
class Style:
    """How something is to be said."""

    speaker: str | None = None
    """Name of one of the voice's speakers; None for its default."""
    speed: float = 1.0
    """1.0 is the speaker's own pace, 2.0 twice as fast; 0.5 to 2.0."""
    pitch: float = 1.0
    """1.0 is the speaker's own mean F0, 2.0 an octave above it; 0.5 to 2.0."""
    emotion: str | None = None
    """Such as `happy`, as `edge_audio.tts.tags` names them; None for none."""
    language: str | None = None
    """Language or dialect, likewise; None for the speaker's own."""
    music: str | None = None
    """`rap` or `humming`; None for speech."""


@dataclass(frozen=True, slots=True, eq=False)
class SpokenChunk:
    """A piece of speech and the text that it says."""

    pcm: Samples
    """At the voice's `sample_rate_hz`."""
    text_start: int
    """Offset of its first character in the reply's text."""
    text_end: int
    """Offset after its last character in the reply's text."""


class VoiceError(Exception):
    """The voice could not speak. One sentence for the user."""


class Voice(Protocol):
    """Turns text into speech. Any number of conversations may share it: it remembers none of them."""

    name: str
    """Model name for reports."""
    sample_rate_hz: int
    """Rate of what `speak` yields."""
    speakers: tuple[str, ...] = ()
    """Names that `Style.speaker` may take, the default first; empty where there is but one."""
    abilities: frozenset[str] = frozenset()
    """The fields of `Style` that it can do, out of speaker, speed, pitch, emotion, language, music."""
    language: str | None = None
    """ISO 639-1 code of its language; None if it speaks several."""

    @abstractmethod
    def speak(self, clause: Clause, style: Style) -> AsyncGenerator[SpokenChunk, None]:
        """Speak one clause, leading silence trimmed. Closing the iterator stops the computation.

        The next clause may be started while this one is taken: it must wait for this one, never this one for
        it. Yields nothing where there is nothing to say (no pronounceable character). Raises `VoiceError`.
        """
        ...

    async def warm_up(self) -> None:
        """Compute something, so that the first real call is as fast as the next."""
        return

    async def close(self) -> None:
        """Free the model; returns at once even if it is speaking."""
        return


class VoiceConfig(AdapterConfig, frozen=True):
    """``[tts]``: the voice."""

    speed: Speed = 1.0
    """How fast it speaks; 1.0 is its own pace."""

    def load(self, shared: Shared) -> Voice:
        """Load the voice. Blocks. Raises `UserError` if it can't be loaded."""
        raise NotImplementedError

    @property
    def code_voice(self) -> "CodeVoice | None":
        """Return how the voice makes sound of Step-Audio's audio codes; None for one that knows no codes."""
        return None
