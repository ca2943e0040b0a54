"""The longest runs that make a task's operands hard."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, cast

import numpy as np

from ripplecarry.arithmetic import carry_runs
from ripplecarry.arithmetic.operands_by_run import RunPlan, operands_by_run
from ripplecarry.arithmetic.philox import Stream
from ripplecarry.arithmetic.reset_free_runs import ResetFreeRuns
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import Int, UInt8

RunKind = Literal["carry", "idle", "reset-free"]
"""Carry runs and idle runs split the reset-free runs of addition of two operands in two: by whether a carry
comes in. All other tasks have reset-free runs alone."""

Group = tuple[tuple[RunKind, int], ...]
"""Kinds, each with a longest run."""

_DRAWS_CACHED = 16


def run_kinds(task: Task) -> tuple[RunKind, ...]:
    """The kinds of runs by which a task is tested."""
    return carry_runs.CARRY_KINDS if task.has_carry_runs else ("reset-free",)


def possible_runs(task: Task, length: int) -> range:
    """The longest runs that operands of this length can have, of either kind."""
    return range(length + 1) if task.has_carry_runs else ResetFreeRuns.of(task.machine).possible(length)


def longest_runs(
    task: Task, operands: UInt8[np.ndarray, "row position operand"], kind: RunKind
) -> Int[np.ndarray, " row"]:
    """The length of each row's longest run of a kind; 0 where there is none."""
    if kind == "reset-free":
        return ResetFreeRuns.of(task.machine).longest(task.symbols_of(operands))
    return carry_runs.longest_runs(operands, task.base, kind)


def operands_of_runs(
    task: Task, length: int, number: int, group: Group, count: int
) -> UInt8[np.ndarray, "row position operand"]:
    """`count` rows of each kind and longest run, in this order; each `number` gives different ones.

    They do not depend on a run's seed, so two networks get the same ones.
    """
    if task.has_carry_runs:
        return _by_carry_run(task.base, length, number, group, count)
    runs = tuple(run for _, run in group)
    return task.digits_of(_by_reset_free_run(ResetFreeRuns.of(task.machine), length, number, runs, count))


@lru_cache(_DRAWS_CACHED)  # many runs share the same operands, and long ones take a second to draw
def _by_carry_run(
    base: int, length: int, number: int, group: Group, count: int
) -> UInt8[np.ndarray, "row position 2"]:
    plan = RunPlan.of(cast("Sequence[tuple[carry_runs.CarryKind, int]]", group), length, count)
    return operands_by_run(length, Stream.EVALUATION_BY_RUN, number, plan, base=base)


@lru_cache(_DRAWS_CACHED)
def _by_reset_free_run(
    sorts: ResetFreeRuns, length: int, number: int, runs: tuple[int, ...], count: int
) -> Int[np.ndarray, "row position"]:
    return sorts.draw(length, Stream.EVALUATION_BY_RUN, number, length, runs, count)
