"""How the large weights of an exported model are stored."""

from collections.abc import Collection
from enum import StrEnum

from runtime.errors import UserError


class Precision(StrEnum):
    """How the large weights are stored; norms, biases and what decides codes stay in float32."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"
    FP16_STORED = "fp16-stored"
    """float16 in the file, float32 in what computes: half as large, and as fast as fp32."""
    INT8 = "int8"
    INT8_STORED = "int8-stored"
    """int8 in the file, with a scale for each row; float32 in what computes."""
    INT4 = "int4"

    def among(self, possible: Collection["Precision"], component: str) -> "Precision":
        """Return it if it is one of those that `component` can be exported in, else raise `UserError`."""
        if self not in possible:
            raise UserError(
                f"{component} can't be exported as {self}.", f"Choose one of {', '.join(sorted(possible))}."
            )
        return self
