"""Who speaks audio codes, and how: what all that make sound of codes need to know."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_audio.step_audio.placement import Placement
    from edge_audio.step_audio.voices import VoiceRegistry


@dataclass(frozen=True, slots=True)
class CodeVoice:
    """Settings of a voice that is made of a recording and speaks codes."""

    voices: Path = Path("voices")
    """Folder of the voices that `edge-audio voices` makes."""
    speaker: str | None = None
    """Name of one of them; None for the default one."""
    seed: int = 0
    """Another seed makes another sound of the same codes."""
    steps: int | None = None
    """Steps of the decoder's flow; None for the release's."""

    def registry(self, models: Path, placement: "Placement") -> "VoiceRegistry":
        """Return the voices, with what encodes recordings if that is among `models`. Blocks."""
        from edge_audio.step_audio.voice_encoder import VoiceEncoder
        from edge_audio.step_audio.voices import VoiceRegistry

        return VoiceRegistry(self.voices, VoiceEncoder.if_present(models, placement))
