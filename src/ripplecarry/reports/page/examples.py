"""Examples for the page: operands closest to a wrong answer, and operands answered wrongly."""

from dataclasses import dataclass

import numpy as np

from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import UInt8
from ripplecarry.engines.engine import Computation
from ripplecarry.evaluation.hard_cases import hard_cases
from ripplecarry.evaluation.search import margins

NUM_SHOWN = 12
LONGEST = 200


@dataclass(frozen=True)
class Example:
    """Operands, with the smallest margin of a right digit over its positions."""

    name: str
    operands: UInt8[np.ndarray, "position operand"]
    margin: float

    def as_dict(self, task: Task) -> dict[str, object]:
        return {"name": self.name, "operands": operand_texts(task, self.operands), "margin": self.margin}


def operand_texts(task: Task, operands: UInt8[np.ndarray, "position operand"]) -> list[str]:
    """Each operand as it is written."""
    return [task.operand_text(digits) for digits in operands.T]


def hardest(network: Computation, task: Task, digits: int) -> tuple[list[Example], list[Example]]:
    """Of the hard cases at once, twice and five times the training length, those with the smallest margins.

    Returns:
        Some right ones closest to a wrong answer, and some of the shortest wrong ones.
    """
    right: list[Example] = []
    wrong: list[Example] = []
    for length in sorted(
        {digits, min(2 * digits, max(digits, LONGEST)), min(5 * digits, max(digits, LONGEST))}
    ):
        for name, rows in hard_cases(task, length).items():
            padded = np.pad(rows, ((0, 0), (0, task.extra_positions), (0, 0)))
            logits, answers = network.logits(padded), task.answer(padded)
            is_wrong = (logits.argmax(axis=-1) != answers).any(axis=1)
            for row, margin in enumerate(margins(logits, answers)):
                example = Example(name, rows[row], float(np.nan_to_num(margin)))
                (wrong if is_wrong[row] else right).append(example)
    right.sort(key=lambda example: example.margin)
    return _distinct(task, right), _distinct(task, wrong)


def _distinct(task: Task, examples: list[Example]) -> list[Example]:
    by_text = {tuple(operand_texts(task, example.operands)): example for example in reversed(examples)}
    chosen = list(by_text.values())[::-1]
    return chosen[:NUM_SHOWN]
