"""What can be tested: anything that answers in digits, a network or a function of integers."""

from collections.abc import Callable
from math import inf
from operator import index
from typing import Protocol, runtime_checkable

import numpy as np

from ripplecarry.arithmetic.digits import from_digits, to_digits
from ripplecarry.axes import Float, UInt8
from ripplecarry.errors import OperandError
from ripplecarry.user_code import TimeLimit, TimeUp, complaint
from ripplecarry.values import shown

NO_DIGIT = 255
"""Marks a missing answer digit; it differs from every digit."""


@runtime_checkable
class Answers(Protocol):
    """Answers operands digit by digit, as every engine's networks do."""

    def answers(
        self, operands: UInt8[np.ndarray, "batch position operand"]
    ) -> UInt8[np.ndarray, "batch position"]: ...


@runtime_checkable
class GivesLogits(Answers, Protocol):
    """An adder with logits, so that its margins can be computed."""

    def logits(
        self, operands: UInt8[np.ndarray, "batch position operand"]
    ) -> Float[np.ndarray, "batch position output"]: ...


class IntegerAdder:
    """A function of two integers, called for one pair at a time.

    An exception counts as wrong in every digit; so does an answer that is not an integer, is negative or is
    too long. `first_error` describes the first of them.

    Args:
        limit: how long all calls may take.
    """

    rows_at_a_time = 1
    """It may be slow: progress is shown from pair to pair."""

    def __init__(
        self, add: Callable[[int, int], int], base: int = 10, limit: TimeLimit | None = None
    ) -> None:
        self._add = add
        self._base = base
        self._limit = limit or TimeLimit(inf)
        self.first_error: str | None = None

    def answers(
        self, operands: UInt8[np.ndarray, "batch position operand"]
    ) -> UInt8[np.ndarray, "batch position"]:
        length = operands.shape[1]
        integers = [[from_digits(digits, self._base) for digits in pair.T] for pair in operands]
        with self._limit.running():
            return np.stack([self._digits(a, b, length) for a, b in integers])

    def _digits(self, a: int, b: int, length: int) -> UInt8[np.ndarray, " position"]:
        try:
            answer = index(self._add(a, b))
            if answer < 0:
                problem = f"the answer is {shown(answer)}, which is negative"
            else:
                return to_digits(answer, self._base, length)
        except OperandError:
            problem = f"the answer has more than {length} digits"
        except (KeyboardInterrupt, TimeUp):
            raise
        except BaseException as error:  # a user's function may raise anything
            problem = complaint(error)
        if self.first_error is None:
            self.first_error = f"asked for {shown(a)} + {shown(b)}: {problem}"
        return np.full(length, NO_DIGIT, dtype=np.uint8)
