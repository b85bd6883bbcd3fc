"""The two tiers of the tests, and what tests of several folders are given.

`make test` runs everything. `make unit`, or `pytest --unit`, runs what is fast and needs neither a model nor
the packages of the extra `export` (PyTorch and those around it), which it hides even where they are
installed, with fewer examples of each property. A test is in the unit tier by itself, unless

- it has the marker `models` or `slow`,
- its file imports one of these packages, or
- one of its fixtures asks for the fixture `export_packages`.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from export.release import Release

# The same examples in each run, and none that fails for a busy machine; `--hypothesis-profile default` looks
# for others.
settings.register_profile(
    "reproducible", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("unit", settings.get_profile("reproducible"), max_examples=25)
settings.load_profile("reproducible")

EXPORT_PACKAGES = frozenset(
    ("onnx", "onnx_ir", "onnxscript", "optimum", "safetensors", "torch", "transformers", "yaml")
)
"""What is imported of the packages that the extras `export` and `export-chat` install."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--unit", action="store_true", help="run what needs no models and no PyTorch, and is fast"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("unit"):
        sys.modules.update(dict.fromkeys(EXPORT_PACKAGES))  # whoever imports a name that is None is refused
        settings.load_profile("unit")


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    return UnitModule.from_parent(parent, path=module_path) if parent.config.getoption("unit") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("unit"):
        return
    left_out = [item for item in items if _is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not _is_left_out(item)]


class UnitModule(pytest.Module):
    """A file of tests, all of which are left out if it imports a package that is hidden."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        try:
            return super().collect()
        except self.CollectError as error:
            cause = error.__cause__
            if (
                isinstance(cause, ModuleNotFoundError)
                and str(cause.name).partition(".")[0] in EXPORT_PACKAGES
            ):
                return []
            raise


def _is_left_out(item: pytest.Item) -> bool:
    marked = any(item.get_closest_marker(name) for name in ("models", "slow"))
    return marked or "export_packages" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def export_packages() -> None:
    """The packages of the extra `export`, which a fixture or a test needs that asks for this."""


@pytest.fixture(scope="session")
def toy_release(export_packages: None, tmp_path_factory: pytest.TempPathFactory) -> "Release":
    """A tiny random release with all its repositories; leave it as it is."""
    from export.progress import silent
    from export.release import Release
    from export.toy.checkpoint import write_checkpoint
    from export.toy.size import Size

    folder = tmp_path_factory.mktemp("release")
    write_checkpoint(folder, Size.TINY, 0, silent)
    return Release(folder)


@pytest.fixture(scope="session")
def toy_models(toy_release: "Release", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every component of the tiny release, exported; don't write into it."""
    from export import components
    from export.precision import Precision
    from export.progress import silent

    folder = tmp_path_factory.mktemp("models")
    components.everything(toy_release, folder, Precision.INT8, silent)
    return folder
