"""The speech decoder as a stream: it takes audio codes as they arrive, and yields sound meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edge_audio.audio.frame import Samples
from edge_audio.step_audio.decoder.euler import Mel
from edge_audio.step_audio.noise import PlacedNoise
from edge_audio.step_audio.tokens import Codes
from edge_audio.step_audio.voice_prompt import VoicePrompt
from runtime.worker import CancelToken


class MelDecoder(Protocol):
    """Turns codes into a mel, all of them at once: `FlowDecoder`."""

    @property
    def bands(self) -> int:
        """Bands of the mel."""
        ...

    def frames_of(self, codes: int) -> int:
        """Return the number of mel frames of the first `codes` codes."""
        ...

    def mel(self, codes: Codes, prompt: VoicePrompt, noise: Mel, token: CancelToken | None = None) -> Mel:
        """Return the mel of `codes`; `noise` covers the prompt's frames, then those of `codes`."""
        ...


class VocoderSession(Protocol):
    """Turns the frames of one mel into sound as they arrive."""

    def feed(self, mel: Mel, token: CancelToken | None = None) -> Samples:
        """Return the samples that are final now."""
        ...

    def finish(self, token: CancelToken | None = None) -> Samples:
        """Return the rest."""
        ...


class Vocoder(Protocol):
    """Makes sessions; `HiftVocoder`."""

    sample_rate_hz: int

    def session(self, seed: int) -> VocoderSession:
        """Begin a mel."""
        ...


@dataclass(frozen=True, slots=True)
class Chunking:
    """How a stream of codes is cut for the flow, which attends to all of its input in both directions.

    One code lasts 24 ms. For each chunk the flow runs over prompt, left context, chunk and look-ahead, so
    short chunks cost more than long ones. The defaults are not tuned: no trained weights were at hand.
    """

    first_codes: int = 25
    """Codes of the first chunk, 0.6 s; they determine the latency of the first sound."""
    chunk_codes: int = 50
    """Codes of every later chunk: 1.2 s."""
    left_codes: int | None = 100
    """Codes before a chunk that the flow reads with it; None for all."""
    look_ahead_codes: int | None = 10
    """Codes after a chunk that the flow reads with it, 0.24 s; None for all, which waits for the last one."""


WHOLE = Chunking(left_codes=None, look_ahead_codes=None)
"""Every chunk with its full context: as the reference computes offline, up to the rounding of samples."""


class SpeechDecoder:
    """Flow and vocoder, shared by any number of utterances. Blocks while it computes: belongs on a lane."""

    def __init__(self, flow: MelDecoder, vocoder: Vocoder, chunking: Chunking | None = None) -> None:
        self._flow = flow
        self._vocoder = vocoder
        self._chunking = chunking or Chunking()
        self.sample_rate_hz = vocoder.sample_rate_hz
        """Rate of the sound."""

    def begin(self, prompt: VoicePrompt, seed: int = 0) -> "Utterance":
        """Begin an utterance in the voice of `prompt`; the same codes and seed give the same sound."""
        noise = PlacedNoise(seed, self._flow.bands)
        return Utterance(self._flow, self._vocoder.session(seed), self._chunking, prompt, noise)


class Utterance:
    """Turns the codes of one utterance into sound."""

    def __init__(
        self,
        flow: MelDecoder,
        vocoder: VocoderSession,
        chunking: Chunking,
        prompt: VoicePrompt,
        noise: PlacedNoise,
    ) -> None:
        self._flow = flow
        self._vocoder = vocoder
        self._chunking = chunking
        self._prompt = prompt
        self._noise = noise
        self._prompt_noise = noise.between(-len(prompt.mel), 0)
        self._codes: Codes = np.zeros(0, np.int64)
        self._first = 0  # index of self._codes[0] in the utterance
        self._done = 0  # codes whose sound was yielded
        self._ended = False
        self._window = (0, 0)
        self._mel: Mel = np.zeros((flow.bands, 0), np.float32)  # of self._window
        self._ahead: Mel = self._mel  # the last window's version of the frames that follow

    def feed(self, codes: Codes, token: CancelToken | None = None) -> Iterator[Samples]:
        """Take more codes; yields the sound of every chunk that is complete now."""
        self._codes = np.concatenate([self._codes, codes])
        yield from self._sound(token)

    def finish(self, token: CancelToken | None = None) -> Iterator[Samples]:
        """Take the end of the codes; yields the rest of the sound."""
        self._ended = True
        yield from self._sound(token)
        yield self._vocoder.finish(token)

    def _sound(self, token: CancelToken | None) -> Iterator[Samples]:
        while (chunk := self._next_chunk()) is not None:
            yield self._vocoder.feed(self._frames(*chunk, token), token)

    def _next_chunk(self) -> tuple[int, int] | None:
        """Return the end of the next chunk and of its look-ahead; None while codes are missing."""
        chunking, available = self._chunking, self._first + len(self._codes)
        end = self._done + (chunking.chunk_codes if self._done else chunking.first_codes)
        look_ahead = chunking.look_ahead_codes
        if self._ended:
            ahead = available if look_ahead is None else min(end + look_ahead, available)
            return (min(end, available), ahead) if self._done < available else None
        if look_ahead is None or end + look_ahead > available:
            return None
        return end, end + look_ahead

    def _frames(self, end: int, ahead: int, token: CancelToken | None) -> Mel:
        """Return the mel from the last chunk's end to `end`, from the codes up to `ahead`."""
        left = self._chunking.left_codes
        start = 0 if left is None else max(0, self._done - left)
        self._forget(start)
        mel = self._mel_between(start, ahead, token)
        origin = self._flow.frames_of(start)
        frames = mel[:, self._flow.frames_of(self._done) - origin :]
        frames = _blend(self._ahead, frames)
        length = self._flow.frames_of(end) - self._flow.frames_of(self._done)
        self._done = end
        self._ahead = frames[:, length:]
        return frames[:, :length]

    def _mel_between(self, start: int, stop: int, token: CancelToken | None) -> Mel:
        """Return the mel of the codes from `start` to `stop`; the flow runs unless it has just done so."""
        if self._window != (start, stop):
            origin = self._flow.frames_of(start)
            noise = self._noise.between(origin, self._flow.frames_of(stop))
            codes = self._codes[start - self._first : stop - self._first]
            self._mel = self._flow.mel(codes, self._prompt, np.hstack([self._prompt_noise, noise]), token)
            self._window = (start, stop)
        return self._mel

    def _forget(self, start: int) -> None:
        """Drop the codes before `start`, which no later window needs."""
        self._codes = self._codes[start - self._first :]
        self._first = start


def _blend(before: Mel, now: Mel) -> Mel:
    """Cross-fade from the last window's version of these frames to this one's."""
    shared = min(before.shape[1], now.shape[1])
    weight = (np.arange(1, shared + 1, dtype=np.float32) / (shared + 1))[None]
    blended = before[:, :shared] * (1 - weight) + now[:, :shared] * weight
    return np.hstack([blended, now[:, shared:]])
