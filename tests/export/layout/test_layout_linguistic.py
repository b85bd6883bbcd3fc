from pathlib import Path

import numpy as np
import torch

from export.layout.linguistic import PREFIX, write_linguistic_files
from export.linguistic.config import CONFIG, read_released_config
from export.linguistic.encoder import EncoderSizes, LinguisticEncoder
from export.linguistic.export import KMEANS, MEAN_VARIANCE, MODEL, open_source
from export.release import PARAFORMER

SIZES = EncoderSizes(
    features=560, width=24, heads=3, feed_forward=40, blocks=2, kernel=7, window=9, chunk=4, past=16
)


def test_what_is_written_is_read_back_to_the_last_bit(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = LinguisticEncoder(SIZES)
    tensors = {PREFIX + name: tensor for name, tensor in module.state_dict().items()}
    normalisation, centroids = torch.randn(2, 560) / 3, torch.randn(50, 24) / 3
    write_linguistic_files(tmp_path, SIZES, tensors, normalisation, centroids)
    folder = tmp_path / PARAFORMER
    config = read_released_config(folder / CONFIG)
    read = open_source(folder / MODEL, folder / MEAN_VARIANCE, tmp_path / KMEANS, config)
    assert read.module.sizes == SIZES
    assert all(
        torch.equal(read.module.state_dict()[name], each) for name, each in module.state_dict().items()
    )
    assert np.array_equal(read.normalisation, normalisation.numpy())
    assert np.array_equal(read.centroids, centroids.numpy())
