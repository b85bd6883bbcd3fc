import pickle

import pytest
import torch
from safetensors.torch import save_file

from export.checkpoint import open_tensors
from runtime.errors import UserError


@pytest.fixture
def linear():
    return {"weight": torch.randn(3, 2), "bias": torch.randn(3)}


def save_torch(path, content):
    torch.save(content, path)
    return path


@pytest.mark.parametrize("wrap", [lambda state: state, lambda state: {"state_dict": state}])
def test_reads_torch_archives_wrapped_or_not(tmp_path, linear, wrap):
    module = torch.nn.Linear(2, 3)
    open_tensors(save_torch(tmp_path / "a.pt", wrap(linear))).load_into(module)
    assert torch.equal(module.weight, linear["weight"])


def test_reads_shards_by_their_index(tmp_path, linear):
    save_file({"weight": linear["weight"]}, tmp_path / "a.safetensors")
    save_file({"bias": linear["bias"]}, tmp_path / "b.safetensors")
    index = '{"weight_map": {"weight": "a.safetensors", "bias": "b.safetensors"}}'
    (tmp_path / "model.safetensors.index.json").write_text(index)
    tensors = open_tensors(tmp_path)
    assert tensors.size("weight", 1) == 2
    assert torch.equal(tensors.read("bias"), linear["bias"])


def test_an_index_cannot_point_outside_its_folder(tmp_path, linear):
    folder = tmp_path / "in"
    folder.mkdir()
    save_file(linear, tmp_path / "a.safetensors")
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"weight": "../a.safetensors"}}')
    with pytest.raises(UserError, match="not in the folder"):
        open_tensors(folder)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda state: state.pop("bias"), "tensor bias is missing"),
        (lambda state: state.update(more=torch.zeros(1)), "tensor more is not of this model"),
        (lambda state: state.update(bias=torch.zeros(4)), r"tensor bias has the shape \[4\], not \[3\]"),
    ],
)
def test_names_file_and_tensor_that_do_not_fit(tmp_path, linear, change, complaint):
    change(linear)
    path = tmp_path / "odd.safetensors"
    save_file(linear, path)
    with pytest.raises(UserError, match=complaint) as caught:
        open_tensors(path).load_into(torch.nn.Linear(2, 3))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("kept", [0, 4, 60, -4, -40])
@pytest.mark.parametrize("name", ["a.pt", "a.safetensors"])
def test_a_truncated_file_is_said_to_be_one(tmp_path, linear, name, kept):
    path = tmp_path / name
    if name.endswith(".pt"):
        torch.save(linear, path)
    else:
        save_file(linear, path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UserError, match=r"truncated|can't be read"):
        open_tensors(path).load_into(torch.nn.Linear(2, 3))


class Evil:
    def __reduce__(self):
        return (print, ("executed",))


def test_code_in_an_archive_is_never_run(tmp_path, capsys):
    with pytest.raises(UserError, match="holds code"):
        open_tensors(save_torch(tmp_path / "evil.pt", {"weight": Evil()}))
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(UserError, match="no torch archive"):
        open_tensors(tmp_path / "plain.pt")
    assert "executed" not in capsys.readouterr().out


def test_a_missing_file_is_a_clear_error(tmp_path):
    with pytest.raises(UserError, match="no checkpoint"):
        open_tensors(tmp_path / "none.pt")
    with pytest.raises(UserError, match=r"no \.safetensors"):
        open_tensors(tmp_path)


@pytest.mark.parametrize(
    ("odd", "complaint"),
    [
        (lambda weight: weight.to(torch.int64), "weight is of the type int64, not float"),
        (lambda weight: weight.to(torch.complex64), "weight is of the type complex64, not float"),
        (lambda weight: weight.to(torch.float8_e4m3fn), "weight is of the type float8_e4m3fn, not float"),
        (lambda weight: weight.fill_(float("nan")), "weight holds NaN or infinite values"),
        (lambda weight: weight.index_fill(0, torch.tensor(1), float("inf")), "weight holds NaN or infinite"),
        (lambda weight: weight.double().fill_(1e300), "weight holds NaN or infinite values"),
    ],
)
def test_refuses_weights_that_are_no_finite_floats(tmp_path, linear, odd, complaint):
    linear["weight"] = odd(linear["weight"])
    for path in (save_torch(tmp_path / "a.pt", linear), tmp_path / "a.safetensors"):
        if path.suffix == ".safetensors":
            save_file(linear, path)
        with pytest.raises(UserError, match=complaint) as caught:
            open_tensors(path).load_into(torch.nn.Linear(2, 3))
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("stored", [torch.float16, torch.bfloat16, torch.float64])
def test_reads_every_type_of_weights(tmp_path, linear, stored):
    state = {name: tensor.to(stored) for name, tensor in linear.items()}
    module = torch.nn.Linear(2, 3)
    open_tensors(save_torch(tmp_path / "a.pt", state)).load_into(module)
    assert torch.equal(module.weight, state["weight"].float())


@pytest.mark.parametrize(
    "odd",
    [lambda weight: weight.to_sparse(), lambda weight: torch.empty(weight.shape, device="meta")],
)
def test_refuses_tensors_without_plain_data(tmp_path, linear, odd):
    linear["weight"] = odd(linear["weight"])
    with pytest.raises(UserError, match="the tensor weight is sparse"):
        open_tensors(save_torch(tmp_path / "a.pt", linear))


@pytest.mark.parametrize(
    "index",
    [
        '{"weight_map": {"weight": 3}}',
        '{"weight_map": ["a.safetensors"]}',
        '{"weight_map": {"weight": "' + 5000 * "a" + '"}}',
        '{"weight_map": {"weight": "a\\u0000b"}}',
        '{"weight_map": {"weight": "two\\nlines"}}',
        '{"weight_map": ' + 100_000 * "[",
        "[]",
        "",
    ],
)
def test_an_index_of_anything_else_is_named_in_one_short_line(tmp_path, linear, index):
    save_file(linear, tmp_path / "a.safetensors")
    (tmp_path / "model.safetensors.index.json").write_text(index)
    with pytest.raises(UserError, match=r"model\.safetensors\.index\.json") as caught:
        open_tensors(tmp_path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
