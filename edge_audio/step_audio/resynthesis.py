"""Speech to codes and back: repeats a recording by way of its audio tokens."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from edge_audio.audio.frame import FRAME_SAMPLES, INPUT_RATE_HZ, Samples
from edge_audio.step_audio.component import Component
from edge_audio.step_audio.decoder import flow
from edge_audio.step_audio.decoder.exported import exported_decoder
from edge_audio.step_audio.decoder.flow import FlowSettings
from edge_audio.step_audio.decoder.speech import SpeechDecoder
from edge_audio.step_audio.features.recording import Recording
from edge_audio.step_audio.placement import ALL_ON_CPU, Placement
from edge_audio.step_audio.tokenizer.dual import DualTokenizer
from edge_audio.step_audio.tokens import Ids
from edge_audio.step_audio.voice_prompt import VoicePrompt
from runtime.errors import UserError


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A piece of the resynthesised sound."""

    pcm: Samples
    """One sample or more, at the decoder's rate."""
    start_s: float
    """Its start in the sound, and in the recording."""
    heard_s: float
    """How much of the recording it needed."""

    @property
    def delay_s(self) -> float:
        """The least delay between recording and piece, if computing took no time."""
        return self.heard_s - self.start_s


class Resynthesizer:
    """Dual tokenizer and speech decoder, end to end. Blocks while it computes, piece by piece."""

    def __init__(self, tokenizer: DualTokenizer, decoder: SpeechDecoder, settings: FlowSettings) -> None:
        """Connect the two; `settings` are those of the decoder's flow.

        Raises `UserError` if the flow doesn't know all codes of the tokenizer.
        """
        if settings.vocabulary < tokenizer.tokens.count:
            raise UserError(
                f"The tokenizer has {tokenizer.tokens.count} codes, but the decoder {settings.vocabulary}.",
                "Export both of the same release.",
            )
        self._tokenizer = tokenizer
        self._decoder = decoder
        self._settings = settings
        self.sample_rate_hz = decoder.sample_rate_hz
        """Rate of the pieces."""

    @classmethod
    def load(cls, models: Path, placement: Placement = ALL_ON_CPU, *, steps: int | None = None) -> Self:
        """Load the components `linguistic`, `semantic`, `flow` and `hift` in `models`.

        `steps` are the flow's Euler steps, by default the release's. Raises `UserError` if a component is
        missing or they don't fit each other.
        """
        settings = Component(models / flow.COMPONENT, flow.COMPONENT).settings(FlowSettings)
        tokenizer = DualTokenizer.load(models, placement)
        return cls(tokenizer, exported_decoder(models, placement, steps=steps), settings)

    def whole(self, recording: Recording, prompt: VoicePrompt, seed: int = 0) -> Iterator[Piece]:
        """Yield `recording` in the voice of `prompt`, from the codes of the whole recording.

        The same seed gives the same sound. Raises `UserError` for a recording under 16 kHz or too short, and
        for a voice prompt of other models.
        """
        self._require_fit(prompt)
        ids = self._tokenizer.ids(self._tokenizer.tokenize(recording))
        yield from self._pieces([(ids, len(recording.pcm) / recording.rate_hz)], prompt, seed)

    def live(self, recording: Recording, prompt: VoicePrompt, seed: int = 0) -> Iterator[Piece]:
        """Yield `recording` as `whole` does, but from codes that are computed while it arrives.

        It arrives in frames, as in a conversation, and each piece is made as soon as its codes are there.
        """
        self._require_fit(prompt)
        yield from self._pieces(self._streamed(recording), prompt, seed)

    def _streamed(self, recording: Recording) -> Iterator[tuple[Ids, float]]:
        """Yield the ids that each frame of `recording` completes, and the seconds that it ends at."""
        session = self._tokenizer.session()
        pcm = recording.at(INPUT_RATE_HZ)
        for start in range(0, len(pcm), FRAME_SAMPLES):
            frame = pcm[start : start + FRAME_SAMPLES]
            yield session.feed(frame), (start + len(frame)) / INPUT_RATE_HZ
        yield session.finish(), len(pcm) / INPUT_RATE_HZ

    def _pieces(self, heard: Iterable[tuple[Ids, float]], prompt: VoicePrompt, seed: int) -> Iterator[Piece]:
        """Yield the sound of `ids`, each with the seconds of recording that they needed."""
        samples = 0
        for pcm, heard_s in self._decoded(heard, prompt, seed):
            if len(pcm):
                yield Piece(pcm, samples / self.sample_rate_hz, heard_s)
                samples += len(pcm)
        if not samples:
            raise UserError("The recording is too short for a code.", "Choose one of half a second or more.")

    def _decoded(
        self, heard: Iterable[tuple[Ids, float]], prompt: VoicePrompt, seed: int
    ) -> Iterator[tuple[Samples, float]]:
        utterance = self._decoder.begin(prompt, seed)
        heard_s = 0.0
        for ids, heard_s in heard:
            for pcm in utterance.feed(self._tokenizer.tokens.codes(ids)):
                yield pcm, heard_s
        for pcm in utterance.finish():
            yield pcm, heard_s

    def _require_fit(self, prompt: VoicePrompt) -> None:
        """Raise `UserError` unless the decoder can speak with `prompt`."""
        settings = self._settings
        if (
            prompt.mel.shape[1:] != (settings.bands,)
            or prompt.embedding.shape != (settings.embedding,)
            or prompt.codes.max(initial=0) >= settings.vocabulary
        ):
            raise UserError(
                "The voice was made by other models.",
                "Remove it and add it again with `edge-audio voices`, or choose another one.",
            )
