from pathlib import Path

import pytest

from edge_audio.tts.step_audio import SpeechModels


@pytest.fixture(scope="session")
def models(toy_models: Path) -> SpeechModels:
    return SpeechModels.load(toy_models)
