from pathlib import Path

import numpy as np
import torch

from edge_audio.step_audio.features.speaker import SpeakerModel
from export.toy.speaker import write_speaker_model


def written(path: Path, seed: int) -> Path:
    write_speaker_model(path, torch.Generator().manual_seed(seed))
    return path


def test_the_speaker_model_loads_and_tells_voices_apart(tmp_path: Path) -> None:
    model = SpeakerModel(written(tmp_path / "campplus.onnx", 0))
    time = np.arange(16_000) / 16_000
    low, high = ((time * np.sin(2 * np.pi * hz * time)).astype(np.float32) for hz in (150, 3000))
    assert model(low).shape == (192,)
    assert np.abs(model(low) - model(high)).max() > 0.1


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    first, second, other = (
        written(tmp_path / f"{number}.onnx", seed) for number, seed in enumerate((0, 0, 1))
    )
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes() != other.read_bytes()
