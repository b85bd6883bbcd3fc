"""A vocoder session: a mel that arrives in pieces becomes the same samples as in one piece."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_audio.audio.frame import Samples
from edge_audio.step_audio.decoder.euler import Mel
from edge_audio.step_audio.decoder.source import HarmonicSource
from edge_audio.step_audio.decoder.window import Context, Window, Windows
from runtime.session import Array, OnnxSession
from runtime.worker import CancelToken


@dataclass(frozen=True, slots=True)
class Network:
    """One graph of the vocoder, and what is needed to run it on windows."""

    graph: OnnxSession
    context: Context
    rate: int
    """Output values for an input frame."""

    def run(self, window: Window, token: CancelToken | None) -> Array:
        """Return the output for the wanted frames of `window`."""
        feeds = dict(zip(self.graph.inputs, window.arrays, strict=True))
        return window.cut(self.graph.run(feeds, token)[0], self.rate)


class HiftSession:
    """Turns one mel into sound.

    Pieces are joined without a seam: each network runs over its piece and its context on both sides, and the
    excitation continues where it stopped. The context is computed again for each piece, so long pieces cost
    less than short ones. Only context is kept. A session that raised `Cancelled` has ended.
    """

    def __init__(self, pitch: "Pitch", source: HarmonicSource, stages: Sequence[Network]) -> None:
        """`stages` filter the excitation, one after the other."""
        self._pitch = pitch
        self._source = source
        self._filter = Filter(stages)

    def feed(self, mel: Mel, token: CancelToken | None = None) -> Samples:
        """Take the next frames, any number of them; returns the samples that are final now."""
        return self._advance(mel, False, token)

    def finish(self, token: CancelToken | None = None) -> Samples:
        """Take the end of the mel; returns the rest of the sound."""
        return self._advance(None, True, token)

    def whole(self, mel: Mel, token: CancelToken | None = None) -> Samples:
        """Take a mel from its first frame to its last; returns all of its sound."""
        return self._advance(mel, True, token)

    def _advance(self, mel: Mel | None, last: bool, token: CancelToken | None) -> Samples:
        pitch = self._pitch.advance(mel, last, token)
        if pitch is None:
            return self._filter.advance(None, last, token)
        frames, f0 = pitch
        samples = self._source.samples(f0)
        return self._filter.advance((frames[None], samples[None, None]), last, token)


class Pitch:
    """The pitch of a mel that arrives in pieces.

    It is computed in blocks at fixed places, so that it is the same to the last bit however the mel is cut:
    the phase of the excitation would accumulate any difference until it is audible.
    """

    BLOCK_FRAMES = 4
    """More would wait longer for a complete block, fewer would compute the context more often."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._windows = Windows(network.context)
        self._begun: Mel | None = None  # frames of an incomplete block

    def advance(
        self, mel: Mel | None, last: bool, token: CancelToken | None
    ) -> tuple[Mel, NDArray[np.float32]] | None:
        """Take the next frames; returns those whose pitch is final now, and their pitch in Hz, or None."""
        windows = [window for window in self._cut(mel, last) if window is not None]
        if not windows:
            return None
        f0 = [self._network.run(window, token)[0] for window in windows]
        frames = [window.cut(window.arrays[0], 1)[0] for window in windows]
        return np.concatenate(frames, axis=1), np.concatenate(f0)

    def _cut(self, mel: Mel | None, last: bool) -> Iterator[Window | None]:
        begun = self._begun
        if mel is not None:
            begun = mel if begun is None else np.concatenate([begun, mel], axis=1)
        if begun is not None:
            complete = begun.shape[1] // self.BLOCK_FRAMES * self.BLOCK_FRAMES
            for start in range(0, complete, self.BLOCK_FRAMES):
                yield self._windows.push((begun[None, :, start : start + self.BLOCK_FRAMES],), False)
            self._begun = begun[:, complete:].copy()
            if last:
                yield self._windows.push((self._begun[None],), True)


class Filter:
    """The stages that filter the excitation, each on windows of its own."""

    def __init__(self, stages: Sequence[Network]) -> None:
        self._stages = stages
        widths = [1]
        for stage in reversed(stages):
            widths.insert(0, widths[0] * stage.rate)
        self._widths = tuple(widths[:-1])
        """Samples of excitation for an input frame of each stage."""
        self._windows = [
            Windows(stage.context, (1, width)) for stage, width in zip(stages, self._widths, strict=True)
        ]

    def advance(self, arrays: tuple[Array, Array] | None, last: bool, token: CancelToken | None) -> Samples:
        """Take frames of mel (1, bands, frames) and their excitation (1, 1, samples); returns the sound."""
        for stage, windows, width in zip(self._stages, self._windows, self._widths, strict=True):
            window = windows.push(arrays, last)
            if window is None:
                arrays = None
            else:
                arrays = stage.run(window, token), window.cut(window.arrays[1], width)
        return np.zeros(0, np.float32) if arrays is None else arrays[0][0]
