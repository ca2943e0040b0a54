"""How closely our curves agree with the report's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ripplecarry.claims.study import Study
from ripplecarry.reports.curve_figures import band
from ripplecarry.reports.report_curves import report_curve
from ripplecarry.runs.readings import REPORT_DIGITS
from ripplecarry.runs.run import Run

READING_ERROR = 0.02
"""The report's curves were read from its plots by eye, to about this precision."""


@dataclass(frozen=True)
class Agreement:
    """One of the report's curves beside ours, at the steps where it was read."""

    trial: str
    metric: str
    num_points: int
    num_inside: int
    """Points within our band over seeds, widened by the error of reading by eye."""
    largest_gap: float
    """The largest distance between the report's curve and our median."""
    at_step: int


def agreement(study: Study, runs: Sequence[Run]) -> list[Agreement]:
    """Every curve of the report's figure beside ours; exact match as the report read it."""
    if study.report_figure is None:
        return []
    found = []
    for arm in study.drawn(runs):
        has_other_length = arm.case.trial.digits != REPORT_DIGITS
        for metric, theirs_is in (
            ("loss", "loss"),
            (f"exact_match_at_{REPORT_DIGITS}" if has_other_length else "exact_match", "exact_match"),
        ):
            theirs = report_curve(study.report_figure, arm.case.label, theirs_is)
            if theirs.empty:  # a value that the report did not try
                continue
            steps, (low, middle, high) = band(arm.runs, metric)
            at = np.minimum(theirs.step.to_numpy(), steps[-1])  # the last loss is at steps − 1
            ours = [np.interp(at, steps, each) for each in (low, middle, high)]
            values = theirs.value.to_numpy()
            # A reading `below` a value only says that much.
            is_bound = (theirs.reading == "below").to_numpy()
            inside = (ours[0] <= values + READING_ERROR) & (is_bound | (values <= ours[2] + READING_ERROR))
            gaps = np.where(is_bound & (ours[1] <= values), 0, abs(ours[1] - values))
            worst = int(gaps.argmax())
            found.append(
                Agreement(
                    arm.case.words,
                    metric.replace("_", " "),
                    len(values),
                    int(inside.sum()),
                    float(gaps[worst]),
                    int(at[worst]),
                )
            )
    return found
