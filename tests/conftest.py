from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from export import components
from export.precision import Precision
from export.progress import silent
from export.release import Release
from export.toy.checkpoint import write_checkpoint
from export.toy.size import Size

# The same examples in each run, and none that fails for a busy machine; `--hypothesis-profile default` looks
# for others.
settings.register_profile(
    "reproducible", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("reproducible")


@pytest.fixture(scope="session")
def toy_release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A tiny random release with all its repositories; leave it as it is."""
    folder = tmp_path_factory.mktemp("release")
    write_checkpoint(folder, Size.TINY, 0, silent)
    return Release(folder)


@pytest.fixture(scope="session")
def toy_models(toy_release: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every component of the tiny release, exported; don't write into it."""
    folder = tmp_path_factory.mktemp("models")
    components.everything(toy_release, folder, Precision.INT8, silent)
    return folder
