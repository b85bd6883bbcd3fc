"""Matrix products of a finished graph in int8."""

from pathlib import Path

import onnx

from export.graph import quiet


def quantise_products(path: Path) -> None:
    """Replace the weights of the matrix products in the graph at `path` by int8, with a scale per column.

    What they are multiplied with is rounded when the graph runs, with a scale for the whole array.
    """
    # Imported here as it takes a second.
    from onnxruntime.quantization import QuantType, quantize_dynamic

    whole = onnx.load(path)
    with quiet():
        quantize_dynamic(
            whole, path, op_types_to_quantize=["MatMul"], per_channel=True, weight_type=QuantType.QInt8
        )
