"""Wheels installed in an empty environment: ours is whole, and another package's adapter speaks with it."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parent.parent
MORSE_VOICE = Path(__file__).parent / "data" / "morse_voice"

PROBE = """
import edge_audio, runtime
from pathlib import Path
from edge_audio.config import configs_folder, load_config
from edge_audio.audio.script import read_script
from edge_audio.bench.conversation.material import read_material
from edge_audio.commands.talk import DEMO

here = Path(edge_audio.__file__).parent.parent
assert here == Path({site!r}), here
assert configs_folder().is_relative_to(here), configs_folder()
assert load_config().llm is not None
assert not read_script(DEMO).exhausted
assert all(clip.path.is_file() for clip in read_material().clips.values())
from edge_audio.cli import app
"""


class Installed:
    """An environment of its own in which nothing but wheels of these folders is installed.

    What they depend on is that of the environment which runs the tests: installing it takes minutes.
    """

    def __init__(self, folder: Path, *projects: Path) -> None:
        venv.create(folder / "venv", with_pip=False)
        self._programs = folder / "venv" / "bin"
        wheels = folder / "wheels"
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(wheels)]
        subprocess.run([*build, *map(str, projects)], check=True, timeout=120)
        install = [*pip, "--python", str(self._programs / "python"), "install", "--no-deps", "--quiet"]
        subprocess.run([*install, *map(str, wheels.iterdir())], check=True, timeout=120)
        (self.site,) = (folder / "venv" / "lib").glob("*/site-packages")
        dependencies = [path for path in sys.path if path.endswith("-packages")]
        (self.site / "dependencies.pth").write_text("\n".join(dependencies))

    def run(self, program: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in `folder`."""
        command = [str(self._programs / program), *arguments]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return subprocess.run(
            command, cwd=folder, env=clean, capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("installed"), CHECKOUT, MORSE_VOICE)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "my.toml"
    path.write_text('[tts]\nadapter = "morse"\npitch_hz = 500.0\n')
    return path


def test_what_is_installed_works_outside_the_checkout(installed: Installed, tmp_path: Path) -> None:
    done = installed.run("python", "-c", PROBE.format(site=str(installed.site)), folder=tmp_path)
    assert done.returncode == 0, done.stderr


def test_nothing_but_the_packages_and_their_data_is_shipped(installed: Installed) -> None:
    (record,) = installed.site.glob("edge_audio-*.dist-info/RECORD")
    files = {line.split(",")[0] for line in record.read_text().splitlines()}
    tops = {file.partition("/")[0] for file in files if not file.startswith((record.parent.name, ".."))}
    assert tops == {"edge_audio", "export", "runtime"}


def test_a_voice_of_another_package_is_one_short_file_and_speaks_by_a_config_alone(
    installed: Installed, config: Path
) -> None:
    assert len((MORSE_VOICE / "morse_voice.py").read_text().splitlines()) <= 40
    done = installed.run(
        *("edge-audio", "say", "SOS", "--config", config.name, "--output", "out.wav"), folder=config.parent
    )
    assert done.returncode == 0, done.stderr
    pcm, rate_hz = soundfile.read(config.parent / "out.wav")
    spectrum = np.abs(np.fft.rfft(pcm))
    assert np.argmax(spectrum) * rate_hz / len(pcm) == pytest.approx(500.0, abs=5.0)
    dots = np.abs(pcm[: len(pcm) // 1440 * 1440]).reshape(-1, 1440).mean(axis=1) > 0.05  # 60 ms each
    code = "".join("x" if on else " " for on in dots)
    assert code.strip() == "x x x   xxx xxx xxx   x x x"


def test_where_an_adapter_comes_from_is_listed(installed: Installed, tmp_path: Path) -> None:
    done = installed.run("edge-audio", "adapters", "--json", folder=tmp_path)
    found = {adapter["name"]: adapter for adapter in json.loads(done.stdout)["adapters"]}
    assert found["hibari"]["package"] == "edge-audio"
    assert found["morse"] == {
        "table": "tts",
        "name": "morse",
        "is_default": False,
        "package": "morse-voice",
        "version": "1.0",
        "module": "morse_voice",
        "summary": "Morse code.",
        "problem": None,
    }


def test_an_unknown_key_of_its_table_is_an_error_that_lists_its_keys(
    installed: Installed, config: Path
) -> None:
    config.write_text(config.read_text() + "volume = 3\n")
    done = installed.run("edge-audio", "say", "SOS", "--config", config.name, folder=config.parent)
    assert done.returncode == 2
    assert done.stderr == (
        "edge-audio: my.toml: unknown key tts.volume. There are: adapter, speed, pitch_hz.\n"
    )
