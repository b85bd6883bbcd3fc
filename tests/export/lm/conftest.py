from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def checkpoint(export_packages: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random language model in the released layout; don't write into it."""
    import torch

    from export.progress import silent
    from export.toy.lm import write_lm
    from export.toy.size import Size

    folder = tmp_path_factory.mktemp("released") / "tiny"
    write_lm(folder, Size.TINY, torch.Generator().manual_seed(5), silent)
    return folder
