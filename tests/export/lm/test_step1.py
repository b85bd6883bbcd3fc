from pathlib import Path

import msgspec
import torch

from export.checkpoint import open_tensors
from export.lm.config import read_config
from export.lm.step1 import Step1, attention_bias, streamed_logits


def test_the_bias_falls_with_the_root_of_the_distance_and_hides_the_future() -> None:
    bias = attention_bias((0.5,), past=3, new=2)[0]
    expected = -0.5 * torch.tensor([[3.0, 2.0, 1.0, 0.0], [4.0, 3.0, 2.0, 1.0]]).sqrt()
    torch.testing.assert_close(bias[:, :4], expected)
    assert bias[0, 4] == -torch.inf
    assert bias[1, 4] == 0.0


def test_streamed_weights_give_the_same_logits(checkpoint: Path) -> None:
    tensors = open_tensors(checkpoint)
    config = read_config(checkpoint, tensors)
    layers: list[None] = []
    ids = torch.arange(7, 19)
    with torch.device("meta"):
        model = Step1(config)
    tensors.load_into(model)
    with torch.no_grad():
        streamed = streamed_logits(tensors, config, ids, lambda: layers.append(None))
        assert torch.equal(streamed, model(ids, model.new_cache()))
    assert len(layers) == config.num_hidden_layers


def test_logits_are_scaled_and_slopes_replaced_as_the_configuration_says(checkpoint: Path) -> None:
    tensors = open_tensors(checkpoint)
    config = read_config(checkpoint, tensors)
    ids = torch.arange(7, 19)

    def logits(**changes: object) -> torch.Tensor:
        return streamed_logits(tensors, msgspec.structs.replace(config, **changes), ids, lambda: None)

    with torch.no_grad():
        torch.testing.assert_close(logits(logit_scale=2.0), 2 * logits())
        torch.testing.assert_close(logits(alibi_slopes=config.slopes), logits())
        for changed in ({"alibi_slopes": (0.9,) * 6}, {"max_pos_interp_ratio": 4.0}):
            assert (logits(**changed) - logits()).abs().max() > 1e-3
