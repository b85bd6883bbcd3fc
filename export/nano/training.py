"""The training loop of a stage: seeded, saved every two minutes, and resumed where it stopped."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from export.progress import Progress
from runtime.atomic import AtomicFile
from runtime.errors import UserError

_SAVE_EVERY_S = 120.0
_EMA_FACTOR = 0.98
"""Smoothing factor of the exponential moving average (EMA) of each loss in the progress report."""


class Stage(Protocol):
    """A model to train, with its losses."""

    name: str
    """Also the name of its file."""
    module: nn.Module
    """The parameters to train."""

    def losses(self, step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        """Return the losses of this step by name; their sum is minimised."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """Number of steps, learning rate and other settings of the optimizer (AdamW)."""

    steps: int
    rate: float
    """The highest learning rate: it rises over `warm_up` steps, then falls along a cosine."""
    warm_up: int = 200
    last_rate: float = 0.02
    """The last learning rate, as a share of `rate`."""
    decay: float = 0.01
    """Weight decay."""
    beta2: float = 0.98
    clip: float = 1.0
    """Largest norm of the gradient."""

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        part = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return self.rate * (
            self.last_rate + (1 - self.last_rate) * 0.5 * (1 + math.cos(math.pi * min(1.0, part)))
        )


def train(stage: Stage, schedule: Schedule, folder: Path, seed: int, progress: Progress) -> None:
    """Train `stage` to the end of `schedule`, resuming from the state in `folder` if there is one.

    The random numbers of a step depend on `seed` and on its number alone. Raises `UserError` if the state
    can't be read or written, or has other dimensions, and if a loss is no longer finite.
    """
    path = folder / f"{stage.name}.pt"
    parameters = [parameter for parameter in stage.module.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(
        parameters, schedule.rate, betas=(0.9, schedule.beta2), weight_decay=schedule.decay
    )
    step = _resume(path, stage.module, optimizer)
    saved = time.monotonic()
    smoothed: dict[str, float] = {}
    stage.module.train()
    while step < schedule.steps:
        torch.manual_seed(seed * 1_000_003 + step)
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate_at(step)
        losses = stage.losses(step, np.random.default_rng((seed, step)))
        optimizer.zero_grad()
        torch.autograd.backward(list(losses.values()))
        nn.utils.clip_grad_norm_(parameters, schedule.clip)
        optimizer.step()
        step += 1
        for name, loss in losses.items():
            value = loss.item()
            smoothed[name] = _EMA_FACTOR * smoothed.get(name, value) + (1 - _EMA_FACTOR) * value
        if not all(map(math.isfinite, smoothed.values())):
            raise UserError(f"The stage {stage.name} diverged at step {step}.", "Lower its learning rate.")
        if step == schedule.steps or time.monotonic() - saved > _SAVE_EVERY_S:
            _save(path, stage.module, optimizer, step)
            saved = time.monotonic()
        if step % 10 == 0 or step == schedule.steps:
            listed = " ".join(f"{name} {value:.3f}" for name, value in smoothed.items())
            progress(f"{stage.name}: {listed}", step, schedule.steps)
    stage.module.eval()


def trained(stage: str, module: nn.Module, folder: Path) -> None:
    """Load the weights that `train` saved for `stage` into `module`. Raises `UserError` if there are none."""
    if _resume(folder / f"{stage}.pt", module, None) == 0:
        raise UserError(
            f"The stage {stage} is not trained in {folder}.", f"Train it: python -m export nano {stage}"
        )
    module.eval()


def _resume(path: Path, module: nn.Module, optimizer: torch.optim.Optimizer | None) -> int:
    """Load the state at `path` and return how many steps it was trained: 0 if there is no state."""
    if not path.exists():
        return 0
    try:
        state = torch.load(path, weights_only=True)
        module.load_state_dict(state["module"])
        if optimizer is not None:
            optimizer.load_state_dict(state["optimizer"])
        return int(state["step"])
    except Exception as error:  # PyTorch raises whatever it likes for what it can't read
        raise UserError(
            f"{path} is damaged or of other dimensions.", "Remove it, and train again."
        ) from error


def _save(path: Path, module: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    state = {"module": module.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with AtomicFile(path) as file:
            torch.save(state, file.file)
    except (OSError, RuntimeError) as error:
        raise UserError(f"{path} can't be written: {error}.", "Free space, and run this again.") from error
