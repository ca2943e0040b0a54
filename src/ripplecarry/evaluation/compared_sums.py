"""How many of a network's sums are exact, and where the first wrong one goes wrong."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from ripplecarry.arithmetic.digit_text import CHARACTERS


@dataclass(frozen=True)
class WrongDigit:
    """The least significant wrong digit of a sum; sums are counted from 1, positions from 0."""

    number: int
    position: int
    answer: str
    exact: str


@dataclass
class ComparedSums:
    """Sums that were compared with exact ones; the first wrong one is that of the lowest number."""

    num_sums: int = 0
    num_wrong: int = 0
    first_wrong: WrongDigit | None = None

    def compare(
        self,
        number: int,
        answers: UInt8[np.ndarray, " position"],
        exact: UInt8[np.ndarray, " position"],
        first_position: int = 0,
    ) -> bool:
        """Whether digits of sum `number` are exact; the first that is not makes the sum count as wrong."""
        wrong = np.flatnonzero(answers != exact)[:1]
        if not wrong.size:
            return True
        self.num_wrong += 1
        if self.first_wrong is None or number < self.first_wrong.number:
            answer, right = (chr(CHARACTERS[digits[wrong[0]]]) for digits in (answers, exact))
            self.first_wrong = WrongDigit(number, first_position + int(wrong[0]), answer, right)
        return False
