"""Exact match by length and longest run, with counts and intervals."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from ripplecarry.arithmetic.counterexample import Counterexample, shortest
from ripplecarry.arithmetic.longest_runs import (
    RunKind,
    longest_runs,
    operands_of_runs,
    possible_runs,
    run_kinds,
)
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.evaluation.adders import Answers
from ripplecarry.evaluation.exact_match import compare, share_interval

if TYPE_CHECKING:
    import pandas as pd

_EVERY_LENGTH_UP_TO = 10
_EVERY_RUN_UP_TO = 10
_MULTIPLES = (2, 5, 10, 100)
_DIGITS_AT_A_TIME = 1_000_000


@dataclass(frozen=True)
class GridCell:
    """Operand tuples of one length and longest run, and how many are answered right."""

    kind: RunKind
    length: int
    run: int
    num_pairs: int
    num_exact: int
    num_digits: int
    num_right_digits: int
    is_exhaustive: bool
    """Whether these are all such pairs."""

    @property
    def exact_match(self) -> float:
        return self.num_exact / self.num_pairs

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Clopper-Pearson; a point if all pairs were tried."""
        if self.is_exhaustive:
            return self.exact_match, self.exact_match
        return share_interval(self.num_exact, self.num_pairs)


@dataclass(frozen=True)
class Sampling:
    """Which cells to test, and how many pairs for each: fewer for long numbers."""

    pairs: int = 1000
    digits_per_cell: int = 60_000
    fewest: int = 20
    every_run_up_to: int = _EVERY_RUN_UP_TO
    """Longest runs tested: all up to this one, then doubling."""

    def count(self, length: int) -> int:
        """Pairs per cell."""
        return min(self.pairs, max(self.fewest, self.digits_per_cell // length))

    def runs(self, length: int) -> list[int]:
        """Longest runs to test at a length: all up to a limit, then doubling, then the length itself."""
        doubled = [self.every_run_up_to * 2**k for k in range(1, 32)]
        near = range(self.every_run_up_to + 1)
        return sorted({n for n in (*near, *doubled, length) if n <= length})

    def cells(self, task: Task, length: int) -> list[tuple[RunKind, int]]:
        """The kinds and longest runs to test at a length, of those that occur."""
        possible = possible_runs(task, length)
        return [(kind, run) for kind in run_kinds(task) for run in self.runs(length) if run in possible]

    def is_exhaustive(self, length: int, num_symbols: int) -> bool:
        """Whether to try all operands of this length instead."""
        return num_symbols**length <= 10 * self.pairs


def grid_lengths(trained: int, longest: int | None = None) -> list[int]:
    """Lengths to test: all up to the training length, then 2, 5, 10 and 100 times it, the powers of ten and
    the longest one.

    Args:
        longest: by default 100 times the training length.
    """
    longest = 100 * trained if longest is None else longest
    near = {n for n in range(1, trained + 1) if n <= _EVERY_LENGTH_UP_TO}
    spaced = np.geomspace(_EVERY_LENGTH_UP_TO, trained, 6) if trained > _EVERY_LENGTH_UP_TO else []
    powers = {10**k for k in range(1, 8) if 10**k > trained}
    lengths = near | {round(n) for n in spaced} | {trained * k for k in _MULTIPLES} | powers | {longest}
    return sorted(n for n in lengths if n <= longest)


def coarse_lengths(trained: int, longest: int) -> list[int]:
    """The training length, 1 and 3 times every power of ten, and the longest one."""
    spaced = {times * 10**k for k in range(8) for times in (1, 3)}
    return sorted(n for n in spaced | {trained, longest} if n <= longest)


def exactness_grid(
    adder: Answers,
    task: Task,
    lengths: Sequence[int],
    sampling: Sampling = Sampling(),
    report: Callable[[int], None] = lambda num_digits: None,
) -> tuple[list[GridCell], Counterexample | None]:
    """Tests every cell.

    The operands depend on task, lengths and sampling alone, so two networks get the same ones.

    Args:
        report: told how many digits were answered since the last time.
    Returns:
        The cells, and the shortest counterexample seen.
    """
    cells: list[GridCell] = []
    found: Counterexample | None = None
    for length in lengths:
        tally = _Tally(adder, task, length, report)
        if sampling.is_exhaustive(length, task.machine.num_symbols):
            _count_all(tally, cells)
        else:
            _count_samples(tally, sampling, cells)
        found = shortest(found, tally.counterexample)
    return cells, found


class _Tally:
    """Marks answers of one length."""

    def __init__(self, adder: Answers, task: Task, length: int, report: Callable[[int], None]) -> None:
        self.task, self.length = task, length
        self.counterexample: Counterexample | None = None
        self._adder, self._report = adder, report

    def mark(self, operands: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The answers and the right ones, padded as the task needs."""
        rows_at_a_time = max(1, _DIGITS_AT_A_TIME // self.length)
        rows_at_a_time = min(rows_at_a_time, getattr(self._adder, "rows_at_a_time", rows_at_a_time))
        parts = []
        for first in range(0, len(operands), rows_at_a_time):
            rows = operands[first : first + rows_at_a_time]
            padded = np.pad(rows, ((0, 0), (0, self.task.extra_positions), (0, 0)))
            given, right = self._adder.answers(padded), self.task.answer(padded)
            self._note(padded, given, right)
            parts.append((given, right))
            self._report(rows.shape[0] * rows.shape[1])
        given, right = zip(*parts, strict=True)
        return np.concatenate(given), np.concatenate(right)

    def cell(self, kind: RunKind, run: int, given: np.ndarray, right: np.ndarray, is_all: bool) -> GridCell:
        score = compare(given, right)
        return GridCell(
            kind,
            self.length,
            run,
            score.num_answers,
            score.num_exact,
            score.num_digits,
            score.num_right_digits,
            is_all,
        )

    def _note(self, operands: np.ndarray, given: np.ndarray, right: np.ndarray) -> None:
        found = Counterexample.among(self.task, operands, given, right)
        self.counterexample = shortest(self.counterexample, found)


def _count_all(tally: _Tally, cells: list[GridCell]) -> None:
    task, length = tally.task, tally.length
    num_symbols = task.machine.num_symbols
    words = np.arange(num_symbols**length)
    operands = task.digits_of(words[:, None] // num_symbols ** np.arange(length) % num_symbols)
    given, right = tally.mark(operands)
    for kind in run_kinds(task):
        longest = longest_runs(task, operands, kind)
        for run in np.unique(longest):
            mine = longest == run
            cells.append(tally.cell(kind, int(run), given[mine], right[mine], True))


def _count_samples(tally: _Tally, sampling: Sampling, cells: list[GridCell]) -> None:
    count = sampling.count(tally.length)
    wanted = sampling.cells(tally.task, tally.length)
    # Many cells at a time: drawing few rows costs as much as drawing many.
    at_a_time = max(1, 16_384 // count)
    for first in range(0, len(wanted), at_a_time):
        group = tuple(wanted[first : first + at_a_time])
        given, right = tally.mark(operands_of_runs(tally.task, tally.length, first, group, count))
        for number, (kind, run) in enumerate(group):
            mine = slice(number * count, (number + 1) * count)
            cells.append(tally.cell(kind, run, given[mine], right[mine], False))


def grid_digits(lengths: Sequence[int], task: Task, sampling: Sampling) -> int:
    """How many digits the grid asks for, to show progress."""
    symbols = task.machine.num_symbols
    return sum(
        symbols**n * n
        if sampling.is_exhaustive(n, symbols)
        else len(sampling.cells(task, n)) * sampling.count(n) * n
        for n in lengths
    )


def cells_of(rows: Iterable[Mapping[Any, Any]]) -> list[GridCell]:
    """The cells of a grid that was kept as rows; further columns are left out.

    Raises:
        KeyError: a row lacks a column.
    """
    names = [each.name for each in fields(GridCell)]
    return [GridCell(**{name: row[name] for name in names}) for row in rows]


def grid_frame(cells: Sequence[GridCell]) -> "pd.DataFrame":
    """One row per cell, with exact match and its interval's bounds."""
    import pandas as pd  # not needed to load a network

    rows = [
        {**asdict(cell), "exact_match": cell.exact_match, "low": cell.interval[0], "high": cell.interval[1]}
        for cell in cells
    ]
    return pd.DataFrame(rows)
