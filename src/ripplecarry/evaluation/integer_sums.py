"""A network's sums of Python integers and digit arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from operator import index
from typing import Any, SupportsIndex

import numpy as np

from ripplecarry.arithmetic.digit_text import significant_digits
from ripplecarry.arithmetic.digits import from_digits, to_digits
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import UInt8
from ripplecarry.errors import OperandError
from ripplecarry.evaluation.stream import SHORT_POSITIONS, NetworkSums, batches
from ripplecarry.values import shown

Number = SupportsIndex | np.ndarray


@dataclass(frozen=True)
class ArrayDigits:
    """A number in memory, least significant digit first."""

    values: UInt8[np.ndarray, " position"]

    @classmethod
    def of(cls, number: object, base: int) -> "ArrayDigits":
        """The digits of an integer, or the digits in an array, validated.

        Raises:
            OperandError: it is neither, is negative, or has digits outside the base.
        """
        return cls(_checked(number, base) if isinstance(number, np.ndarray) else _of_integer(number, base))

    @property
    def length(self) -> int:
        return self.values.size

    def digits(self, start: int, stop: int) -> UInt8[np.ndarray, " position"]:
        found = self.values[start:stop]
        return np.pad(found, (0, stop - start - found.size))


Answer = int | np.ndarray
"""A number, or where a task's answers are none what it answers at each position, the lowest first."""


def add_numbers(sums: NetworkSums, rows: Sequence[Sequence[Number]]) -> list[Any]:
    """The network's sum of each row, or its `Answer` to another task.

    Args:
        rows: a number for each operand: an integer, or an array of digits, least significant first.
    Raises:
        OperandError: a number is negative, is not an integer, or has digits outside the base.
    """
    if not rows:
        return []
    operands = [[ArrayDigits.of(number, sums.base) for number in row] for row in rows]
    num_positions = sums.num_positions(np.array([[each.length for each in row] for row in operands]))
    results: list[Answer] = [0] * len(rows)
    for long in np.flatnonzero(num_positions > SHORT_POSITIONS):
        pieces = [piece.answers for piece in sums.stream(operands[long])]
        results[long] = _answer(np.concatenate(pieces), sums.task)
    short = np.flatnonzero(num_positions <= SHORT_POSITIONS)
    for some in batches(num_positions[short]):
        chosen = short[some]
        longest = int(num_positions[chosen].max())
        batch = np.array([[each.digits(0, longest) for each in operands[row]] for row in chosen])
        answers = sums.answer(batch.transpose(0, 2, 1), num_positions[chosen])
        for row, answer in zip(chosen.tolist(), answers, strict=True):
            results[row] = _answer(answer[: num_positions[row]], sums.task)
    return results


def _answer(answers: UInt8[np.ndarray, " position"], task: Task) -> Answer:
    return answers if task.form is None else from_digits(answers, task.base)


def _checked(digits: np.ndarray, base: int) -> UInt8[np.ndarray, " position"]:
    if digits.ndim != 1 or not digits.size or digits.dtype.kind not in "iu":
        raise OperandError(
            f"an operand is an array of shape {digits.shape} and type {digits.dtype}; give one of integers "
            "with one axis, a digit each, least significant first; for many numbers give lists of int"
        )
    wrong = np.flatnonzero((digits < 0) | (digits >= base))[:1]
    if wrong.size:
        raise OperandError(f"digit {digits[wrong[0]]} at position {wrong[0]} is outside base {base}")
    return digits.astype(np.uint8)


def _of_integer(number: object, base: int) -> UInt8[np.ndarray, " position"]:
    if isinstance(number, bool) or not isinstance(number, SupportsIndex):
        raise OperandError(
            f"an operand is {shown(number)}, of type {type(number).__name__}; give an int, a str of "
            "digits, or a NumPy array of digits, least significant first"
        )
    value = index(number)
    # log2 is rounded, so there may be one or two extra digits: they are zero.
    digits = to_digits(value, base, int(value.bit_length() / log2(base)) + 2)
    return digits[: max(1, int(significant_digits(digits[None] != 0)[0]))]
