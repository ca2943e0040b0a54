"""Making a counterexample as plain as it stays wrong."""

import numpy as np

from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import UInt8
from ripplecarry.evaluation.adders import Answers


def first_wrong(
    adder: Answers, task: Task, operands: UInt8[np.ndarray, "row position operand"]
) -> Counterexample | None:
    """The row that goes wrong at the lowest position, if any does."""
    return Counterexample.among(task, operands, adder.answers(operands), task.answer(operands))


def simplify(adder: Answers, found: Counterexample) -> Counterexample:
    """A counterexample at least as short: cut after the first wrong digit, moved down, and with zeros where
    they leave it wrong. One that is known to be the shortest stays."""
    if found.is_shortest:
        return found
    best = _try(adder, found.task, [found.digits[: found.first_wrong_position + 1]]) or found
    for _ in range(2 * len(best.digits)):
        length = best.length
        digits = best.digits[:length]
        shorter = [digits[:-1], digits[1:]] if length > 1 else []
        plainer = _try(adder, best.task, shorter) or _try(adder, best.task, _with_zeros(digits))
        if plainer is None:
            break
        best = plainer
    needed = max(best.length, best.first_wrong_position + 1)
    return _try(adder, best.task, [best.digits[:needed]]) or best


def _with_zeros(digits: np.ndarray) -> list[np.ndarray]:
    """One digit tuple set to zero, from the lowest on; long operands are tried in a few places."""
    places = np.unique(np.linspace(0, len(digits) - 1, min(len(digits), 64)).astype(int))
    changed = []
    for place in places[digits[places].any(axis=1)]:
        zeroed = digits.copy()
        zeroed[place] = 0
        changed.append(zeroed)
    return changed


def _try(adder: Answers, task: Task, candidates: list[np.ndarray]) -> Counterexample | None:
    if not candidates:
        return None
    length = max(len(digits) for digits in candidates) + task.extra_positions
    rows = np.stack([np.pad(digits, ((0, length - len(digits)), (0, 0))) for digits in candidates])
    return first_wrong(adder, task, rows)
