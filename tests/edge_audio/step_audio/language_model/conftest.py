from pathlib import Path

import pytest

from edge_audio.step_audio.language_model.model import LanguageModel


@pytest.fixture(scope="session")
def exported(export_packages: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random language model, exported; don't write into it."""
    import torch

    from export.lm.export import export_lm
    from export.precision import Precision
    from export.progress import silent
    from export.toy.lm import write_lm
    from export.toy.size import Size

    folder = tmp_path_factory.mktemp("language-model")
    write_lm(folder / "released", Size.TINY, torch.Generator().manual_seed(5), silent)
    export_lm(folder / "released", folder / "lm", Precision.FP32, silent)
    return folder / "lm"


@pytest.fixture(scope="session")
def model(exported: Path) -> LanguageModel:
    return LanguageModel.load(exported)
