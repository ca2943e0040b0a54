"""How exact a network is where its task is hard: the grid by runs, the hard cases, a search."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ripplecarry.arithmetic.counterexample import Counterexample, shortest
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import UInt8
from ripplecarry.evaluation.adders import Answers, GivesLogits
from ripplecarry.evaluation.exact_match import compare
from ripplecarry.evaluation.explanation import HardCount, explain
from ripplecarry.evaluation.grid import GridCell, Sampling, exactness_grid, grid_digits, grid_frame
from ripplecarry.evaluation.hard_cases import hard_cases
from ripplecarry.evaluation.length_generalisation import (
    LONGEST,
    SHORTEST,
    LengthGeneralisation,
    length_generalisation,
    spread_lengths,
)
from ripplecarry.evaluation.search import SearchResult, search
from ripplecarry.evaluation.simplification import first_wrong, simplify
from ripplecarry.notebook import Shown, squares_picture

if TYPE_CHECKING:
    import pandas as pd

LONGEST_SEARCHED = 100


@dataclass(frozen=True, repr=False)
class Exactness(Shown):
    """All that was tested, and the shortest wrong answer, if any."""

    task: Task
    cells: Sequence[GridCell]
    hard: Sequence[HardCount]
    searches: Sequence[SearchResult]
    counterexample: Counterexample | None
    length_generalisation: LengthGeneralisation | None
    """The score of the literature on state tracking, for its tasks where such lengths are tested."""

    @property
    def is_exact(self) -> bool:
        """Whether nothing failed."""
        return self.counterexample is None

    @property
    def num_pairs(self) -> int:
        counts = [each.num_pairs for group in (self.cells, self.hard, self.searches) for each in group]
        return sum(counts)

    @property
    def explanation(self) -> str:
        """Where it is right and where it goes wrong, in a sentence with intervals; and whether a wrong
        answer is known that these tests missed."""
        words, known = explain(self.cells, self.hard, self.task.digit_word), self.counterexample
        failing = [each.length for each in (*self.cells, *self.hard) if each.num_exact < each.num_pairs]
        if known is None or min(failing, default=known.length + 1) <= known.length:
            return words
        return f"{words} These tests missed a wrong answer of length {known.length}, which is known."

    @property
    def sentence(self) -> str:
        """What came of it; a wrong answer may be known from before."""
        counts = [*self.cells, *self.hard]
        found = [each.counterexample for each in self.searches if each.counterexample is not None]
        if all(each.num_exact == each.num_pairs for each in counts) and not found:
            known = (
                "" if self.is_exact else f", but a wrong answer is known from before: {self.counterexample}"
            )
            return f"nothing failed of {self.num_pairs:,} {self.task.inputs_word}{known}"
        told = f"the shortest wrong answer known: {self.counterexample}"
        return f"not exact, of {self.num_pairs:,} {self.task.inputs_word}; {told}"

    def _line(self) -> str:
        return self.sentence

    def _picture(self) -> str:
        grids = []
        for kind in dict.fromkeys(cell.kind for cell in self.cells):
            shares = {(cell.length, cell.run): cell.exact_match for cell in self.cells if cell.kind == kind}
            runs = sorted({run for _, run in shares})
            lengths = sorted({length for length, _ in shares})
            rows = [[shares.get((length, run)) for run in runs] for length in lengths]
            words = f"across: longest {kind} run, to {runs[-1]:,}; down: length, to {lengths[-1]:,}"
            grids.append(f"{squares_picture(rows)}<small>{words}</small>")
        return f"<p>{escape(self.explanation)}</p>{''.join(grids)}"

    def frame(self) -> "pd.DataFrame":
        """The grids, one row per cell."""
        return grid_frame(self.cells)

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "is_exact": self.is_exact,
            "num_pairs": self.num_pairs,
            "explanation": self.explanation,
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
            "length_generalisation": self.length_generalisation and self.length_generalisation.as_dict(),
            "counterexample": None if self.counterexample is None else self.counterexample.as_dict(),
        }


def num_tested_digits(task: Task, lengths: Sequence[int], sampling: Sampling) -> int:
    """The number of digits that `measure_exactness` asks for, not counting its search."""
    rows = sum(len(rows) for rows in hard_cases(task, 1).values())
    return grid_digits(lengths, task, sampling) + rows * sum(lengths)


def measure_exactness(
    adder: Answers,
    task: Task,
    lengths: Sequence[int],
    *,
    sampling: Sampling = Sampling(),  # noqa: B008 - frozen
    report: Callable[[int], None] = lambda num_digits: None,
) -> Exactness:
    """Tests whatever answers a task on the grid and on the hard cases of each length, then searches for a
    wrong answer if it has logits.

    Args:
        report: called with the number of digits answered since the last call.
    """
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
    scored = None
    if task.is_state_tracking and max(lengths) >= SHORTEST:
        tested = spread_lengths(longest=min(max(lengths), LONGEST))
        scored = length_generalisation(adder, task, 0, tested, report=report)
    simplest = None if found is None else simplify(adder, found)
    return Exactness(task, cells, hard, searches, simplest, scored)


def _try_cases(
    adder: Answers, task: Task, name: str, operands: UInt8[np.ndarray, "row position operand"]
) -> tuple[HardCount, Counterexample | None]:
    padded = np.pad(operands, ((0, 0), (0, task.extra_positions), (0, 0)))
    score = compare(adder.answers(padded), task.answer(padded))
    wrong = first_wrong(adder, task, padded) if score.num_exact < score.num_answers else None
    return HardCount(name, operands.shape[1], score.num_answers, score.num_exact), wrong


def _searched(lengths: Sequence[int]) -> list[int]:
    """One or two lengths, short enough for a cheap search."""
    short = [length for length in lengths if length <= LONGEST_SEARCHED]
    return sorted({short[len(short) // 2], short[-1]}) if short else []
