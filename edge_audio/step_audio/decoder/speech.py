"""The speech decoder as a stream: audio codes in as they are written, sound out while more are coming."""

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
        """Return how many mel frames that many codes from the beginning make."""
        ...

    def mel(self, codes: Codes, prompt: VoicePrompt, noise: Mel, token: CancelToken | None = None) -> Mel:
        """Return the mel of `codes`; `noise` covers the prompt's frames and then the codes' own."""
        ...


class VocoderSession(Protocol):
    """Turns the frames of one mel into sound as they come."""

    def feed(self, mel: Mel, token: CancelToken | None = None) -> Samples:
        """Return the sound that is certain now."""
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
    """How a stream of codes is cut for the flow, which hears all that it is given in both directions.

    One code lasts 24 ms. The flow runs again over prompt, left context, chunk and look-ahead for each chunk,
    so short chunks cost more than long ones. The defaults are not tuned: no trained weights were at hand.
    """

    first_codes: int = 25
    """Codes of the first chunk, which decide when the first sound is heard: 0.6 s."""
    chunk_codes: int = 50
    """Codes of every later chunk: 1.2 s."""
    left_codes: int | None = 100
    """Codes before a chunk that the flow hears with it; None for all."""
    look_ahead_codes: int | None = 10
    """Codes after a chunk that the flow hears with it, 0.24 s; None for all, which waits for the last one."""


WHOLE = Chunking(left_codes=None, look_ahead_codes=None)
"""Every chunk in its whole context: what the reference computes offline, to the last sample's rounding."""


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
    """One utterance on its way from codes to sound."""

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
        self._first = 0  # place of self._codes[0] in the utterance
        self._done = 0  # codes whose sound was handed out
        self._ended = False
        self._window = (0, 0)
        self._mel: Mel = np.zeros((flow.bands, 0), np.float32)  # of self._window
        self._ahead: Mel = self._mel  # the last window's view of the frames that come next

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
        """Return where the next chunk ends and how far the flow looks; None while codes are missing."""
        chunking = self._chunking
        come = self._first + len(self._codes)
        end = self._done + (chunking.chunk_codes if self._done else chunking.first_codes)
        if self._ended:
            ahead = come if chunking.look_ahead_codes is None else min(end + chunking.look_ahead_codes, come)
            return (min(end, come), ahead) if self._done < come else None
        if chunking.look_ahead_codes is None or end + chunking.look_ahead_codes > come:
            return None
        return end, end + chunking.look_ahead_codes

    def _frames(self, end: int, ahead: int, token: CancelToken | None) -> Mel:
        """Return the mel from what is done up to `end`, hearing the codes up to `ahead`."""
        left = self._chunking.left_codes
        start = 0 if left is None else max(0, self._done - left)
        self._forget(start)
        mel = self._heard(start, ahead, token)
        origin = self._flow.frames_of(start)
        frames = mel[:, self._flow.frames_of(self._done) - origin :]
        frames = _blend(self._ahead, frames)
        length = self._flow.frames_of(end) - self._flow.frames_of(self._done)
        self._done = end
        self._ahead = frames[:, length:]
        return frames[:, :length]

    def _heard(self, start: int, stop: int, token: CancelToken | None) -> Mel:
        """Return the mel of the codes between two places; the flow runs unless it just did."""
        if self._window != (start, stop):
            origin = self._flow.frames_of(start)
            noise = self._noise.between(origin, self._flow.frames_of(stop))
            codes = self._codes[start - self._first : stop - self._first]
            self._mel = self._flow.mel(codes, self._prompt, np.hstack([self._prompt_noise, noise]), token)
            self._window = (start, stop)
        return self._mel

    def _forget(self, start: int) -> None:
        """Drop the codes before `start`: no window reaches back to them."""
        self._codes = self._codes[start - self._first :]
        self._first = start


def _blend(before: Mel, now: Mel) -> Mel:
    """Go over from what the last window made of these frames to what this one makes of them."""
    shared = min(before.shape[1], now.shape[1])
    weight = (np.arange(1, shared + 1, dtype=np.float32) / (shared + 1))[None]
    blended = before[:, :shared] * (1 - weight) + now[:, :shared] * weight
    return np.hstack([blended, now[:, shared:]])
