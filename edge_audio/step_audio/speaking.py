"""The voice that speaks audio codes: settings that everything needs that turns codes into sound."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_audio.step_audio.placement import Placement
    from edge_audio.step_audio.voices import VoiceRegistry


@dataclass(frozen=True, slots=True)
class CodeVoice:
    """Settings of a voice that was made from a recording and speaks codes."""

    voices: Path = Path("voices")
    """Folder of the voices of `edge-audio voices`."""
    speaker: str | None = None
    """Name of one of them; None for the default one."""
    seed: int = 0
    """Another seed gives another sound of the same codes."""
    steps: int | None = None
    """Euler steps of the decoder's flow; None for the release's number."""

    def registry(self, models: Path, placement: "Placement") -> "VoiceRegistry":
        """Return the voices, with an encoder of recordings if `models` has one. Blocks."""
        from edge_audio.step_audio.voice_encoder import VoiceEncoder
        from edge_audio.step_audio.voices import VoiceRegistry

        return VoiceRegistry(self.voices, VoiceEncoder.if_present(models, placement))
