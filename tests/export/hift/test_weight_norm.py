import pytest
import torch

from export.checkpoint import open_tensors
from export.hift.weight_norm import load_weight_normed
from runtime.errors import UserError


@pytest.fixture
def normed():
    """A module under torch's own weight norm, and what it computes."""
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Conv1d(3, 4, 5), torch.nn.ConvTranspose1d(4, 2, 6))
    for layer in module:
        torch.nn.utils.parametrizations.weight_norm(layer)
        layer.parametrizations.weight.original0.data.mul_(1.5)
    return module


def plain():
    return torch.nn.Sequential(torch.nn.Conv1d(3, 4, 5), torch.nn.ConvTranspose1d(4, 2, 6))


def older(name):
    name = name.replace("parametrizations.weight.original0", "weight_g")
    return name.replace("parametrizations.weight.original1", "weight_v")


@pytest.mark.parametrize(
    "rename",
    [older, lambda name: name, lambda name: "generator." + older(name)],
    ids=["old", "new", "prefix"],
)
def test_a_folded_kernel_computes_the_same(tmp_path, normed, rename):
    state = {rename(name): value for name, value in normed.state_dict().items()}
    torch.save(state, tmp_path / "hift.pt")
    folded = plain()
    load_weight_normed(open_tensors(tmp_path / "hift.pt"), folded)
    x = torch.randn(1, 3, 20)
    torch.testing.assert_close(folded(x), normed(x), rtol=0, atol=1e-6)


def test_a_kernel_may_be_plain(tmp_path):
    theirs, ours = plain(), plain()
    torch.save(theirs.state_dict(), tmp_path / "hift.pt")
    load_weight_normed(open_tensors(tmp_path / "hift.pt"), ours)
    assert torch.equal(ours[1].weight, theirs[1].weight)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda state: state.pop("0.weight_g"), r"tensor 0\.weight_g is missing"),
        (lambda state: state.pop("1.weight_v"), r"tensor 1\.weight_v is missing"),
        (lambda state: (state.pop("0.weight_g"), state.pop("0.weight_v")), r"tensor 0\.weight is missing"),
        (lambda state: state.pop("1.bias"), r"tensor 1\.bias is missing"),
        (lambda state: state.update({"0.weight_g": torch.ones(4)}), r"0\.weight_g has the shape \[4\]"),
        (lambda state: state.update({"1.weight_v": torch.ones(2, 4, 6)}), r"1\.weight_v has the shape"),
        (lambda state: state.update(more=torch.ones(1)), "tensor more is not of this model"),
    ],
)
def test_a_half_or_misshapen_pair_is_named(tmp_path, normed, change, complaint):
    state = {older(name): value for name, value in normed.state_dict().items()}
    change(state)
    torch.save(state, tmp_path / "hift.pt")
    with pytest.raises(UserError, match=complaint) as caught:
        load_weight_normed(open_tensors(tmp_path / "hift.pt"), plain())
    assert "hift.pt" in str(caught.value)
