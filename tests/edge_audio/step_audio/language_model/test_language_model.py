import json
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from edge_audio.step_audio.language_model.model import PIECE, LanguageModel
from runtime.errors import UserError
from runtime.worker import Cancelled, CancelToken

PROMPT = tuple(range(20, 20 + 3 * PIECE + 5))


def test_one_by_one_or_at_once_gives_the_same_logits(model: LanguageModel) -> None:
    cache = model.new_cache(len(PROMPT))
    at_once = model.read(PROMPT, model.new_cache(len(PROMPT)))
    for number in PROMPT:
        stepped = model.read([number], cache)
    np.testing.assert_allclose(stepped, at_once, atol=1e-5)
    assert cache.ids == PROMPT


def test_sequences_do_not_disturb_each_other(model: LanguageModel) -> None:
    one, other = model.new_cache(8), model.new_cache(8)
    model.read([20, 21], one)
    model.read([30, 31, 32], other)
    alone = model.new_cache(8)
    model.read([20, 21], alone)
    np.testing.assert_array_equal(model.read([22], one), model.read([22], alone))


def test_a_kept_prefix_is_as_good_as_reading_it_again(model: LanguageModel) -> None:
    cache = model.new_cache(64)
    model.read(PROMPT[:40], cache)
    cache.keep(10)
    again = model.new_cache(64)
    model.read(PROMPT[:10], again)
    np.testing.assert_array_equal(model.read([700, 701], cache), model.read([700, 701], again))
    assert cache.ids == (*PROMPT[:10], 700, 701)


def test_a_cancelled_reading_stops_at_once_and_leaves_whole_pieces(model: LanguageModel) -> None:
    token = CancelToken()
    cache = model.new_cache(8192)
    ids = [20 + place % 400 for place in range(8192)]
    cancelled_at_s = 0.0

    def cancel() -> None:
        nonlocal cancelled_at_s
        cancelled_at_s = time.perf_counter()
        token.cancel()

    threading.Timer(0.1, cancel).start()
    with pytest.raises(Cancelled):
        model.read(ids, cache, token)
    assert time.perf_counter() - cancelled_at_s < 0.25  # of a second or more
    assert 0 < cache.length < len(ids)
    assert cache.length % PIECE == 0
    assert cache.ids == tuple(ids[: cache.length])


@pytest.mark.parametrize("number", [-1, 5696])
def test_ids_of_another_vocabulary_are_refused(model: LanguageModel, number: int) -> None:
    cache = model.new_cache(8)
    with pytest.raises(UserError, match=f"has the ids 0 to 5695, not {number}"):
        model.read([20, number], cache)
    assert cache.length == 0


def test_a_cache_never_grows_beyond_its_capacity(model: LanguageModel) -> None:
    cache = model.new_cache(2)
    with pytest.raises(ValueError, match="3 positions don't fit into 2"):
        model.read([20, 21, 22], cache)


def test_a_folder_that_is_not_whole_is_refused(exported: Path, tmp_path: Path) -> None:
    shutil.copytree(exported, tmp_path / "lm")
    (tmp_path / "lm" / "weights.bin").unlink()
    with pytest.raises(UserError, match=r"weights\.bin is missing or incomplete"):
        LanguageModel.load(tmp_path / "lm")


@pytest.mark.parametrize("spoilt", [np.arange(5), np.arange(5121) + 5000])
def test_output_ids_of_another_model_are_refused(exported: Path, tmp_path: Path, spoilt: np.ndarray) -> None:
    folder = tmp_path / "lm"
    shutil.copytree(exported, folder)
    np.save(folder / "output_ids.npy", spoilt)
    record = json.loads((folder / "export.json").read_text())
    record["files"]["output_ids.npy"] = (folder / "output_ids.npy").stat().st_size
    (folder / "export.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match=r"output_ids\.npy"):
        LanguageModel.load(folder)
