"""``[tts]``, adapter ``step-audio``; its libraries are imported only where it is loaded."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from edge_audio.settings import Shared
from edge_audio.step_audio.config import StepAudioConfig
from edge_audio.step_audio.speaking import CodeVoice
from edge_audio.tts.voice import Voice, VoiceConfig
from runtime.worker import ThreadLane

_ADAPTER = "the voice step-audio"


class StepAudioVoiceConfig(VoiceConfig, frozen=True):
    """Step-Audio-TTS and its decoder, in the voices of recordings.

    Its models are those of ``[step_audio]``. Without `flow-music` and `hift-music` there it can't rap and
    hum. For `speed` it uses the nearest of the model's tags.
    """

    packages = ("onnxruntime", "tokenizers")
    folders = ("voices",)

    voices: str = "voices"
    """Folder of the voices that `edge-audio voices` makes."""
    speaker: str | None = None
    """Name of one of them; Tingting if unset, or else the first."""
    temperature: Annotated[float, Meta(gt=0.0, le=2.0)] | None = None
    """Randomness of how something is said; if unset, the model's own, 0.7 in the release."""
    seed: Annotated[int, Meta(ge=0)] = 0
    """Another seed says the same in another way."""
    steps: Annotated[int, Meta(ge=1, le=100)] | None = None
    """Steps of the decoder's flow; the release takes 10. Fewer are faster and less true."""

    def check(self, shared: Shared) -> None:
        """See `AdapterConfig.check`."""
        StepAudioConfig.for_adapter(_ADAPTER, shared)

    @property
    def code_voice(self) -> CodeVoice:
        """See `VoiceConfig.code_voice`."""
        return CodeVoice(Path(self.voices).expanduser(), self.speaker, self.seed, self.steps)

    def load(self, shared: Shared) -> Voice:
        """See `VoiceConfig.load`."""
        from edge_audio.tts.step_audio import SpeechModels, StepAudioVoice

        step_audio = StepAudioConfig.for_adapter(_ADAPTER, shared)
        models, place = step_audio.folder(), step_audio.placement()
        return StepAudioVoice(
            SpeechModels.load(models, place, steps=self.steps),
            self.code_voice.registry(models, place),
            writing=ThreadLane("tts-writing"),
            sounding=ThreadLane("tts-sounding"),
            speaker=self.speaker,
            temperature=self.temperature,
            seed=self.seed,
        )
