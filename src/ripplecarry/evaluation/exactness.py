"""How exact an adder is where adding is hard: the grid by runs, the hard cases, a wrong-sum search."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ripplecarry.arithmetic.batches import EXTRA_POSITIONS
from ripplecarry.arithmetic.counterexample import Counterexample, shortest
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import UInt8
from ripplecarry.errors import ConfigurationError
from ripplecarry.evaluation.adders import Answers, GivesLogits
from ripplecarry.evaluation.exact_match import compare
from ripplecarry.evaluation.grid import GridCell, Sampling, exactness_grid, grid_digits, grid_frame
from ripplecarry.evaluation.hard_cases import hard_cases
from ripplecarry.evaluation.search import SearchResult, search
from ripplecarry.evaluation.simplification import first_wrong, simplify

if TYPE_CHECKING:
    import pandas as pd

LONGEST_SEARCHED = 100


@dataclass(frozen=True)
class HardCount:
    """How many hard cases of one name and length are answered right."""

    name: str
    length: int
    num_pairs: int
    num_exact: int


@dataclass(frozen=True)
class Exactness:
    """All that was tested, and the shortest wrong answer, if any."""

    cells: Sequence[GridCell]
    hard: Sequence[HardCount]
    searches: Sequence[SearchResult]
    counterexample: Counterexample | None

    @property
    def is_exact(self) -> bool:
        """Whether nothing failed."""
        return self.counterexample is None

    @property
    def num_pairs(self) -> int:
        counts = [each.num_pairs for group in (self.cells, self.hard, self.searches) for each in group]
        return sum(counts)

    def frame(self) -> "pd.DataFrame":
        """The grids, one row per cell."""
        return grid_frame(self.cells)

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "is_exact": self.is_exact,
            "num_pairs": self.num_pairs,
            "grid": self.frame().to_dict(orient="records"),
            "hard_cases": [vars(each) for each in self.hard],
            "search": [
                {
                    "length": each.length,
                    "num_pairs": each.num_pairs,
                    "smallest_margin": each.smallest_margin,
                    "found_a_wrong_answer": each.counterexample is not None,
                }
                for each in self.searches
            ],
            "counterexample": None if self.counterexample is None else self.counterexample.as_dict(),
        }


def num_tested_digits(task: Task, lengths: Sequence[int], sampling: Sampling) -> int:
    """The number of digits that `measure_exactness` asks for, not counting its search."""
    rows = sum(len(rows) for rows in hard_cases(task, 1).values())
    return grid_digits(lengths, task.base, sampling) + rows * sum(lengths)


def measure_exactness(
    adder: Answers,
    task: Task,
    lengths: Sequence[int],
    *,
    sampling: Sampling = Sampling(),  # noqa: B008 - frozen
    report: Callable[[int], None] = lambda num_digits: None,
) -> Exactness:
    """Tests an adder of two operands on the grid and on the hard cases of each length, then searches for a
    wrong answer if the adder has logits.

    Args:
        report: called with the number of digits answered since the last call.
    Raises:
        ConfigurationError: a task without carry runs.
    """
    if task.name != "addition" or task.num_operands != 2:
        raise ConfigurationError(
            "exactness by carry run is for addition of 2 operands, "
            f"not for {task.name} of {task.num_operands}"
        )
    cells, found = exactness_grid(adder, task, lengths, sampling, report)
    hard = []
    for length in lengths:
        for name, operands in hard_cases(task, length).items():
            count, wrong = _try_cases(adder, task, name, operands)
            hard.append(count)
            found = shortest(found, wrong)
            report(operands.shape[0] * length)
    searches = []
    if isinstance(adder, GivesLogits):
        for length in _searched(lengths):
            searches.append(search(adder, task, length))
            found = shortest(found, searches[-1].counterexample)
    return Exactness(cells, hard, searches, None if found is None else simplify(adder, found))


def _try_cases(
    adder: Answers, task: Task, name: str, operands: UInt8[np.ndarray, "row position operand"]
) -> tuple[HardCount, Counterexample | None]:
    padded = np.pad(operands, ((0, 0), (0, EXTRA_POSITIONS), (0, 0)))
    score = compare(adder.answers(padded), task.answer(padded))
    wrong = first_wrong(adder, task, padded) if score.num_exact < score.num_answers else None
    return HardCount(name, operands.shape[1], score.num_answers, score.num_exact), wrong


def _searched(lengths: Sequence[int]) -> list[int]:
    """One or two lengths, short enough for a cheap search."""
    short = [length for length in lengths if length <= LONGEST_SEARCHED]
    return sorted({short[len(short) // 2], short[-1]}) if short else []
