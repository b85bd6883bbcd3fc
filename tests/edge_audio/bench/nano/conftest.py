from pathlib import Path

import pytest

from tests.edge_audio.bench.nano.humming import TEXTS, write_part


@pytest.fixture
def corpus_folder(tmp_path: Path) -> Path:
    """A corpus of two speakers, in two parts."""
    folder = tmp_path / "corpus"
    for number, speaker in enumerate(("ann", "ben")):
        write_part(folder, number, [{"text": text, "narrator": speaker} for text in TEXTS])
    return folder
