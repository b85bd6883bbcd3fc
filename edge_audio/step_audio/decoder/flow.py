"""The flow decoder: audio codes and a voice prompt become a mel, with classifier-free guidance."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Protocol, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_audio.step_audio.component import Component, Count, FewCount, RateHz
from edge_audio.step_audio.decoder.euler import Mel, TimeGrid, bfloat16_grid, cosine_grid, solve
from edge_audio.step_audio.tokens import Codes
from edge_audio.step_audio.voice_prompt import VoicePrompt
from runtime.compute import ON_CPU, Compute
from runtime.errors import UserError
from runtime.session import Array, OnnxSession
from runtime.worker import CancelToken

COMPONENT = "flow"
"""Name of the component in its record."""

ENCODER = "encoder.onnx"
"""codes (n,) int64, positions (frames,), embedding (size,) → mu (bands, frames), spks (bands,)."""

ESTIMATOR = "estimator.onnx"
"""x, mu and cond (2, bands, frames), t (2,), spks (2, bands) → estimator_out (2, bands, frames)."""


_LEAST_FRAMES = 0.1
"""Fewest mel frames that a code may have; 2.07 in the release."""

_MOST_FRAMES = 20
"""Most mel frames that a code may have: the memory of attention grows with their square."""


class FlowSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the runtime must know of a flow model."""

    vocabulary: Count
    """Codes that the model has an embedding for."""
    bands: FewCount
    """Bands of the mel."""
    embedding: Count
    """Size of a speaker embedding."""
    codes_per_second: Annotated[float, msgspec.Meta(gt=0, le=1000)]
    sample_rate_hz: RateHz
    hop_samples: Count
    """Samples from one mel frame to the next."""
    guidance: Annotated[float, msgspec.Meta(ge=0, le=100)]
    """Strength w of classifier-free guidance: the velocity is (1 + w) * conditional - w * unconditional."""
    steps: FewCount
    """Euler steps, each of which runs the estimator once."""

    def __post_init__(self) -> None:
        frames = self.sample_rate_hz / self.hop_samples / self.codes_per_second
        if not _LEAST_FRAMES <= frames <= _MOST_FRAMES:
            raise ValueError(f"a code can't have {frames:.3g} frames")

    def frames_of(self, codes: int) -> int:
        """Return the number of mel frames of the first `codes` codes, as the release counts them."""
        return int(codes / self.codes_per_second * self.sample_rate_hz / self.hop_samples)

    def grid(self, rounded_times: bool = False) -> TimeGrid:
        """Return the times of the steps, with `rounded_times` rounded to bfloat16 as in the release."""
        return bfloat16_grid(self.steps) if rounded_times else cosine_grid(self.steps)


class Graph(Protocol):
    """Runs the encoder or the estimator: an `OnnxSession`."""

    def run(self, feeds: Mapping[str, Array], token: CancelToken | None = None) -> list[Array]:
        """Return the outputs for `feeds`; raises `Cancelled` once `token` is cancelled."""
        ...


class FlowDecoder:
    """Turns a stretch of codes into its mel, all of it at once. Blocks while it computes.

    The codes may be a whole utterance or a window of one; the noise determines the length of the result. To
    get similar mels from overlapping windows, give a frame the same noise in each window.
    """

    def __init__(
        self, settings: FlowSettings, encoder: Graph, estimator: Graph, *, rounded_times: bool = False
    ) -> None:
        """With `rounded_times` the times of the steps are rounded to bfloat16 as in the release."""
        self.settings = settings
        self._grid = settings.grid(rounded_times)
        self._encoder = encoder
        self._estimator = estimator

    @classmethod
    def load(
        cls,
        folder: Path,
        compute: Compute = ON_CPU,
        *,
        steps: int | None = None,
        rounded_times: bool = False,
    ) -> Self:
        """Open an exported flow; `steps` replaces the release's number: fewer are faster and less accurate.

        Raises `UserError` if the folder holds no complete flow, or for less than one step.
        """
        settings = Component(folder, COMPONENT).settings(FlowSettings)
        if steps is not None:
            if steps < 1:
                raise UserError(
                    f"The flow can't take {steps} steps.", "Choose 1 or more; the release takes 10."
                )
            settings = msgspec.structs.replace(settings, steps=steps)
        return cls.of_files(folder, settings, compute, rounded_times=rounded_times)

    @classmethod
    def of_files(
        cls,
        folder: Path,
        settings: FlowSettings,
        compute: Compute = ON_CPU,
        *,
        rounded_times: bool = False,
    ) -> Self:
        """Open the graphs in `folder`, which need not have a record yet."""
        encoder, estimator = (OnnxSession(folder / name, compute) for name in (ENCODER, ESTIMATOR))
        bands = settings.bands
        encoder.require({"embedding": (settings.embedding,), "mu": (bands, None), "spks": (bands,)})
        estimator.require({"x": (2, bands, None), "spks": (2, bands)})
        return cls(settings, encoder, estimator, rounded_times=rounded_times)

    @property
    def bands(self) -> int:
        """Bands of the mel."""
        return self.settings.bands

    def frames_of(self, codes: int) -> int:
        """Return the number of mel frames of the first `codes` codes."""
        return self.settings.frames_of(codes)

    def mel(self, codes: Codes, prompt: VoicePrompt, noise: Mel, token: CancelToken | None = None) -> Mel:
        """Return the log-mel of `codes`, without the prompt's part.

        `codes` are 0-based, shape (n,); negative ones count as 0. `prompt` may be empty: no codes and no
        frames. `noise` is normal, shape (bands, prompt frames + frames); as many frames are returned, and the
        codes are stretched over them. Raises `ValueError` for other shapes, `Cancelled` between or in the
        steps.
        """
        self._check(codes, prompt, noise)
        prompted = len(prompt.mel)
        positions = np.concatenate(
            (
                frame_positions(len(prompt.codes), prompted),
                np.float32(len(prompt.codes)) + frame_positions(len(codes), noise.shape[1] - prompted),
            )
        )
        mu, speaker = self._encoder.run(
            {
                "codes": np.concatenate((prompt.codes, codes), dtype=np.int64),
                "positions": positions,
                "embedding": prompt.embedding,
            },
            token,
        )
        prompt_mel = np.zeros_like(noise)
        prompt_mel[:, :prompted] = prompt.mel.T
        conditions = {"mu": mu, "spks": speaker, "cond": prompt_mel}
        velocity = _ClassifierFreeGuidance(self._estimator, conditions, self.settings.guidance, token)
        return solve(velocity, noise, self._grid)[:, prompted:]

    def _check(self, codes: Codes, prompt: VoicePrompt, noise: Mel) -> None:
        """Raise `ValueError` unless the arrays fit the model and one another."""
        bands, settings = self.bands, self.settings
        if prompt.mel.ndim != 2 or prompt.mel.shape[1] != bands:
            raise ValueError(f"a prompt's mel has the shape (frames, {bands}), not {prompt.mel.shape}")
        if prompt.embedding.shape != (settings.embedding,):
            raise ValueError(
                f"an embedding has the shape ({settings.embedding},), not {prompt.embedding.shape}"
            )
        if noise.ndim != 2 or noise.shape[0] != bands or noise.shape[1] <= len(prompt.mel):
            raise ValueError(
                f"noise has the shape ({bands}, more than {len(prompt.mel)} frames), not {noise.shape}"
            )
        if codes.ndim != 1 or not len(codes):
            raise ValueError(f"codes have the shape (1 or more,), not {codes.shape}")
        if prompt.codes.ndim != 1 or (len(prompt.mel) and not len(prompt.codes)):
            raise ValueError(f"a prompt's codes have the shape (1 or more,), not {prompt.codes.shape}")
        highest = max(codes.max(), prompt.codes.max(initial=0))
        if highest >= settings.vocabulary:
            raise ValueError(f"the model has {settings.vocabulary} codes, not the code {highest}")


class _ClassifierFreeGuidance:
    """The estimator's velocity, extrapolated away from the one without conditions (Ho & Salimans, 2022)."""

    def __init__(
        self,
        estimator: Graph,
        conditions: Mapping[str, NDArray[np.float32]],
        guidance: float,
        token: CancelToken | None,
    ) -> None:
        """`conditions` are the estimator's inputs `mu`, `spks` and `cond`; without them they are zeros."""
        self._estimator = estimator
        # A batch of two: the conditional and the unconditional one.
        self._conditions = {name: np.stack((each, np.zeros_like(each))) for name, each in conditions.items()}
        self._guidance = np.float32(guidance)
        self._token = token

    def __call__(self, x: Mel, time: np.float32) -> Mel:
        feeds = {"x": np.stack((x, x)), "t": np.full(2, time, np.float32), **self._conditions}
        conditional, unconditional = self._estimator.run(feeds, self._token)[0]
        velocity: Mel = (1 + self._guidance) * conditional - self._guidance * unconditional
        return velocity


def frame_positions(codes: int, frames: int) -> NDArray[np.float32]:
    """Return the position of each of `frames` among `codes` that they share evenly, shape (frames,).

    Positions count from the middle of the first code to that of the last one, and are clipped to these.
    """
    middles = (np.arange(frames, dtype=np.float32) + np.float32(0.5)) * np.float32(codes / max(frames, 1))
    positions: NDArray[np.float32] = np.clip(middles - np.float32(0.5), 0, max(codes - 1, 0))
    return positions
