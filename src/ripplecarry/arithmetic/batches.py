"""Batches: operand digits with their answer digits."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from ripplecarry.arithmetic.balanced_operands import (
    balanced_words,
    carry_balanced,
    mixed_lengths,
    of_lengths,
)
from ripplecarry.arithmetic.philox import Stream, below, random_words
from ripplecarry.arithmetic.reset_free_runs import ResetFreeRuns
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import UInt8
from ripplecarry.configuration import Configuration

OperandsName = Literal["uniform", "carry-balanced", "balanced"]
LengthsName = Literal["fixed", "mixed"]


class BatchShape(Configuration):
    """The operands drawn at each step."""

    digits: Annotated[int, Field(ge=1, le=100_000)] = 9
    """Most digits per operand: operands are uniform over the numbers with up to this many digits."""
    positions: Annotated[int, Field(ge=1, le=100_002)] | None = None
    """Positions per sequence, zero-padded; by default two more than digits, and as many as digits where
    the task tracks a state."""
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """Operand tuples per step."""
    operands: OperandsName = "uniform"
    """Uniform; or with long runs as often as short ones. Carry-balanced, for addition of two: half of the
    pairs are drawn by longest carry run, half by longest idle run, each uniform from 0 to the length.
    Balanced, for every task: drawn by longest reset-free run, uniform among those that occur."""
    lengths: LengthsName = "fixed"
    """Lengths of a batch's operands: all `digits` (fixed), or uniform from 1 to `digits` (mixed)."""
    grow_over: Annotated[int, Field(ge=1)] | None = None
    """Steps over which operands grow from 1 digit to all, evenly; sequences are shorter until then."""

    @model_validator(mode="after")
    def _operands_fit(self) -> Self:
        if self.positions is not None and self.positions < self.digits:
            raise ValueError(f"positions is {self.positions}; operands have {self.digits} digits")
        return self


class Batch(NamedTuple):
    """Operands and the right answers."""

    operands: UInt8[np.ndarray, "batch position operand"]
    answers: UInt8[np.ndarray, "batch position"]


@dataclass(frozen=True)
class BatchSource:
    """Fresh operands at every step, a function of (seed, stream, step) alone."""

    task: Task
    digits: int
    positions: int
    batch_size: int
    seed: int
    stream: Stream
    operands: OperandsName = "uniform"
    lengths: LengthsName = "fixed"
    grow_over: int | None = None

    @property
    def is_plain(self) -> bool:
        """Whether all operands are uniform over the numbers of up to `digits` digits."""
        return (self.operands, self.lengths) == ("uniform", "fixed")

    def at(self, step: int) -> "BatchSource":
        """The source of step t, whose digits are the part (t + 1) / `grow_over` of all, rounded up."""
        if self.grow_over is None:
            return self
        digits = min(self.digits, -(-self.digits * (step + 1) // self.grow_over))
        positions = self.positions - self.digits + digits
        return replace(self, digits=digits, positions=positions, grow_over=None)

    def draw(self, step: int) -> Batch:
        """The batch of this step."""
        return self.at(step).draw_steps(step, 1)[0]

    def draw_steps(self, first: int, count: int) -> list[Batch]:
        """The batches of `count` steps from `first` on; cheaper than drawing them one by one.

        They are of one shape: a source that grows draws each step's by itself.
        """
        shape = (count * self.batch_size, self.positions, self.task.num_operands)
        operands = np.zeros(shape, dtype=np.uint8)
        operands[:, : self.digits] = self._digits(range(first, first + count))
        answers = self.task.answer(operands)
        return [
            Batch(*parts) for parts in zip(np.split(operands, count), np.split(answers, count), strict=True)
        ]

    def _digits(self, steps: range) -> np.ndarray:
        rows, num_operands, base = self.batch_size, self.task.num_operands, self.task.base
        all_digits = self.digits * num_operands
        num_words = all_digits if self.is_plain else balanced_words(self.digits, num_operands)
        words = np.concatenate(
            [random_words(self.seed, self.stream, step, rows, num_words) for step in steps]
        )
        if self.is_plain:  # word `position * num_operands + operand` gives the digit
            return below(words, base).astype(np.uint8).reshape(-1, self.digits, num_operands)
        lengths = np.full(len(words), self.digits)
        if self.lengths == "mixed":
            lengths = mixed_lengths(words, self.digits)
        if self.operands == "carry-balanced":
            drawn = carry_balanced(words, lengths, base)
        elif self.operands == "balanced":
            drawn = self.task.digits_of(ResetFreeRuns.of(self.task.machine).balanced(words, lengths))
        else:
            drawn = of_lengths(words, lengths, num_operands, base)
        return np.pad(drawn, ((0, 0), (0, self.digits - drawn.shape[1]), (0, 0)))
