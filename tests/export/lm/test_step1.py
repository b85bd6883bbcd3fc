from pathlib import Path

import msgspec
import torch

from export.checkpoint import open_tensors
from export.lm.config import read_config
from export.lm.step1 import Step1, Trace, attention_bias, streamed_logits


def opened(checkpoint: Path, dropout: float = 0.0) -> Step1:
    tensors = open_tensors(checkpoint)
    with torch.device("meta"):
        model = Step1(read_config(checkpoint, tensors), dropout)
    tensors.load_into(model)
    return model


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
    model = opened(checkpoint)
    with torch.no_grad():
        streamed = streamed_logits(tensors, config, ids, lambda: layers.append(None))
        assert torch.equal(streamed, model.logits(model(ids[None]))[0])
    assert len(layers) == config.num_hidden_layers


def test_a_text_read_at_once_in_a_batch_or_step_by_step_gives_the_same_logits(checkpoint: Path) -> None:
    model = opened(checkpoint)
    ids = torch.stack((torch.arange(7, 19), torch.arange(30, 18, -1)))
    with torch.no_grad():
        at_once = model.logits(model(ids))
        for row, expected in zip(ids, at_once, strict=True):
            cache = model.new_cache()
            parts = [model(row[None, :5], cache), *(model(each[None, None], cache) for each in row[5:])]
            torch.testing.assert_close(model.logits(torch.cat(parts, 1))[0], expected)


def test_dropout_works_in_training_alone_and_is_no_part_of_the_weights(checkpoint: Path) -> None:
    plain, dropping = opened(checkpoint), opened(checkpoint, dropout=0.5)
    ids = torch.arange(7, 19)[None]
    with torch.no_grad():
        assert not torch.allclose(dropping.train()(ids), plain.train()(ids))
        assert torch.equal(dropping.eval()(ids), plain(ids))
    assert dropping.state_dict().keys() == plain.state_dict().keys() == plain.config.shapes().keys()


def test_a_trace_holds_what_the_named_layers_compute(checkpoint: Path) -> None:
    model = opened(checkpoint)
    last = model.config.num_hidden_layers - 1
    trace = Trace((last,))
    with torch.no_grad():
        normed = model(torch.arange(7, 19)[None], trace=trace)
    assert trace.hidden.keys() == trace.scores.keys() == {last}
    assert torch.equal(model.model.norm(trace.hidden[last]), normed)
    assert trace.scores[last].shape == (1, model.config.num_attention_heads, 12, 12)
    assert trace.scores[last][0, 0, 3, 4] == -torch.inf


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
