import re

import pytest

from edge_audio.models import DEFAULT, EMBEDDED, embedded
from runtime.artifact import HubRepository, Wheels
from runtime.errors import UserError
from runtime.store import Store, default_root


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_source_gives_every_file(name: str) -> None:
    artifact = EMBEDDED[name]
    paths = {file.path for file in artifact.files}
    for source in artifact.sources:
        if isinstance(source, Wheels):
            assert set(source.files) == paths
            assert all(source.files.values())


@pytest.mark.parametrize("name", EMBEDDED)
def test_everything_is_pinned(name: str) -> None:
    artifact = EMBEDDED[name]
    assert artifact.sources
    pins = [(file.size_bytes, file.sha256) for file in artifact.files]
    for source in artifact.sources:
        if isinstance(source, Wheels):
            pins += [(wheel.size_bytes, wheel.sha256) for wheel in source.wheels]
        if isinstance(source, HubRepository):
            assert re.fullmatch("[0-9a-f]{40}", source.revision), "a branch is no pin"
    assert all(size_bytes > 0 and re.fullmatch("[0-9a-f]{64}", sha256) for size_bytes, sha256 in pins)


@pytest.mark.parametrize("name", EMBEDDED)
def test_the_notice_names_every_model_and_its_licence(name: str, pytestconfig: pytest.Config) -> None:
    notice = (pytestconfig.rootpath / "NOTICE").read_text()
    assert re.search(
        rf"^{re.escape(name)} \(.*\), {re.escape(EMBEDDED[name].licence)}$", notice, re.MULTILINE
    )


def test_an_unknown_model_is_told_with_the_known_ones() -> None:
    assert embedded("silero-vad") is EMBEDDED["silero-vad"]
    with pytest.raises(UserError, match="no model 'whisper-huge'") as error:
        embedded("whisper-huge")
    assert all(name in error.value.remedy for name in EMBEDDED)


@pytest.mark.models
@pytest.mark.parametrize("name", DEFAULT)
def test_the_default_models_are_here_and_right(name: str) -> None:
    assert Store(default_root()).verify(embedded(name)) == []
