"""Pairs of runs: where a seed means the same initial values and operands in two trials."""

import numpy as np

from ripplecarry.arithmetic.batches import BatchShape
from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.claims.findings import Arm
from ripplecarry.claims.measures import Measure
from ripplecarry.networks.architecture import Architecture

_SHARED_BY_PAIRS = (*TaskChoice.model_fields, *BatchShape.model_fields, *Architecture.model_fields)


def paired_values(measure: Measure, first: Arm, second: Arm) -> list[np.ndarray]:
    """The measure's values in both; only for the seeds that both have if they are paired."""
    arms = [first.runs, second.runs]
    if is_paired(first, second):
        shared = {run.seed for run in first.runs} & {run.seed for run in second.runs}
        arms = [tuple(run for run in runs if run.seed in shared) for runs in arms]
    return [np.array([measure.of(run) for run in runs]) for runs in arms]


def is_paired(first: Arm, second: Arm) -> bool:
    """Whether a seed means the same initial values and operands in both."""
    return all(
        getattr(first.case.trial, name) == getattr(second.case.trial, name) for name in _SHARED_BY_PAIRS
    )
