"""Exact match and digit accuracy, with exact intervals."""

from dataclasses import dataclass

import numpy as np

from ripplecarry.arithmetic.batches import Batch, BatchSource
from ripplecarry.axes import UInt8
from ripplecarry.engines.engine import Computation


@dataclass(frozen=True)
class Score:
    """Counts over one set of answers."""

    num_answers: int
    num_exact: int
    num_digits: int
    num_right_digits: int

    @property
    def exact_match(self) -> float:
        """Share of answers right in every digit."""
        return self.num_exact / self.num_answers

    @property
    def digit_accuracy(self) -> float:
        """Share of digits right, over all positions."""
        return self.num_right_digits / self.num_digits


def share_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The Clopper-Pearson interval of a share."""
    if successes in (0, trials):  # as most often; the interval is known without SciPy, slow to load
        bound = ((1 - confidence) / 2) ** (1 / trials)
        return (bound, 1.0) if successes else (0.0, 1 - bound)
    from scipy.stats import binomtest

    interval = binomtest(successes, trials).proportion_ci(confidence, method="exact")
    return float(interval.low), float(interval.high)


def compare(
    answers: UInt8[np.ndarray, "batch position"], right: UInt8[np.ndarray, "batch position"]
) -> Score:
    """Counts of answers and digits that are right."""
    agrees = answers == right
    return Score(len(agrees), int(agrees.all(axis=1).sum()), agrees.size, int(agrees.sum()))


def score(network: Computation, batch: Batch) -> Score:
    """A network's score on a batch."""
    return compare(network.answers(batch.operands), batch.answers)


def score_step(network: Computation, batches: BatchSource, step: int) -> Score:
    """A network's score on a step's batch, which the network may draw itself."""
    num_exact, num_right_digits = network.count_right(batches, step)
    count = batches.batch_size
    return Score(count, num_exact, count * batches.positions, num_right_digits)
