"""Adapters of other packages, as pip installs them: a module, and a folder that says what it brings."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import edge_audio
from edge_audio.config import Config
from edge_audio.plugins import SEAMS, Adapter, Seam, installed, name_of, settings_of
from edge_audio.tables import as_table, read_table
from edge_audio.tts.hibari import HibariConfig
from edge_audio.tts.voice import VoiceConfig
from runtime.errors import UserError

PARROT = """
from edge_audio.tts.voice import VoiceConfig

class ParrotConfig(VoiceConfig, frozen=True):
    '''Repeats what it hears.

    In a high voice.
    '''
    feathers: int = 3

def parrot(): ...
"""

LIBRARIES = {
    "ctranslate2", "faster_whisper", "hibari", "httpx", "livekit", "onnxruntime", "sentencepiece",
    "sounddevice", "soundfile", "tokenizers", "webrtcvad", "xllamacpp",
}  # fmt: skip


class Site:
    """A folder into which packages are installed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def install(self, package: str, entry_points: str, **modules: str) -> None:
        """Install a package in version 1.2 with modules of these texts."""
        about = self._folder / f"{package.replace('-', '_')}-1.2.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
        (about / "entry_points.txt").write_text(entry_points)
        for name, text in modules.items():
            (self._folder / f"{name}.py").write_text(text)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("parrot_voice", "broken_voice"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return Site(tmp_path)


def seam(table: str) -> Seam:
    (found,) = (seam for seam in SEAMS if seam.table == table)
    return found


def named(name: str) -> Adapter:
    (found,) = (adapter for adapter in installed(seam("tts")) if adapter.name == name)
    return found


@pytest.mark.parametrize("seam", SEAMS, ids=lambda seam: seam.table)
def test_every_seam_has_its_default_among_adapters_that_say_what_they_are(seam: Seam) -> None:
    ours = [adapter for adapter in installed(seam) if adapter.package == "edge-audio"]
    assert seam.default in [adapter.name for adapter in ours]
    for adapter in ours:
        assert issubclass(adapter.settings(), seam.kind)
        assert adapter.summary().endswith((".", ":"))


def test_reading_a_config_imports_no_library_of_a_model() -> None:
    program = """
import sys
from edge_audio.plugins import SEAMS, installed
for seam in SEAMS:
    for adapter in installed(seam):
        adapter.settings()
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not LIBRARIES & {name.partition(".")[0] for name in done.stdout.split()}


def test_nobody_imports_an_adapter_but_its_entry_point() -> None:
    package = Path(edge_audio.__file__).parent
    adapters = {adapter.entry_point.module for seam in SEAMS for adapter in installed(seam)}
    for file in package.rglob("*.py"):
        module = ".".join(("edge_audio", *file.relative_to(package).with_suffix("").parts))
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert module == node.module or node.module not in adapters, f"{module}: {node.module}"


def test_an_adapter_of_another_package_is_found_and_read(site: Site) -> None:
    site.install(
        "parrot-voice", "[edge_audio.tts]\nparrot = parrot_voice:ParrotConfig\n", parrot_voice=PARROT
    )
    parrot = named("parrot")
    assert (parrot.package, parrot.version) == ("parrot-voice", "1.2")
    assert parrot.summary() == "Repeats what it hears."
    config = read_table(Config, {"tts": {"adapter": "parrot", "feathers": 5}})
    assert as_table(config.tts) == {"adapter": "parrot", "speed": 1.0, "feathers": 5}
    with pytest.raises(UserError, match=r"unknown key tts\.beak\. There are: adapter, speed, feathers\."):
        read_table(Config, {"tts": {"adapter": "parrot", "beak": 1}})


def test_a_broken_package_is_named_with_its_fault_and_harms_no_other(site: Site) -> None:
    site.install(
        "broken-voice", "[edge_audio.tts]\nbroken = broken_voice:Config\n", broken_voice="import featherlib"
    )
    with pytest.raises(UserError) as failure:
        read_table(Config, {"tts": {"adapter": "broken"}})
    assert str(failure.value) == (
        "tts.adapter: The adapter broken of the package broken-voice 1.2 can't be used: "
        "ModuleNotFoundError: No module named 'featherlib'. "
        "Install that package again, or choose another adapter in [tts]."
    )
    assert read_table(Config, {"tts": {"adapter": "hibari"}}).tts == HibariConfig()


def test_a_package_that_exits_as_it_is_imported_ends_no_program(site: Site) -> None:
    site.install(
        "leaving-voice",
        "[edge_audio.tts]\nleaving = leaving_voice:Config\n",
        leaving_voice="raise SystemExit(3)",
    )
    with pytest.raises(UserError, match=r"leaving-voice 1\.2 can't be used: SystemExit: 3\."):
        settings_of(seam("tts"), "leaving")


@pytest.mark.parametrize("place", ["parrot_voice:parrot", "parrot_voice:Nobody", "edge_audio.config:Config"])
def test_what_is_no_table_of_the_seam_is_refused(site: Site, place: str) -> None:
    site.install("parrot-voice", f"[edge_audio.tts]\nparrot = {place}\n", parrot_voice=PARROT)
    with pytest.raises(UserError, match=r"parrot of the package parrot-voice 1\.2 can't be used"):
        settings_of(seam("tts"), "parrot")


def test_a_voice_is_no_recognizer(site: Site) -> None:
    site.install(
        "parrot-voice", "[edge_audio.asr]\nparrot = parrot_voice:ParrotConfig\n", parrot_voice=PARROT
    )
    with pytest.raises(UserError, match="parrot_voice:ParrotConfig is no RecognizerConfig"):
        settings_of(seam("asr"), "parrot")


def test_two_packages_with_one_name_are_told_to_whoever_uses_it(site: Site) -> None:
    for package in ("parrot-voice", "other-parrot"):
        site.install(package, "[edge_audio.tts]\nparrot = parrot_voice:ParrotConfig\n", parrot_voice=PARROT)
    with pytest.raises(UserError, match="other-parrot and parrot-voice both bring an adapter parrot"):
        settings_of(seam("tts"), "parrot")
    assert settings_of(seam("tts"), "hibari") is HibariConfig


def test_an_installation_older_than_the_code_says_so(site: Site) -> None:
    site.install("edge-audio", "[console_scripts]\nedge-audio = edge_audio.cli:run\n")
    with pytest.raises(UserError, match=r"older than its code\. Install it again"):
        settings_of(seam("tts"), "hibari")


def test_settings_of_no_package_are_named_by_their_place() -> None:
    class Mine(VoiceConfig, frozen=True):
        pass

    assert name_of(Mine) == f"{Mine.__module__}:{Mine.__qualname__}"
    assert name_of(HibariConfig) == "hibari"
