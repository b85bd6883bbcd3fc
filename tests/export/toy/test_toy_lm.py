import shutil
from math import prod
from pathlib import Path

import pytest
import torch

from export.checkpoint import open_tensors
from export.lm.config import read_config
from export.progress import silent
from export.toy.lm import configuration, write_lm
from export.toy.size import Size
from runtime.errors import UserError


def test_the_released_size_has_the_released_tensors() -> None:
    shapes = configuration(Size.RELEASED).shapes()
    assert len(shapes) == 291
    assert sum(map(prod, shapes.values())) == 3_529_706_496
    assert shapes["model.layers.31.self_attn.k_proj.weight"] == (256, 3072)


def test_the_small_size_has_180_million_parameters() -> None:
    config = configuration(Size.SMALL)
    assert sum(map(prod, config.shapes().values())) == pytest.approx(180e6, rel=0.01)
    assert config.num_hidden_layers == 12


def test_a_checkpoint_repeats_with_its_seed_and_no_value_is_special(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        write_lm(folder, Size.TINY, torch.Generator().manual_seed(1), silent)
    one, two = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert one == two
    tensors = open_tensors(folders[0])
    config = read_config(folders[0], tensors)
    assert config == configuration(Size.TINY)
    for name in tensors.shapes:
        values = tensors.read(name)
        assert values.dtype is torch.bfloat16
        assert values.isfinite().all()
        assert values.float().std() > 0


def test_a_checkpoint_larger_than_the_disk_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=7_000_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(UserError, match=r"needs 7\.4 GB, but only 7\.0 GB are free"):
        write_lm(tmp_path / "lm", Size.RELEASED, torch.Generator(), silent)
    assert not (tmp_path / "lm").exists()
