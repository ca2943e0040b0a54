"""A wrong answer: found, cut to its first wrong digit, and made as plain as it stays wrong."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from ripplecarry.arithmetic.batches import EXTRA_POSITIONS
from ripplecarry.arithmetic.digit_text import text_of
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.evaluation.adders import NO_DIGIT, Answers


@dataclass(frozen=True, eq=False)
class Failure:
    """Operands answered wrongly; all digits least significant first."""

    operands: UInt8[np.ndarray, "position operand"]
    answer: UInt8[np.ndarray, " position"]
    right: UInt8[np.ndarray, " position"]

    def __str__(self) -> str:
        told = self.as_dict()
        first, second = (written(digits) for digits in self.operands.T)
        return f"{first} + {second}: answer {told['answer']}, right {told['right']}"

    @property
    def first_wrong_position(self) -> int:
        return int(np.argmax(self.answer != self.right))

    @property
    def length(self) -> int:
        """Digits of the longest operand, without leading zeros; at least 1."""
        used = np.flatnonzero(self.operands.any(axis=1))
        return int(used[-1]) + 1 if len(used) else 1

    def as_dict(self) -> dict[str, object]:
        """For programs: numbers as they are written, most significant digit first; no answer is None."""
        has_answer = bool((self.answer != NO_DIGIT).all())
        return {
            "operands": [written(digits) for digits in self.operands.T],
            "answer": written(self.answer) if has_answer else None,
            "right": written(self.right),
            "length": self.length,
            "first_wrong_position": self.first_wrong_position,
        }

    @property
    def size(self) -> int:
        """Digits that the failure needs; a network's first wrong digit needs none behind it."""
        return min(self.length, self.first_wrong_position + 1)


def written(digits: UInt8[np.ndarray, " position"]) -> str:
    """A number as it is written, without leading zeros."""
    return text_of(digits).decode().lstrip("0") or "0"


def first_failure(
    adder: Answers, task: Task, operands: UInt8[np.ndarray, "row position operand"]
) -> Failure | None:
    """The row that goes wrong at the lowest position, if any does."""
    given, right = adder.answers(operands), task.answer(operands)
    wrong = given != right
    if not wrong.any():
        return None
    positions = np.where(wrong.any(axis=1), wrong.argmax(axis=1), operands.shape[1])
    row = int(positions.argmin())
    return Failure(operands[row], given[row], right[row])


def shortest(first: Failure | None, second: Failure | None) -> Failure | None:
    """The one that needs fewer digits."""
    found = [each for each in (first, second) if each is not None]
    return min(found, key=lambda failure: (failure.size, failure.length), default=None)


def simplify(adder: Answers, task: Task, failure: Failure) -> Failure:
    """A failure at least as short: cut behind the first wrong digit, moved down, and with zeros where they
    leave it wrong."""
    position = failure.first_wrong_position
    best = _try(adder, task, [failure.operands[: position + 1]]) or failure
    for _ in range(2 * len(best.operands)):
        length = best.length
        digits = best.operands[:length]
        shorter = [digits[:-1], digits[1:]] if length > 1 else []
        found = _try(adder, task, shorter) or _try(adder, task, _with_zeros(digits))
        if found is None:
            return best
        best = found
    return best


def _with_zeros(digits: np.ndarray) -> list[np.ndarray]:
    """One digit tuple set to zero, from the lowest on; long operands are tried in a few places."""
    places = np.unique(np.linspace(0, len(digits) - 1, min(len(digits), 64)).astype(int))
    changed = []
    for place in places[digits[places].any(axis=1)]:
        zeroed = digits.copy()
        zeroed[place] = 0
        changed.append(zeroed)
    return changed


def _try(adder: Answers, task: Task, candidates: list[np.ndarray]) -> Failure | None:
    if not candidates:
        return None
    length = max(len(digits) for digits in candidates) + EXTRA_POSITIONS
    rows = np.stack([np.pad(digits, ((0, length - len(digits)), (0, 0))) for digits in candidates])
    return first_failure(adder, task, rows)
