import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from edge_audio.step_audio.component import Component
from edge_audio.step_audio.tokenizer.linguistic import LinguisticEncoder
from export.linguistic.config import CONFIG
from export.linguistic.export import KMEANS, MEAN_VARIANCE, MODEL, export_linguistic
from export.precision import Precision
from export.progress import silent
from export.release import PARAFORMER
from export.toy.linguistic import write_linguistic
from export.toy.size import Size
from runtime.errors import UserError

WEIGHT = "encoder.encoders.0.norm2.weight"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("released")
    write_linguistic(folder, Size.TINY, torch.Generator().manual_seed(3))
    return folder


@pytest.fixture
def released(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "released"))


def change_tensors(released: Path, **changes: torch.Tensor | None) -> None:
    path = released / PARAFORMER / MODEL
    tensors = torch.load(path, weights_only=True) | {WEIGHT: changes["tensor"]}
    torch.save({name: value for name, value in tensors.items() if value is not None}, path)


def refused(released: Path, *words: str, precision: Precision = Precision.FP32) -> None:
    output = released.parent / "exported" / "linguistic"
    with pytest.raises(UserError) as caught:
        export_linguistic(released, output, precision, silent)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not output.exists()
    assert not list(released.parent.glob("exported/.*"))


@pytest.mark.parametrize(
    ("precision", "error", "agreement"),
    [(Precision.FP32, 1e-4, 1.0), (Precision.FP16, 5e-2, 0.9), (Precision.INT8, 0.5, 0.8)],
)
def test_what_is_exported_loads_and_records_how_near_it_is(
    released: Path, tmp_path: Path, precision: Precision, error: float, agreement: float
) -> None:
    output = tmp_path / "linguistic"
    export_linguistic(released, output, precision, silent)
    record = Component(output, "linguistic").record
    assert record.precision == precision
    assert set(record.sources) == {MODEL, CONFIG, MEAN_VARIANCE, KMEANS}
    assert 0 < record.parity["encoded_max_abs_error"] < error
    assert agreement <= record.parity["codes_agreement"] <= 1.0
    session = LinguisticEncoder.load(output).session()
    codes = session.feed(np.random.default_rng(0).standard_normal(8000).astype(np.float32))
    assert len(codes) == 8
    assert len(set(codes.tolist())) > 1


def test_frames_of_zeros_stay_finite_in_half_precision(released: Path, tmp_path: Path) -> None:
    export_linguistic(released, tmp_path / "linguistic", Precision.FP16, silent)
    encoder = LinguisticEncoder.load(tmp_path / "linguistic")
    window = np.zeros((9, encoder.settings.features), np.float32)
    past = np.zeros((encoder.settings.blocks, encoder.settings.heads, 16, 8), np.float32)
    encoded, *_ = encoder._step(window, past, past, np.r_[np.zeros(16), np.ones(9)].astype(np.float32), None)
    assert np.all(np.isfinite(encoded))


@pytest.mark.parametrize("precision", [Precision.BF16, Precision.INT4])
def test_other_precisions_are_refused(released: Path, precision: Precision) -> None:
    refused(released, "linguistic", str(precision), precision=precision)


def test_a_missing_tensor_is_named(released: Path) -> None:
    change_tensors(released, tensor=None)
    refused(released, MODEL, WEIGHT.removeprefix("encoder."), "missing")


def test_a_misshapen_tensor_is_named(released: Path) -> None:
    change_tensors(released, tensor=torch.ones(5))
    refused(released, MODEL, WEIGHT.removeprefix("encoder."), "[5]")


def test_a_pickle_with_code_is_never_run(released: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"encoder.x": Evil()}, released / PARAFORMER / MODEL)
    refused(released, MODEL, "code")
    (released / KMEANS).write_bytes(pickle.dumps(Evil()))
    assert not (tmp_path / "ran").exists()


def test_a_truncated_checkpoint_is_refused(released: Path) -> None:
    path = released / PARAFORMER / MODEL
    path.write_bytes(path.read_bytes()[:-5000])
    refused(released, MODEL)


@pytest.mark.parametrize(
    "text", ["", "<AddShift> 2 2\n<LearnRateCoef> 0 [ 1 2 ]\n", "<AddShift>\n[ 1 x ]\n<Rescale>\n[ 1 ]\n"]
)
def test_a_wrong_normalisation_is_refused(released: Path, text: str) -> None:
    (released / PARAFORMER / MEAN_VARIANCE).write_text(text)
    refused(released, MEAN_VARIANCE, "560")


def test_centroids_that_are_objects_are_not_unpickled(released: Path) -> None:
    np.save(released / KMEANS, np.array([{"a": 1}], object), allow_pickle=True)
    refused(released, KMEANS)


@pytest.mark.parametrize(
    "centroids", [np.ones((4, 5), np.float32), np.ones(32, np.float32), np.ones((4, 32), int)]
)
def test_centroids_of_another_encoder_are_refused(released: Path, centroids: np.ndarray) -> None:
    np.save(released / KMEANS, centroids)
    refused(released, KMEANS, "32")


@pytest.mark.parametrize(
    ("section", "key", "value", "word"),
    [
        ("encoder_conf", "attention_heads", None, "attention_heads"),
        ("encoder_conf", "attention_heads", "four", "heads"),
        ("encoder_conf", "attention_heads", 5, "heads"),
        ("encoder_conf", "sanm_shfit", 3, "sanm_shfit"),
        ("frontend_conf", "window", "hann", "hamming"),
        ("frontend_conf", "lfr_m", 0, "stacked_frames"),
        ("frontend_conf", "lfr_m", 5, "560 values"),
    ],
)
def test_a_config_that_cannot_be_followed_is_refused(
    released: Path, section: str, key: str, value: object, word: str
) -> None:
    path = released / PARAFORMER / CONFIG
    content = yaml.safe_load(path.read_text())
    content[section][key] = value
    if value is None:
        del content[section][key]
    path.write_text(yaml.safe_dump(content))
    refused(released, word)


@pytest.mark.parametrize("text", ["!!python/object/apply:os.getcwd []", "[", "just text", "encoder_conf: {}"])
def test_a_config_that_is_no_plain_yaml_is_refused(released: Path, text: str) -> None:
    (released / PARAFORMER / CONFIG).write_text(text)
    refused(released, CONFIG)


def test_a_failed_export_leaves_the_earlier_one(released: Path, tmp_path: Path) -> None:
    output = tmp_path / "linguistic"
    export_linguistic(released, output, Precision.FP32, silent)
    (released / KMEANS).unlink()
    with pytest.raises(UserError, match=KMEANS):
        export_linguistic(released, output, Precision.FP32, silent)
    LinguisticEncoder.load(output)
