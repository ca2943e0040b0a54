"""A network's sums of Python integers and digit arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from operator import index

import numpy as np
from jaxtyping import UInt8

from ripplecarry.arithmetic.digits import from_digits, to_digits
from ripplecarry.errors import OperandError
from ripplecarry.evaluation.stream import SHORT_POSITIONS, NetworkSums, batches

Number = int | np.ndarray


@dataclass(frozen=True)
class ArrayDigits:
    """A number in memory, least significant digit first."""

    values: UInt8[np.ndarray, " position"]

    @property
    def length(self) -> int:
        return self.values.size

    def digits(self, start: int, stop: int) -> UInt8[np.ndarray, " position"]:
        found = self.values[start:stop]
        return np.pad(found, (0, stop - start - found.size))


def add_numbers(sums: NetworkSums, rows: Sequence[Sequence[Number]]) -> list[int]:
    """The network's sum of each row.

    Args:
        rows: a number for each operand: an integer, or an array of digits, least significant first.
    Raises:
        OperandError: a number that is negative, no integer, or has digits outside the base.
    """
    if not rows:
        return []
    operands = [[ArrayDigits(_digits(number, sums.base)) for number in row] for row in rows]
    num_positions = sums.num_positions(np.array([[each.length for each in row] for row in operands]))
    results = [0] * len(rows)
    for long in np.flatnonzero(num_positions > SHORT_POSITIONS):
        pieces = [piece.answers for piece in sums.stream(operands[long])]
        results[long] = from_digits(np.concatenate(pieces), sums.base)
    short = np.flatnonzero(num_positions <= SHORT_POSITIONS)
    for some in batches(num_positions[short]):
        chosen = short[some]
        longest = int(num_positions[chosen].max())
        batch = np.array([[each.digits(0, longest) for each in operands[row]] for row in chosen])
        answers = sums.answer(batch.transpose(0, 2, 1), num_positions[chosen])
        for row, result in zip(chosen.tolist(), from_digits(answers, sums.base), strict=True):
            results[row] = result
    return results


def _digits(number: Number, base: int) -> UInt8[np.ndarray, " position"]:
    if isinstance(number, np.ndarray) and number.ndim:
        if number.ndim != 1 or not number.size or number.dtype.kind not in "iu":
            raise OperandError(
                f"an operand is an array of shape {number.shape} and type {number.dtype}; "
                "digits are whole numbers on one axis, least significant first"
            )
        wrong = np.flatnonzero((number < 0) | (number >= base))[:1]
        if wrong.size:
            raise OperandError(f"digit {number[wrong[0]]} at position {wrong[0]} is outside base {base}")
        return number.astype(np.uint8)
    try:
        value = index(number)
    except TypeError:
        raise OperandError(
            f"an operand is {number!r}; give an integer or an array of digits, least significant first"
        ) from None
    # One more than log2 rounds to, so that its rounding does no harm; the leading zeros then go.
    digits = to_digits(value, base, int(max(value.bit_length(), 1) / log2(base)) + 2)
    significant = int(np.flatnonzero(digits)[-1]) + 1 if value else 1
    return digits[:significant]
