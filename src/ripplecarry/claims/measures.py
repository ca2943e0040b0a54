"""Measures: one number, or a yes or no, from one run's curves."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

import numpy as np

from ripplecarry.errors import ConfigurationError
from ripplecarry.runs.counterexamples import shortest_known
from ripplecarry.runs.proofs import accepted
from ripplecarry.runs.readings import HARD
from ripplecarry.runs.run import Run
from ripplecarry.runs.run_engine import engine_of
from ripplecarry.runs.store import Store
from ripplecarry.training.loop import READ_EVERY
from ripplecarry.values import whole_number

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Measure:
    """A number computed from a run; `words` name it in sentences."""

    words: str
    of: Callable[[Run], float]
    words_on_record: str | None = None
    """How stores know it that saw a claim in older words; `words` by default."""


@dataclass(frozen=True)
class Property:
    """A yes or no about a run; `words` complete 'seeds that …'."""

    words: str
    holds: Callable[[Run], bool]


def area(metric: str = "exact_match") -> Measure:
    """Speed of learning, smaller is faster: the mean over the whole horizon of the loss, or of
    1 − exact match.

    After a diverged run ends, its answers count as wrong, and its loss as that of guessing or its own
    largest finite loss, whichever is larger.
    """
    _check(metric)
    if metric == "loss":
        return Measure("mean loss", _mean_loss)
    return Measure(f"mean of 1 − {_words(metric)}", lambda run: _mean_miss(run, metric))


def last(metric: str = "exact_match") -> Measure:
    """The last reading; 0 for a diverged run's exact match."""
    _check(metric)
    return Measure(
        f"last {_words(metric)}",
        lambda run: 0.0 if run.outcome == "diverged" else float(readings(run, metric)[-1]),
    )


def reading(step: int, metric: str = "exact_match") -> Measure:
    """The reading at this step, a multiple of 50; 0 if a run diverged before it."""
    _check(metric)
    step = whole_number(step, "step", 0)
    if step % READ_EVERY:
        raise ConfigurationError(f"step is {step}; metrics are read at every {READ_EVERY}th step")

    def read(run: Run) -> float:
        values = readings(run, metric)
        place = step // READ_EVERY
        return float(values[place]) if place < len(values) else 0.0

    return Measure(f"{_words(metric)} at step {step}", read)


def seconds_per_step() -> Measure:
    """Wall time of training and readings per step."""
    return Measure("seconds per step", lambda run: run.state["train_s"] / run.state["steps_done"])


def readings(run: Run, metric: str) -> np.ndarray:
    """The values of a metric that is read every 50 steps, in order.

    Raises:
        ConfigurationError: the run did not read it.
    """
    if metric not in run.curves:
        there = ", ".join(name for name in run.curves.columns if name != "step")
        raise ConfigurationError(f"metric {metric!r} was not read; the runs have {there}")
    return run.curves[metric].dropna().to_numpy()


def steps_to(run: Run, threshold: float, metric: str = "exact_match") -> float:
    """The step of the first reading at which the metric is at least this; infinite if there is none."""
    reached = np.flatnonzero(readings(run, metric) >= threshold)
    return float(reached[0] * READ_EVERY) if len(reached) else np.inf


def is_right_by(step: int, after: int = 0) -> Property:
    """All of 1,000 answers are right at a reading after step `after` and by step `step`."""
    words = f"are right in every answer by step {step}"
    if after:
        words += f", read after step {after}"
    first, end = -(-after // READ_EVERY), step // READ_EVERY + 1
    return Property(words, lambda run: bool((readings(run, "exact_match")[first:end] == 1).any()))


def is_right_at_the_end(metric: str = "exact_match") -> Property:
    """Every answer is right at the last reading."""
    return Property(
        f"are right in every answer at the end ({_words(metric)})",
        lambda run: run.outcome != "diverged" and readings(run, metric)[-1] == 1,
    )


def is_certified() -> Property:
    """The checker accepts the certificate in the run's store."""
    return Property("are certified", lambda run: accepted(run, run.certificate_path) is not None)


def is_refuted() -> Property:
    """The run's store has a wrong answer that its network gives."""
    return Property("give a known wrong answer", _gives_a_known_wrong_answer)


def is_decided() -> Property:
    """Certified, or refuted."""
    certified = is_certified()
    return Property(
        "are proved right or give a known wrong answer",
        lambda run: certified.holds(run) or _gives_a_known_wrong_answer(run),
    )


def _gives_a_known_wrong_answer(run: Run) -> bool:
    store = Store(run.folder.parent.parent)
    if store.proof(run) != "refuted":
        return False
    return shortest_known(run, store, engine_of(run).load(run.trial, run.task, run.weights)) is not None


def is_never_exact() -> Property:
    """No reading of the hard cases is right in every answer."""
    return Property("never get all hard cases right", lambda run: bool((readings(run, HARD) < 1).all()))


def miss_at(length: int) -> Measure:
    """The share of wrong answers at a length after training, each longest run weighted equally."""

    def miss(run: Run) -> float:
        cells = _cells(run, run.exactness.length == length)
        return float(1 - cells.num_exact.sum() / cells.num_pairs.sum())

    older = f"share of wrong sums at {length:,} digits"
    return Measure(f"share of wrong answers at length {length:,}", miss, older)


def is_exact_up_to(length: int) -> Property:
    """Every pair tested at lengths up to this one is answered correctly after training."""

    def holds(run: Run) -> bool:
        cells = _cells(run, run.exactness.length <= length)
        return bool((cells.num_exact == cells.num_pairs).all())

    return Property(f"get every pair tested of up to {length:,} digits right", holds)


def is_inexact_up_to(length: int) -> Property:
    """Something tested at lengths up to this one is answered wrongly after training."""
    exact = is_exact_up_to(length)
    return Property(
        f"get something tested of up to {length:,} digits wrong", lambda run: not exact.holds(run)
    )


def has_settled_by(step: int, low: float = 0.05) -> Property:
    """The loss, in means of ten steps, is at most `low` just before `step` and moves by no more
    than `low` after it."""

    def holds(run: Run) -> bool:
        losses = run.curves.loss.to_numpy()
        if run.outcome == "diverged" or len(losses) < step + 10:
            return False
        before = losses[step - 10 : step].mean()
        whole = losses[step : step + (len(losses) - step) // 10 * 10].reshape(-1, 10)
        return bool(before <= low and abs(whole.mean(axis=1) - before).max() <= low)

    return Property(f"have a loss of at most {low} at step {step} that stays there", holds)


def falls_by_less_than(share: float) -> Property:
    """The mean of the last 50 losses lies less than this share below the first."""
    return Property(
        f"lose less than {share:.0%} of their loss",
        lambda run: bool(run.curves.loss.iloc[-50:].mean() > (1 - share) * run.curves.loss.iloc[0]),
    )


def stays_above(loss: float) -> Property:
    """The mean of the last 50 losses is above this."""
    return Property(
        f"keep a mean loss above {loss} in their last 50 steps",
        lambda run: bool(np.mean(_full_losses(run)[-50:]) > loss),
    )


def is_never_right() -> Property:
    """Exact match is 0 at every reading."""
    return Property(
        "never get an answer right", lambda run: bool((readings(run, "exact_match") == 0).all())
    )


def is_unstable(drop: float = 0.1) -> Property:
    """Exact match falls by more than `drop` after having risen."""

    def holds(run: Run) -> bool:
        values = readings(run, "exact_match")
        return bool((np.maximum.accumulate(values) - values).max() > drop)

    return Property(f"lose more than {drop} of exact match again", holds)


def _cells(run: Run, wanted: "pd.Series[bool]") -> "pd.DataFrame":
    cells = run.exactness[wanted]
    if cells.empty:
        there = ", ".join(map(str, run.exactness.length.unique()))
        raise ConfigurationError(f"exactness was not measured there, but at lengths {there}")
    return cells


def _check(metric: str) -> None:
    if not re.fullmatch(rf"loss|{HARD}|(exact_match|digit_accuracy)(_at_[1-9][0-9]*)?", metric):
        raise ConfigurationError(
            f"unknown metric {metric!r}; choose from loss, exact_match, digit_accuracy, {HARD}, "
            "exact_match_at_9, digit_accuracy_at_9 (or another length, which the trial names as read_at)"
        )


def _words(metric: str) -> str:
    return "exact match on hard cases" if metric == HARD else metric.replace("_", " ")


def _mean_loss(run: Run) -> float:
    return float(np.mean(_full_losses(run)))


def _full_losses(run: Run) -> np.ndarray:
    losses = run.curves.loss.to_numpy(dtype=np.float64)
    if run.outcome != "diverged":  # a certified run may be shorter or longer than its trial's steps
        return losses
    finite = losses[np.isfinite(losses)]
    missing = max(log(run.trial.build_task().num_outputs), finite.max(initial=0.0))
    return np.concatenate([finite, np.full(run.trial.steps - len(finite), missing)])


def _mean_miss(run: Run, metric: str) -> float:
    values = readings(run, metric)
    if run.outcome != "diverged":
        return float(1 - values.mean())
    scheduled = -(-run.trial.steps // READ_EVERY)
    return float((scheduled - values.sum()) / scheduled)
