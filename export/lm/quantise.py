"""Weights as whole numbers of 4 or 8 bits, block by block along each row: what MatMulNBits reads."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

_ROWS = 512
"""Rows done at a time, which bounds the memory it takes."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """A matrix (rows, columns) as blocks of whole numbers, each with a scale."""

    packed: Tensor
    """uint8 (rows, blocks, bytes of a block); of 4-bit numbers, the earlier one in the lower half."""
    scales: Tensor
    """float32 (rows, blocks). A value is its scale times what the number is above the middle one."""


def quantise(matrix: Tensor, bits: int, block: int) -> Blocks:
    """Round `matrix` (rows, columns), of any float type, to `bits` (4 or 8) in blocks of `block` columns.

    The value of largest magnitude takes the lowest number, so that none of the range is wasted. Columns
    beyond the last whole block are filled with zeros.
    """
    parts = [_quantise_rows(rows, bits, block) for rows in torch.split(matrix, _ROWS)]
    return Blocks(torch.cat([part.packed for part in parts]), torch.cat([part.scales for part in parts]))


def _quantise_rows(rows: Tensor, bits: int, block: int) -> Blocks:
    middle = 1 << (bits - 1)
    values = pad(rows.float(), (0, -rows.shape[1] % block)).reshape(len(rows), -1, block)
    least, greatest = values.amin(2, keepdim=True), values.amax(2, keepdim=True)
    extreme = torch.where(-least >= greatest, least, greatest)
    scales = extreme / -middle
    inverse = torch.where(scales == 0, 0.0, 1.0 / scales)
    numbers = (values * inverse + middle).round_().clamp_(0, 2 * middle - 1).to(torch.uint8)
    if bits == 4:
        numbers = numbers[..., 0::2] | numbers[..., 1::2] << 4
    return Blocks(numbers, scales.squeeze(2))
