"""Exact answers to operands that arrive piece by piece."""

import numpy as np

from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import Int, UInt8


class ExactSum:
    """The exact sum of rows of operands; the carry persists between pieces."""

    def __init__(self, base: int) -> None:
        self._base = base
        self._carry: np.ndarray | int = 0

    def feed(
        self, operands: UInt8[np.ndarray, "row position operand"]
    ) -> UInt8[np.ndarray, "row position"]:
        """The sum's digits at the next positions."""
        base = self._base
        totals = operands.sum(axis=2, dtype=np.int32)
        totals[:, 0] += self._carry
        carry = np.zeros(len(totals), dtype=np.int32)
        # Once every total yields a carry of at most 1, whatever comes in, each position either decides
        # its carry or passes on the previous one. With two operands that holds from the start.
        while (totals[:, 0] > 2 * base - 1).any() or (totals[:, 1:] > 2 * base - 2).any():
            over = totals // base
            totals -= base * over
            totals[:, 1:] += over[:, :-1]
            carry += over[:, -1]
        decides = np.where(totals == base - 1, 0, np.arange(1, totals.shape[1] + 1))
        decided = np.zeros((len(totals), totals.shape[1] + 1), dtype=np.int32)
        decided[:, 1:] = totals >= base
        carries = np.take_along_axis(decided, np.maximum.accumulate(decides, axis=1), axis=1)
        totals[:, 1:] += carries[:, :-1]
        totals -= base * carries
        self._carry = carry + carries[:, -1]
        return totals.astype(np.uint8)


class ExactAnswers:
    """A task's answers to rows of operands; its machine's states persist between pieces."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._states: Int[np.ndarray, " row"] | int = 0

    def feed(
        self, operands: UInt8[np.ndarray, "row position operand"]
    ) -> UInt8[np.ndarray, "row position"]:
        """The answers at the next positions."""
        answers, states = self._task.machine.run(self._task.symbols_of(operands), self._states)
        self._states = states[:, -1]
        return answers


def exact_answers(task: Task) -> ExactSum | ExactAnswers:
    """What computes a task's answers: a sum's many positions at a time, others position by position."""
    return ExactSum(task.base) if task.name == "addition" else ExactAnswers(task)
