"""What can be tested: anything that answers in digits, a network or somebody's function on integers."""

from collections.abc import Callable
from operator import index
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8

from ripplecarry.arithmetic.digits import from_digits, to_digits
from ripplecarry.errors import OperandError

NO_DIGIT = 255
"""Stands where there is no answer digit, and equals none."""


@runtime_checkable
class Answers(Protocol):
    """Answers operands digit by digit; every engine's networks do."""

    def answers(
        self, operands: UInt8[np.ndarray, "batch position operand"]
    ) -> UInt8[np.ndarray, "batch position"]: ...


@runtime_checkable
class GivesLogits(Answers, Protocol):
    """An adder whose margins can be seen."""

    def logits(
        self, operands: UInt8[np.ndarray, "batch position operand"]
    ) -> Float[np.ndarray, "batch position output"]: ...


class IntegerAdder:
    """A function of two integers, asked pair by pair.

    An exception, or an answer that is no integer, is negative or too long, counts as wrong in every digit.
    `complaint` tells of the first of them.
    """

    def __init__(self, add: Callable[[int, int], int], base: int = 10) -> None:
        self._add = add
        self._base = base
        self.complaint: str | None = None

    def answers(self, operands):
        length = operands.shape[1]
        integers = [[from_digits(digits, self._base) for digits in pair.T] for pair in operands]
        return np.stack([self._digits(a, b, length) for a, b in integers])

    def _digits(self, a: int, b: int, length: int) -> UInt8[np.ndarray, " position"]:
        try:
            answer = index(self._add(a, b))
            if answer < 0:
                complaint = f"the answer is {answer}, which is negative"
            else:
                return to_digits(answer, self._base, length)
        except OperandError:
            complaint = f"the answer has more than {length} digits"
        except (Exception, SystemExit) as error:  # whatever another's code raises
            complaint = f"{type(error).__name__}: {error}"
        if self.complaint is None:
            self.complaint = f"asked for {a} + {b}: {' '.join(complaint.split())}"
        return np.full(length, NO_DIGIT, dtype=np.uint8)
