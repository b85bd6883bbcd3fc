"""How a stage is trained."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from export.nano.training import Schedule, train, trained
from export.progress import silent
from runtime.errors import UserError
from tests.support.limits import disk_of


class _Line:
    """Learns a line through points that depend on the step."""

    name = "line"

    def __init__(self, wrong: bool = False) -> None:
        torch.manual_seed(7)
        self.module: nn.Module = nn.Linear(1, 1)
        self._wrong = wrong

    def losses(self, step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        x = torch.from_numpy(rng.normal(size=(8, 1)).astype(np.float32))
        y = 3 * x - 1 + 0.01 * torch.randn(8, 1)
        if self._wrong:
            y = y / 0
        return {"error": (self.module(x) - y).square().mean()}


def _weights(stage: _Line) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in stage.module.parameters()]


def test_a_stage_learns(tmp_path: Path) -> None:
    stage = _Line()
    train(stage, Schedule(300, 0.1, warm_up=10), tmp_path, 0, silent)

    weight, bias = _weights(stage)
    assert weight.item() == pytest.approx(3, abs=0.05)
    assert bias.item() == pytest.approx(-1, abs=0.05)


def test_what_was_broken_off_goes_on_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken, resumed = _Line(), _Line(), _Line()
    train(whole, Schedule(40, 0.01), tmp_path / "whole", 1, silent)
    monkeypatch.setattr("export.nano.training._SAVE_EVERY_S", -1.0)

    def stop(what: str, done: int, total: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(broken, Schedule(40, 0.01), tmp_path / "broken", 1, stop)
    train(resumed, Schedule(40, 0.01), tmp_path / "broken", 1, silent)

    for one, other in zip(_weights(whole), _weights(resumed), strict=True):
        assert torch.equal(one, other)


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    one, other = _Line(), _Line()
    train(one, Schedule(5, 0.01), tmp_path / "one", 1, silent)
    train(other, Schedule(5, 0.01), tmp_path / "other", 2, silent)

    assert not torch.equal(_weights(one)[0], _weights(other)[0])


def test_a_stage_that_diverges_is_reported_and_leaves_no_state(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="diverged at step 1"):
        train(_Line(wrong=True), Schedule(5, 0.01), tmp_path, 0, silent)

    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_a_clear_error_and_leaves_no_half_state(tmp_path: Path) -> None:
    with disk_of(1000), pytest.raises(UserError, match=r"line\.pt (can't|could not) be written"):
        train(_Line(), Schedule(2, 0.01), tmp_path, 0, silent)

    assert not list(tmp_path.iterdir())


def test_a_stage_that_is_not_trained_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="line is not trained"):
        trained("line", nn.Linear(1, 1), tmp_path)


def test_a_state_of_other_dimensions_is_refused(tmp_path: Path) -> None:
    train(_Line(), Schedule(2, 0.01), tmp_path, 0, silent)

    with pytest.raises(UserError, match="other dimensions"):
        trained("line", nn.Linear(2, 1), tmp_path)


def test_the_rate_rises_then_falls(tmp_path: Path) -> None:
    schedule = Schedule(100, 1.0, warm_up=10, last_rate=0.1)

    rates = [schedule.rate_at(step) for step in range(100)]

    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[9] == 1.0
    assert rates[-1] == pytest.approx(0.1, abs=0.01)
