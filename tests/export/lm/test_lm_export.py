import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from edge_audio.step_audio.component import Component
from edge_audio.step_audio.language_model.model import LanguageModel
from edge_audio.step_audio.sampler import Sampling
from edge_audio.step_audio.text_tokenizer import TextTokenizer
from export.lm.export import export_lm
from export.lm.generation_config import GenerationConfig, read_generation_config
from export.precision import Precision
from export.progress import silent
from export.toy.tokenizer import write_tokenizer
from runtime.errors import UserError

GOLDEN = Path(__file__).parents[2] / "data" / "golden" / "lm"

SHARD = "model-00001-of-00001.safetensors"


@pytest.mark.parametrize(
    ("precision", "largest_error"),
    [("fp32", 1e-5), ("bf16", 1e-5), ("fp16", 1e-2), ("int8", 0.4), ("int4", 4.0)],
)
def test_every_precision_computes_and_tells_how_far_off_it_is(
    checkpoint: Path, tmp_path: Path, precision: str, largest_error: float
) -> None:
    export_lm(checkpoint, tmp_path / "lm", Precision(precision), silent)
    record = Component(tmp_path / "lm", "lm").record
    assert record.precision == precision
    assert 0 < record.parity["logits_max_abs_error"] < largest_error
    assert record.parity["logits_mean_abs_error"] < record.parity["logits_max_abs_error"]
    assert 0.4 < record.parity["greedy_agreement"] <= 1.0


def test_the_head_is_cut_to_sound_and_the_end_of_the_turn(checkpoint: Path, tmp_path: Path) -> None:
    export_lm(checkpoint, tmp_path / "lm", Precision.FP32, silent)
    model = LanguageModel.load(tmp_path / "lm")
    tokenizer = TextTokenizer.open(tmp_path / "lm")
    assert tokenizer.audio is not None
    assert model.end_of_turn == tokenizer.end_of_turn == 3
    assert model.output_ids.tolist() == [3, *tokenizer.audio.ids]
    logits = model.read([20, 21], model.new_cache(2))
    assert logits.shape == (5121,)
    assert np.isfinite(logits).all()


def test_the_record_tells_how_many_bytes_a_step_reads(checkpoint: Path, tmp_path: Path) -> None:
    export_lm(checkpoint, tmp_path / "lm", Precision.INT8, silent)
    layer = 96 * 96 * 2 + 96 * 32 * 2 + 96 * 128 * 3
    norms = (2 * 2 + 1) * 96 * 4
    weights = 2 * layer + 5121 * 96
    assert LanguageModel.load(tmp_path / "lm").settings.step_bytes == weights * 9 // 8 + norms


def test_a_release_s_record_says_nothing_of_tags_and_sampling(checkpoint: Path, tmp_path: Path) -> None:
    export_lm(checkpoint, tmp_path / "lm", Precision.FP32, silent)
    written = Component(tmp_path / "lm", "lm").record.settings
    assert not {"control_tags", "sampling", "phase_rule"} & written.keys()
    settings = LanguageModel.load(tmp_path / "lm").settings
    assert (settings.control_tags, settings.sampling, settings.phase_rule) == (None, None, False)


def test_the_record_tells_the_tags_and_the_sampling_of_a_model_of_our_own(
    checkpoint: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    shutil.copytree(checkpoint, own)
    changed_json("config.json", control_tags=["慢速1", "低音"])(own)
    changed_json("generation_config.json", temperature=0.5, top_p=0.9, phase_rule=True)(own)
    export_lm(own, tmp_path / "lm", Precision.FP32, silent)
    settings = LanguageModel.load(tmp_path / "lm").settings
    assert settings.control_tags == ("慢速1", "低音")
    assert settings.sampling == Sampling(temperature=0.5, top_k=50, top_p=0.9)
    assert settings.phase_rule


@pytest.mark.parametrize(
    ("said", "sampling"),
    [
        ({"temperature": 0.3}, Sampling(0.3, 50, 1.0)),
        ({"top_k": 0}, Sampling(0.7, 0, 1.0)),
        ({"do_sample": True, "top_p": 0.8, "top_k": None}, Sampling(0.7, 50, 0.8)),
        ({"do_sample": False, "temperature": 0.3}, Sampling(0.0, 50, 1.0)),
        ({"do_sample": True}, None),
        ({"bos_token_id": 1, "transformers_version": "4.48.0"}, None),
    ],
)
def test_ids_are_drawn_as_the_checkpoint_says_and_else_as_in_the_release(
    tmp_path: Path, said: dict[str, object], sampling: Sampling | None
) -> None:
    (tmp_path / "generation_config.json").write_text(json.dumps(said))
    assert read_generation_config(tmp_path).sampling == sampling


def test_a_checkpoint_without_generation_config_is_one_of_the_release(tmp_path: Path) -> None:
    assert read_generation_config(tmp_path) == GenerationConfig()


def test_without_a_tokenizer_every_id_can_be_said(tmp_path: Path) -> None:
    export_lm(GOLDEN, tmp_path / "lm", Precision.FP32, silent)
    model = LanguageModel.load(tmp_path / "lm")
    assert (model.end_of_turn, model.settings.logits) == (3, 300)
    assert model.output_ids.tolist() == list(range(300))
    assert model.read([1], model.new_cache(1)).shape == (300,)


def test_progress_counts_up_to_its_total(checkpoint: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    export_lm(checkpoint, tmp_path / "lm", Precision.FP32, lambda _, done, total: told.append((done, total)))
    assert told == [(done, len(told)) for done in range(1, len(told) + 1)]


def changed_json(name: str, **changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = json.loads((folder / name).read_text()) | changes
        (folder / name).write_text(json.dumps(content))

    return change


def changed_config(**changes: object) -> Callable[[Path], None]:
    return changed_json("config.json", **changes)


def changed_tensors(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    def rewrite(folder: Path) -> None:
        (folder / "model.safetensors.index.json").unlink()
        tensors = load_file(folder / SHARD)
        change(tensors)
        save_file(tensors, folder / SHARD)

    return rewrite


def cut_shard(folder: Path) -> None:
    content = (folder / SHARD).read_bytes()
    (folder / SHARD).write_bytes(content[: len(content) // 2])


def larger_tokenizer(folder: Path) -> None:
    write_tokenizer(folder, 600)


K_PROJ = "model.layers.1.self_attn.k_proj.weight"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (changed_config(hidden_size=90), "config.json: hidden_size is 90, but model.embed_tokens.weight"),
        (changed_config(num_attention_heads=5), "config.json: 5 heads in 2 groups"),
        (changed_config(num_attention_groups=3), "config.json: 3 groups of 16 are 48, but model.layers.0"),
        (changed_config(num_hidden_layers=3), "config.json: num_hidden_layers is 3"),
        (changed_config(vocab_size=5000), "config.json: vocab_size is 5000"),
        (changed_config(intermediate_size=64), "config.json: intermediate_size is 64"),
        (changed_config(alibi_slopes=[0.5, 0.25]), "config.json: there are 2 alibi_slopes for 6 heads"),
        (changed_config(rms_norm_eps="small"), "config.json: Expected `float`"),
        (changed_config(control_tags=["慢速1", "加油"]), "config.json: no voice can be asked for 加油"),
        (changed_config(control_tags="慢速1"), "config.json: Expected `array`"),
        (
            changed_json("generation_config.json", temperature=0),
            "generation_config.json: Expected `float` > 0.0",
        ),
        (changed_json("generation_config.json", top_p=2), "generation_config.json: Expected `float` <= 1.0"),
        (lambda folder: (folder / "config.json").unlink(), "config.json can't be read"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json: Input data was truncated"),
        (changed_tensors(lambda tensors: tensors.pop(K_PROJ)), f"the tensor {K_PROJ} is missing"),
        (changed_tensors(lambda tensors: tensors.update(extra=torch.ones(1))), "the tensor extra is not"),
        (
            changed_tensors(lambda tensors: tensors.update({K_PROJ: torch.ones(3, 96)})),
            f"the tensor {K_PROJ} has the shape [3, 96], not [32, 96]",
        ),
        (
            changed_tensors(lambda tensors: tensors.update({K_PROJ: torch.full((32, 96), torch.nan)})),
            f"the tensor {K_PROJ} holds NaN or infinite values",
        ),
        (cut_shard, f"{SHARD} is truncated"),
        (
            lambda folder: (folder / "tokenizer.model").unlink(),
            "has tokenizer_config.json, but neither tokenizer.model nor tokenizer.json",
        ),
        (lambda folder: (folder / "config.json").write_text(100_000 * "["), "config.json: "),
        (larger_tokenizer, "the tokenizer has 5720 ids, but model.embed_tokens.weight and lm_head.weight"),
    ],
)
def test_what_does_not_fit_is_told_in_one_line_and_nothing_is_written(
    checkpoint: Path, tmp_path: Path, spoil: Callable[[Path], None], message: str
) -> None:
    folder = tmp_path / "spoilt"
    shutil.copytree(checkpoint, folder)
    spoil(folder)
    with pytest.raises(UserError) as error:
        export_lm(folder, tmp_path / "out" / "lm", Precision.INT4, silent)
    assert message in error.value.cause
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "out").glob("*"))


def test_a_full_disk_is_found_out_before_anything_is_written(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(UserError, match=r"needs .* GB, but only 0\.0 GB are free"):
        export_lm(checkpoint, tmp_path / "out" / "lm", Precision.FP32, silent)
    assert not (tmp_path / "out").exists()
