"""How many of a network's sums are exact, and where the first wrong one goes wrong."""

from dataclasses import dataclass

import numpy as np

from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.arithmetic.digit_text import text_of
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import UInt8


@dataclass
class ComparedSums:
    """Sums that were compared with exact ones; the first wrong one is that of the lowest number."""

    task: Task
    num_sums: int = 0
    num_wrong: int = 0
    first_wrong: dict[str, int | str] | None = None
    """The `number` of the first wrong sum, counted from 1, and of its least significant wrong digit the
    `position`, what the network has there as `answer`, and the `exact` digit."""
    counterexample: Counterexample | None = None
    """The first wrong sum, where it was compared in one piece."""

    def compare(
        self,
        number: int,
        answers: UInt8[np.ndarray, " position"],
        exact: UInt8[np.ndarray, " position"],
        operands: UInt8[np.ndarray, "position operand"] | None = None,
        first_position: int = 0,
    ) -> bool:
        """Whether digits of sum `number` are exact; the first that is not makes the sum count as wrong.

        Args:
            operands: given where these are all the digits of the sum.
        """
        wrong = np.flatnonzero(answers != exact)[:1]
        if not wrong.size:
            return True
        self.num_wrong += 1
        if self.first_wrong is None or number < int(self.first_wrong["number"]):
            answer, right = (text_of(digits[wrong]).decode() for digits in (answers, exact))
            position = first_position + int(wrong[0])
            self.first_wrong = {"number": number, "position": position, "answer": answer, "exact": right}
            self.counterexample = None
            if operands is not None:
                digits, is_over = operands, self.task.solve(operands[None])[1][0, -1] == 0
                if self.task.form is not None and is_over:
                    # A zero more, so that the last carry is seen to have its place.
                    digits, answers, exact = (
                        np.pad(each, [(0, 1), *[(0, 0)] * (each.ndim - 1)])
                        for each in (operands, answers, exact)
                    )
                self.counterexample = Counterexample(self.task, digits, answers, exact)
        return False
