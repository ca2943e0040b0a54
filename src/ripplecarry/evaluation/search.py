"""Searching for a wrong answer by descending the smallest logit margin."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import Float, UInt8
from ripplecarry.evaluation.adders import GivesLogits
from ripplecarry.evaluation.hard_cases import hard_cases
from ripplecarry.evaluation.simplification import first_wrong

NUM_ROUNDS = 40
_NUM_BEST = 32
_NUM_CHILDREN = 128


@dataclass(frozen=True)
class SearchResult:
    """The result of searching one length."""

    length: int
    num_pairs: int
    smallest_margin: float
    """The right digit's logit above the largest other one, at the worst position found."""
    counterexample: Counterexample | None


def margins(
    logits: Float[np.ndarray, "row position output"], right: UInt8[np.ndarray, "row position"]
) -> Float[np.ndarray, " row"]:
    """The right digit's logit minus the largest other one, at each row's worst position."""
    index = right[:, :, None].astype(np.int64)
    own = np.take_along_axis(logits, index, axis=2)[:, :, 0]
    others = logits.copy()
    np.put_along_axis(others, index, -np.inf, axis=2)
    worst = (own - others.max(axis=2)).min(axis=1)
    return np.where(np.isnan(worst), -np.inf, worst)


def search(
    network: GivesLogits, task: Task, length: int, starts: Sequence[np.ndarray] = (), seed: int = 0
) -> SearchResult:
    """Mutates the operands with the smallest margins, round after round, until one is answered wrongly.

    Args:
        starts: operands to start from besides the hard cases, of any length up to this one.
    """
    random = np.random.Generator(np.random.Philox(key=seed))
    pool = np.concatenate([_padded(rows, length) for rows in (*hard_cases(task, length).values(), *starts)])
    scores = _margins(network, task, pool)
    num_pairs = len(pool)
    for _ in range(NUM_ROUNDS):
        if scores.min() <= 0:
            break
        best = np.argsort(scores, kind="stable")[:_NUM_BEST]
        pool, scores = pool[best], scores[best]
        children = np.stack([_changed(pool, task, random) for _ in range(_NUM_CHILDREN)])
        pool = np.concatenate([pool, children])
        scores = np.concatenate([scores, _margins(network, task, children)])
        num_pairs += len(children)
    worst = pool[[int(scores.argmin())]]
    found = first_wrong(network, task, _padded(worst, length + task.extra_positions))
    return SearchResult(length, num_pairs, float(scores.min()), found)


def _margins(network: GivesLogits, task: Task, rows: np.ndarray) -> np.ndarray:
    operands = _padded(rows, rows.shape[1] + task.extra_positions)
    return margins(network.logits(operands), task.answer(operands))


def _changed(pool: np.ndarray, task: Task, random: np.random.Generator) -> np.ndarray:
    """A row with one digit changed, a digit tuple repeated over a stretch, a stretch of another row put in,
    or everything moved up by one position."""
    row = pool[random.integers(len(pool))].copy()
    length = len(row)
    first, last = np.sort(random.integers(length, size=2))
    change = random.integers(4)
    if change == 0:
        row[first, random.integers(task.num_operands)] = random.integers(task.base)
    elif change == 1:
        row[first : last + 1] = row[first]
    elif change == 2:
        row[first : last + 1] = pool[random.integers(len(pool)), first : last + 1]
    else:
        row[1:] = row[:-1].copy()
        row[0] = random.integers(task.base, size=task.num_operands)
    return row


def _padded(rows: np.ndarray, length: int) -> np.ndarray:
    return np.pad(rows, ((0, 0), (0, length - rows.shape[1]), (0, 0)))
