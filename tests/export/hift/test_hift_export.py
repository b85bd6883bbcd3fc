import time

import numpy as np
import pytest
import torch

from edge_audio.step_audio.decoder.hift import HiftVocoder
from edge_audio.step_audio.decoder.source import SeededSourceNoise
from export.hift.config import read_hift_config
from export.hift.export import export_hift
from export.precision import Precision
from export.progress import silent
from export.toy.cosyvoice_yaml import write_cosyvoice_yaml
from export.toy.hift import write_hift
from export.toy.size import Size
from runtime.errors import UserError
from runtime.worker import Cancelled, CancelToken


def write_release(folder):
    folder.mkdir()
    section = write_hift(folder, Size.TINY, torch.Generator().manual_seed(3))
    write_cosyvoice_yaml(folder, flow={}, hift=section)
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    export_hift(write_release(folder / "released"), folder / "hift", Precision.FP32, silent)
    return folder / "hift"


def mel(frames):
    return np.random.default_rng(0).standard_normal((80, frames), np.float32)


def test_what_was_exported_sounds_as_the_module_did(exported):
    vocoder = HiftVocoder.load(exported)
    assert (vocoder.sample_rate_hz, vocoder.settings.source.samples_per_frame) == (22050, 256)
    assert max(vocoder.settings.source.weights) > 0
    record = (exported / "export.json").read_text()
    assert '"wav_max_abs_error"' in record
    assert '"hift.pt"' in record


@pytest.mark.parametrize("frames", [1, 2, 3, 60])
def test_pieces_add_up_to_the_whole_for_any_length(exported, frames):
    vocoder = HiftVocoder.load(exported)
    session = vocoder.session(9)
    sound = [session.feed(mel(frames)[:, start : start + 13]) for start in range(0, frames, 13)]
    whole = vocoder.wav(mel(frames), SeededSourceNoise(9, len(vocoder.settings.source.weights)))
    assert whole.shape == (frames * 256,)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(np.concatenate([*sound, session.finish()]), whole, atol=2e-6)


def test_a_cancelled_computation_stops_at_once(exported):
    vocoder, token, minute = HiftVocoder.load(exported), CancelToken(), mel(2000)
    token.cancel()
    before_s = time.perf_counter()
    with pytest.raises(Cancelled):
        vocoder.session(0).whole(minute, token)
    assert time.perf_counter() - before_s < 0.25  # of a second or more


def test_other_precisions_are_refused_before_anything_is_read(tmp_path):
    with pytest.raises(UserError, match=r"hift can't be exported as fp16"):
        export_hift(tmp_path / "none", tmp_path / "hift", Precision.FP16, silent)


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("conv_pre.weight_v", lambda state, name: state.pop(name), r"conv_pre\.weight_v is missing"),
        ("ups.1.bias", lambda state, name: state.pop(name), r"ups\.1\.bias is missing"),
        (
            "conv_post.weight_v",
            lambda state, name: state.update({name: state[name][:, :, :5].clone()}),
            r"conv_post\.weight_v has the shape \[18, 4, 5\], not \[18, 4, 7\]",
        ),
        ("stray", lambda state, name: state.update({name: torch.ones(1)}), "stray is not of this model"),
    ],
)
def test_a_file_that_does_not_fit_is_named_and_nothing_is_written(tmp_path, name, change, complaint):
    released = write_release(tmp_path / "released")
    state = torch.load(released / "hift.pt")
    change(state, name)
    torch.save(state, released / "hift.pt")
    with pytest.raises(UserError, match=rf"hift\.pt: the tensor {complaint}"):
        export_hift(released, tmp_path / "hift", Precision.FP32, silent)
    assert [path.name for path in tmp_path.iterdir()] == ["released"]


def test_a_release_without_its_description_is_refused(tmp_path):
    released = write_release(tmp_path / "released")
    (released / "cosyvoice.yaml").write_text("sample_rate: 22050\n")
    with pytest.raises(UserError, match=r"cosyvoice\.yaml has no section hift"):
        export_hift(released, tmp_path / "hift", Precision.FP32, silent)


def test_lists_that_do_not_belong_together_are_refused(tmp_path):
    released = write_release(tmp_path / "released")
    text = (released / "cosyvoice.yaml").read_text()
    assert "upsample_rates:\n  - 8\n  - 8\n" in text
    (released / "cosyvoice.yaml").write_text(
        text.replace("upsample_rates:\n  - 8\n  - 8\n", "upsample_rates:\n  - 8\n")
    )
    with pytest.raises(UserError, match="differ in length"):
        export_hift(released, tmp_path / "hift", Precision.FP32, silent)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("hop_len: 4", "hop_len: 0", "hop_len"),
        ("upsample_rates:\n  - 8", "upsample_rates:\n  - -8", "upsample_rates"),
        ("nsf_sigma: 0.003", "nsf_sigma: .nan", "nsf_sigma"),
        ("audio_limit: 0.99", "audio_limit: 0", "audio_limit"),
    ],
)
def test_numbers_that_nothing_can_be_computed_with_are_named(tmp_path, old, new, key):
    path = write_release(tmp_path / "released") / "cosyvoice.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(UserError, match=f"section hift: .*{key}"):
        read_hift_config(path)
