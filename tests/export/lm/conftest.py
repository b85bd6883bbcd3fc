from pathlib import Path

import pytest
import torch

from export.progress import silent
from export.toy.lm import write_lm
from export.toy.size import Size


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random language model in the released layout; don't write into it."""
    folder = tmp_path_factory.mktemp("released") / "tiny"
    write_lm(folder, Size.TINY, torch.Generator().manual_seed(5), silent)
    return folder
