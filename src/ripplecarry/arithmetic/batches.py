"""Batches: operand digits with the answer digits that belong to them."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple, Self

import numpy as np
from jaxtyping import UInt8
from pydantic import Field, model_validator

from ripplecarry.arithmetic.operands import uniform_operands
from ripplecarry.arithmetic.philox import Stream
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.configuration import Configuration

EXTRA_POSITIONS = 2
"""The report's sequences are this much longer than its operands."""


class BatchShape(Configuration):
    """How much is drawn at a step."""

    digits: Annotated[int, Field(ge=1, le=100_000)] = 9
    """Digits per operand, at most: operands are uniform over the numbers of up to so many."""
    positions: Annotated[int, Field(ge=1, le=100_002)] | None = None
    """Positions per sequence, zero-padded; two more than digits unless given."""
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """Operand tuples per step."""

    @model_validator(mode="after")
    def _operands_fit(self) -> Self:
        if self.positions is not None and self.positions < self.digits:
            raise ValueError(f"positions is {self.positions}; operands have {self.digits} digits")
        return self

    @property
    def sequence_length(self) -> int:
        """Positions per sequence."""
        return self.positions if self.positions is not None else self.digits + EXTRA_POSITIONS


class Batch(NamedTuple):
    """Operands and the right answers."""

    operands: UInt8[np.ndarray, "batch position operand"]
    answers: UInt8[np.ndarray, "batch position"]


@dataclass(frozen=True)
class BatchSource:
    """Fresh uniform operands at every step, a function of (seed, stream, step) alone."""

    task: Task
    digits: int
    positions: int
    batch_size: int
    seed: int
    stream: Stream

    def draw(self, step: int) -> Batch:
        """The batch of this step."""
        operands = np.zeros((self.batch_size, self.positions, self.task.num_operands), dtype=np.uint8)
        operands[:, : self.digits] = uniform_operands(
            self.seed,
            self.stream,
            step,
            num_rows=self.batch_size,
            digits=self.digits,
            num_operands=self.task.num_operands,
            base=self.task.base,
        )
        return Batch(operands, self.task.answer(operands))
