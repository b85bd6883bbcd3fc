import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from export.lm.quantise import Blocks, quantise

BLOCK = 32


def restored(blocks: Blocks, bits: int) -> torch.Tensor:
    numbers = blocks.packed
    if bits == 4:
        numbers = torch.stack([numbers & 15, numbers >> 4], -1).flatten(-2)
    return ((numbers.float() - 2 ** (bits - 1)) * blocks.scales[..., None]).flatten(1)


@given(st.sampled_from([4, 8]), st.integers(1, 40), st.integers(1, 100), st.integers(0, 2**31))
def test_every_value_is_within_a_step_and_the_largest_exact(
    bits: int, rows: int, columns: int, seed: int
) -> None:
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    blocks = quantise(matrix, bits, BLOCK)
    values = restored(blocks, bits)
    padded = torch.zeros(rows, values.shape[1])
    padded[:, :columns] = matrix
    error = (values - padded).abs().unflatten(1, (-1, BLOCK))
    # One step, where the side opposite to the largest value has no number left for it.
    assert (error <= blocks.scales.abs()[..., None] * 1.0001).all()
    largest = padded.abs().unflatten(1, (-1, BLOCK)).argmax(2, keepdim=True)
    assert error.gather(2, largest).max() < 1e-6


def test_zeros_stay_zeros() -> None:
    assert restored(quantise(torch.zeros(2, 64), 4, BLOCK), 4).abs().max() == 0


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("columns", [96, 80])
def test_onnx_runtime_reads_the_blocks_as_they_are_meant(bits: int, columns: int) -> None:
    matrix = torch.randn(24, columns, generator=torch.Generator().manual_seed(3))
    blocks = quantise(matrix, bits, BLOCK)
    product = helper.make_node(
        "MatMulNBits",
        ["x", "b", "s"],
        ["y"],
        domain="com.microsoft",
        K=columns,
        N=24,
        bits=bits,
        block_size=BLOCK,
    )
    graph = helper.make_graph(
        [product],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [columns, columns])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [columns, 24])],
        [
            numpy_helper.from_array(blocks.packed.numpy(), "b"),
            numpy_helper.from_array(blocks.scales.numpy(), "s"),
        ],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (values,) = session.run(None, {"x": np.eye(columns, dtype=np.float32)})
    np.testing.assert_allclose(values, restored(blocks, bits)[:, :columns].T, atol=1e-5)
