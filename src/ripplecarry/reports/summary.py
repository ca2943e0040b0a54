"""A study's runs in numbers: one row per trial, and the rows as files."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ripplecarry.claims.findings import Case
from ripplecarry.claims.intervals import Interval, median_interval
from ripplecarry.claims.measures import is_certified
from ripplecarry.claims.study import Study
from ripplecarry.evaluation.exact_match import share_interval
from ripplecarry.files import write_atomically
from ripplecarry.runs.run import Run

CAPTION = (
    "Medians over seeds. Loss of the last step, exact match of the last reading, after the step in the next"
    " column; range: of exact match over seeds; all right: seeds with every pair right at that reading."
)


@dataclass(frozen=True)
class ExactnessSummary:
    """How many seeds became exact on the hard cases for good, and when; seeds that never did count as later
    than all others."""

    num_exact: int
    num_seeds: int
    share: Interval
    """With its Clopper-Pearson interval at 95 %."""
    median_step: Interval
    """With its 95 % interval by order statistics; infinite if it lies among those that never were."""
    median_s: Interval

    def as_row(self) -> dict[str, str]:
        """In short form, for people."""
        return {
            "exact on hard cases": f"{self.num_exact} of {self.num_seeds} "
            f"({self.share.low:.2f} to {self.share.high:.2f})",
            "from step": _median_words(self.median_step, ".0f"),
            "from s": _median_words(self.median_s, ".2g"),
        }


@dataclass(frozen=True)
class CaseSummary:
    """The results of one trial's seeds at the last reading."""

    case: str
    num_seeds: int
    num_diverged: int
    loss: float
    exact_match: float
    exact_match_low: float
    exact_match_high: float
    read_after_step: tuple[int, int]
    """The step of the reading: the smallest and the largest over seeds."""
    num_exact: int
    steps_per_s: float
    success: ExactnessSummary | None = None
    """On hard cases; None if runs did not read them."""
    num_certified: int | None = None
    """Of the seeds that train until certified; None if none do."""
    train_s: float | None = None

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    def as_numbers(self) -> dict[str, object]:
        """The same with names instead of places, for tables."""
        first, last = self.read_after_step
        numbers = self.as_dict() | {"read_after_step": {"first": first, "last": last}}
        if self.success is not None:
            numbers["success"] = {
                name: value._asdict() if isinstance(value, Interval) else value
                for name, value in vars(self.success).items()
            }
        return numbers

    def as_row(self) -> dict[str, str]:
        """The summary in short form, for people."""
        certified = {
            "certified": f"{self.num_certified} of {self.num_seeds}",
            "median s": "" if self.train_s is None else f"{self.train_s:.1f}",
        }
        return {
            "trial": self.case,
            "seeds": str(self.num_seeds),
            "loss": f"{self.loss:.2g}",
            "exact match": _share_words(self.exact_match),
            "read after step": " to ".join(str(step) for step in dict.fromkeys(self.read_after_step)),
            "range": f"{_share_words(self.exact_match_low)} to {_share_words(self.exact_match_high)}",
            "all right": f"{self.num_exact} of {self.num_seeds}",
            "diverged": str(self.num_diverged),
            **(self.success.as_row() if self.success else {}),
            "steps/s": f"{self.steps_per_s:.0f}",
        } | ({} if self.num_certified is None else certified)


def summarise(study: Study, runs: Sequence[Run]) -> list[CaseSummary]:
    """Medians over seeds of the last loss and exact match, with the range of the latter."""
    return [_summary(mine.case, mine.runs) for mine in study.drawn(runs)]


def shown_rows(summary: Sequence[CaseSummary]) -> list[dict[str, str]]:
    """The summary in short form, for people; what a trial has no value of is empty."""
    rows = [case.as_row() for case in summary]
    columns = dict.fromkeys(column for row in rows for column in row)
    return [{column: row.get(column, "") for column in columns} for row in rows]


def write_tables(summary: Sequence[CaseSummary], folder: Path, name: str) -> list[Path]:
    """Writes the summary as CSV, with every digit of its numbers, and as LaTeX, as people read it.

    Returns:
        The paths written.
    """
    numbers = pd.json_normalize([case.as_numbers() for case in summary], sep="_")
    shown = pd.DataFrame(shown_rows(summary))
    texts = {
        folder / f"{name}.csv": numbers.to_csv(index=False),
        folder / f"{name}.tex": shown.to_latex(index=False, escape=True),
    }
    for path, text in texts.items():
        write_atomically(path, text.encode())
    return list(texts)


def most_seeds(folder: Path, name: str) -> int:
    """The most seeds of a trial in the folder's CSV table; 0 where there is none to be read."""
    try:
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return max(int(row["num_seeds"]) for row in csv.DictReader(file))
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def success(runs: Sequence[Run]) -> ExactnessSummary | None:
    """The success on hard cases; None if a run did not read them."""
    if any("exact_from_step" not in run.state for run in runs):
        return None
    steps = [run.exact_from_step for run in runs]
    times = [run.exact_from_s for run in runs]
    num_exact = sum(step is not None for step in steps)
    return ExactnessSummary(
        num_exact,
        len(runs),
        Interval(num_exact / len(runs), *share_interval(num_exact, len(runs))),
        median_interval(np.array([np.inf if step is None else step for step in steps])),
        median_interval(np.array([np.inf if time is None else time for time in times])),
    )


def _share_words(share: float) -> str:
    """Three places; only a share of 1 is written as 1."""
    return f"{share if share == 1 else min(share, 0.999):.3f}"


def _median_words(median: Interval, form: str) -> str:
    if np.isinf(median.effect):
        return "never"
    if np.isnan(median.low):
        return f"{median.effect:{form}}"
    high = "never" if np.isinf(median.high) else f"{median.high:{form}}"
    return f"{median.effect:{form}} ({median.low:{form}} to {high})"


def _summary(case: Case, runs: Sequence[Run]) -> CaseSummary:
    last = [run.state["last"] for run in runs]
    exact = [metrics.get("exact_match", 0.0) for metrics in last]
    steps = [run.metrics_read_after_step or 0 for run in runs]
    rates = [run.state["steps_done"] / run.state["train_s"] for run in runs]
    return CaseSummary(
        case=case.label,
        num_seeds=len(runs),
        num_diverged=sum(run.outcome == "diverged" for run in runs),
        loss=float(np.median([metrics.get("loss", np.inf) for metrics in last])),
        exact_match=float(np.median(exact)),
        exact_match_low=min(exact),
        exact_match_high=max(exact),
        read_after_step=(min(steps), max(steps)),
        num_exact=sum(value == 1 for value in exact),
        steps_per_s=float(np.median(rates)),
        success=success(runs),
        num_certified=sum(map(is_certified().holds, runs)) if case.trial.certify else None,
        train_s=float(np.median([run.state["train_s"] for run in runs])) if case.trial.certify else None,
    )
