"""Readings: metrics of a network while it trains."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from ripplecarry.arithmetic.batches import Batch, BatchSource
from ripplecarry.arithmetic.longest_runs import operands_of_runs
from ripplecarry.arithmetic.philox import Stream
from ripplecarry.arithmetic.tasks import EXTRA_POSITIONS, Task
from ripplecarry.configuration import Configuration
from ripplecarry.engines.engine import Computation
from ripplecarry.evaluation.exact_match import Score, score, score_step
from ripplecarry.evaluation.grid import (
    Sampling,
    coarse_lengths,
    exactness_grid,
    grid_frame,
)
from ripplecarry.evaluation.hard_cases import hard_cases

if TYPE_CHECKING:
    import pandas as pd

NUM_PAIRS = 1000
"""Fresh operand tuples per reading, as in the report."""

REPORT_DIGITS = 9
"""The report read its accuracy on numbers of this many digits at every training length."""

Reader = Callable[[Computation, int], dict[str, float]]


class Readings(Configuration):
    """What to read besides the training length, the report's 9 digits and the hard cases."""

    read_at: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Read exact match also on operands of up to this many digits."""
    exactness_to: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """At the end, measure exactness by longest run at lengths up to this many digits."""


HARD = "exact_match_hard"
"""The metric that defines the time to exactness: when it reaches 1 and stays there."""

_PAIRS_PER_RUN = 10
_AT_THE_END = Sampling(pairs=100, digits_per_cell=4000, fewest=2, every_run_up_to=2)
"""A few seconds beside training; many seeds make up for the few pairs of long numbers."""


def hard_test_set(source: BatchSource) -> Batch:
    """The hard cases of a task at its training length; for addition of two operands also pairs with each
    longest run that grids test."""
    task, digits = source.task, source.digits
    rows = list(hard_cases(task, digits).values())
    if task.has_carry_runs:
        wanted = tuple(Sampling().cells(task, digits))
        rows.append(operands_of_runs(task, digits, 0, wanted, _PAIRS_PER_RUN))
    operands = np.concatenate(rows)
    padded = np.pad(operands, ((0, 0), (0, source.positions - digits), (0, 0)))
    return Batch(padded, task.answer(padded))


def exactness_at_the_end(
    network: Computation, task: Task, digits: int, readings: Readings, report: Callable[[int], None]
) -> "pd.DataFrame | None":
    """One row per length and longest run, on the same operands for every run; None unless requested.

    Args:
        digits: the training length.
        report: called about once a second.
    """
    if readings.exactness_to is None:
        return None
    lengths = coarse_lengths(digits, readings.exactness_to)
    cells, _ = exactness_grid(network, task, lengths, _AT_THE_END, report)
    return grid_frame(cells)


def reader(at_training_length: BatchSource, readings: Readings) -> Reader:
    """Reads exact match and digit accuracy at the training length and, as `_at_N`, at N digits; and exact
    match on the hard cases of the training length, which are the same for every run of that length.

    Args:
        at_training_length: operands as in training, from the stream and in the number for readings.
    """
    is_as_in_report = at_training_length.task.extra_positions == EXTRA_POSITIONS
    sources = {"": at_training_length} | {
        f"_at_{digits}": replace(
            at_training_length,
            digits=digits,
            positions=digits + at_training_length.task.extra_positions,
            stream=Stream.EVALUATION_AT_OTHER_LENGTHS,
        )
        for digits in (REPORT_DIGITS if is_as_in_report else None, readings.read_at)
        if digits is not None
    }

    hard = hard_test_set(at_training_length)

    def read_metrics(network: Computation, step: int) -> dict[str, float]:
        scores: dict[tuple[int, int], Score] = {}
        metrics: dict[str, float] = {}
        for suffix, source in sources.items():
            shape = (source.digits, source.positions)
            if shape not in scores:  # the training length may equal one of the others
                scores[shape] = score_step(network, source, step)
            metrics["exact_match" + suffix] = scores[shape].exact_match
            metrics["digit_accuracy" + suffix] = scores[shape].digit_accuracy
        metrics[HARD] = score(network, hard).exact_match
        return metrics

    return read_metrics
