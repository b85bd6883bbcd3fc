import shutil
import threading
import time
from functools import partial

import numpy as np
import pytest
import torch

from edge_audio.step_audio.component import Component
from edge_audio.step_audio.decoder.flow import ENCODER, ESTIMATOR, FlowDecoder
from edge_audio.step_audio.voice_prompt import VoicePrompt
from export.checkpoint import open_tensors
from export.flow.config import released_config
from export.flow.export import MODEL, export_flow, flow_settings, module_decoder
from export.flow.flow import load_flow
from export.precision import Precision
from export.progress import silent
from export.toy.cosyvoice_yaml import SAMPLE_RATE, write_cosyvoice_yaml
from export.toy.flow import write_flow
from export.toy.size import Size
from runtime.errors import UserError
from runtime.worker import Cancelled, CancelToken


def write_decoder(folder):
    folder.mkdir()
    flow = write_flow(folder, Size.TINY, torch.Generator().manual_seed(0))
    write_cosyvoice_yaml(folder, flow=flow, hift={"sampling_rate": SAMPLE_RATE})
    return folder


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return write_decoder(tmp_path_factory.mktemp("flow") / "CosyVoice-300M-25Hz")


@pytest.fixture(scope="module")
def exported(release):
    export_flow(release, release.parent / "flow", Precision.FP32, silent)
    return release.parent / "flow"


@pytest.fixture(scope="module")
def modules(release):
    config = released_config(release)
    flow = load_flow(open_tensors(release / MODEL), config)
    return module_decoder(flow, flow_settings(flow, config))


def spoken(seed, codes, frames, prompt_codes, prompt_frames):
    generator = np.random.default_rng(seed)
    prompt = VoicePrompt(
        generator.integers(5120, size=prompt_codes),
        generator.standard_normal((prompt_frames, 80)).astype(np.float32),
        generator.standard_normal(192).astype(np.float32),
    )
    noise = generator.standard_normal((80, prompt_frames + frames)).astype(np.float32)
    return generator.integers(5120, size=codes), prompt, noise


@pytest.mark.parametrize(
    ("codes", "frames", "prompt_codes", "prompt_frames"),
    [
        (2, 4, 0, 0),
        (1, 1, 0, 0),
        (1, 2, 1, 1),
        (7, 15, 3, 6),
        (40, 82, 23, 51),
        (60, 124, 0, 0),
        (9, 30, 4, 3),
    ],
)
def test_graphs_decode_as_the_modules_do(exported, modules, codes, frames, prompt_codes, prompt_frames):
    case = spoken(1, codes, frames, prompt_codes, prompt_frames)
    ours, theirs = FlowDecoder.load(exported).mel(*case), modules.mel(*case)
    assert ours.shape == (80, frames)
    assert np.max(np.abs(ours - theirs)) < 5e-4


def test_negative_codes_count_as_the_code_0(exported):
    codes, prompt, noise = spoken(2, 6, 12, 2, 4)
    codes[3] = 0
    expected = FlowDecoder.load(exported).mel(codes, prompt, noise)
    codes[3] = -1
    assert np.array_equal(FlowDecoder.load(exported).mel(codes, prompt, noise), expected)


def test_the_record_says_what_was_read_and_how_close_it_came(exported):
    record = Component(exported, "flow").record
    assert record.parity["mel_max_abs_error"] < 5e-4
    assert record.parity["mel_rms"] > 0.1
    assert set(record.files) == {"encoder.onnx", "estimator.onnx"}
    assert set(record.sources) == {"flow.pt", "cosyvoice.yaml"}
    settings = FlowDecoder.load(exported).settings
    assert (settings.vocabulary, settings.bands, settings.embedding, settings.steps) == (5120, 80, 192, 10)
    assert settings.guidance == 0.7
    assert settings.frames_of(40) == 82


def test_fewer_steps_and_rounded_times_give_another_mel_of_the_same_length(exported):
    case = spoken(3, 6, 12, 2, 4)
    whole = FlowDecoder.load(exported).mel(*case)
    for options in ({"steps": 4}, {"rounded_times": True}):
        other = FlowDecoder.load(exported, **options).mel(*case)
        assert other.shape == whole.shape
        assert 0 < np.max(np.abs(other - whole)) < np.max(np.abs(whole))
    with pytest.raises(UserError, match="can't take 0 steps"):
        FlowDecoder.load(exported, steps=0)


def test_int8_is_near_and_tells_how_near(release, tmp_path, exported, monkeypatch):
    for function, name in (("write_encoder", ENCODER), ("write_estimator", ESTIMATOR)):
        copy = partial(shutil.copyfile, exported / name)
        monkeypatch.setattr(f"export.flow.export.{function}", lambda _flow, path, copy=copy: copy(path))
    export_flow(release, tmp_path / "flow", Precision.INT8, silent)
    record = Component(tmp_path / "flow", "flow").record
    assert record.precision == "int8"
    assert 1e-3 < record.parity["mel_mean_abs_error"] < 0.1 * record.parity["mel_rms"]
    assert record.files[ESTIMATOR] < Component(exported, "flow").record.files[ESTIMATOR]
    assert record.files[ENCODER] == Component(exported, "flow").record.files[ENCODER]


def test_a_precision_that_it_has_not_is_refused(release, tmp_path):
    with pytest.raises(UserError, match="flow can't be exported as int4"):
        export_flow(release, tmp_path / "flow", Precision.INT4, silent)


def test_a_cancel_frees_the_worker_in_the_middle_of_a_step(exported):
    decoder, token = FlowDecoder.load(exported), CancelToken()
    case = spoken(4, 1500, 3100, 0, 0)
    cancelled_at = []

    def cancel():
        cancelled_at.append(time.perf_counter())
        token.cancel()

    timer = threading.Timer(0.3, cancel)
    timer.start()
    with pytest.raises(Cancelled):
        decoder.mel(*case, token)
    assert time.perf_counter() - cancelled_at[0] < 0.25
    assert decoder.mel(*spoken(5, 2, 4, 0, 0)).shape == (80, 4)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda state: state.pop("encoder_proj.bias"), "encoder_proj.bias is missing"),
        (lambda state: state.pop("input_embedding.weight"), "input_embedding.weight is missing"),
        (lambda state: state.update({"decoder.more": torch.zeros(2)}), "decoder.more is not of this model"),
        (
            lambda state: state.update({"length_regulator.model.4.bias": torch.zeros(3)}),
            r"length_regulator.model.4.bias has the shape \[3\], not \[80\]",
        ),
    ],
)
def test_a_checkpoint_that_does_not_fit_leaves_nothing(tmp_path, change, complaint):
    decoder = write_decoder(tmp_path / "decoder")
    state = torch.load(decoder / MODEL, weights_only=True)
    change(state)
    torch.save(state, decoder / MODEL)
    with pytest.raises(UserError, match=complaint) as caught:
        export_flow(decoder, tmp_path / "flow", Precision.FP32, silent)
    assert str(decoder / MODEL) in caught.value.cause
    assert [path.name for path in tmp_path.iterdir()] == ["decoder"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("t_scheduler: cosine", "t_scheduler: linear", "section flow: .*t_scheduler"),
        ("act_fn: gelu", "act_fn: snakebeta", "section flow: .*act_fn"),
        ("num_heads: 2", "num_heads: two", "section flow: .*num_heads"),
        ("num_heads: 2", "num_heads: 0", "section flow: .*num_heads"),
        ("input_frame_rate: 4", "input_frame_rate: -4", "section flow: .*input_frame_rate"),
        ("inference_cfg_rate: 0.7", "inference_cfg_rate: .nan", "section flow: .*inference_cfg_rate"),
        (
            "normalize_before",
            "static_chunk_size: 25\n    normalize_before",
            "section flow: .*static_chunk_size",
        ),
        ("\nflow:", "\nriver:", "no section flow"),
    ],
)
def test_another_variant_of_the_model_is_refused(tmp_path, old, new, complaint):
    decoder = write_decoder(tmp_path / "decoder")
    path = decoder / "cosyvoice.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(UserError, match=complaint):
        released_config(decoder)
