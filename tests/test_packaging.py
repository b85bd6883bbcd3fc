"""The wheel, away from the checkout: the packages, the configs and the spoken material are in it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parent.parent

PROBE = """
import edge_audio, runtime
from pathlib import Path
from edge_audio.config import configs_folder, load_config
from edge_audio.audio.script import read_script
from edge_audio.bench.conversation.material import read_material
from edge_audio.commands.talk import DEMO

here = Path(edge_audio.__file__).parent.parent
assert here == Path.cwd(), here
assert configs_folder().is_relative_to(here), configs_folder()
assert load_config().llm is not None
assert not read_script(DEMO).exhausted
assert all(clip.path.is_file() for clip in read_material().clips.values())
from edge_audio.cli import app
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(CHECKOUT)], check=True, timeout=120)
    (wheel,) = folder.glob("edge_audio-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_what_is_installed_works_outside_the_checkout(unpacked: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(unpacked), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=unpacked,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_nothing_but_the_packages_and_their_data_is_shipped(unpacked: Path) -> None:
    top = {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")}
    assert top == {"edge_audio", "export", "runtime"}
