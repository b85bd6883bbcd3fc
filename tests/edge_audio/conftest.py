from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tokenizer_models(export_packages: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the components of a tiny random dual tokenizer."""
    import torch

    from export.linguistic.export import export_linguistic
    from export.precision import Precision
    from export.progress import silent
    from export.semantic.export import export_semantic
    from export.toy.linguistic import write_linguistic
    from export.toy.semantic import write_semantic
    from export.toy.size import Size

    folder = tmp_path_factory.mktemp("tokenizer")
    generator = torch.Generator().manual_seed(7)
    write_linguistic(folder / "released", Size.TINY, generator)
    write_semantic(folder / "released", Size.TINY, generator)
    export_linguistic(folder / "released", folder / "models" / "linguistic", Precision.FP32, silent)
    export_semantic(folder / "released", folder / "models" / "semantic", Precision.FP32, silent)
    return folder / "models"
