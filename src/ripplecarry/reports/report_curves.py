"""The report's own curves, read from its plots by eye to about ±0.02."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from ripplecarry.claims.findings import Arm
from ripplecarry.claims.study import Study


@cache
def report_curves() -> pd.DataFrame:
    """Columns figure, curve, metric, step, value, reading.

    `reading` is `read`; `hidden` if another curve covers it and the value was inferred; `below` if it
    lies below the given value.
    """
    return pd.read_csv(Path(__file__).with_name("report_curves.csv"), dtype={"curve": str})


def report_curve(figure: int, label: str, metric: str) -> pd.DataFrame:
    """One curve of a figure, ordered by step; empty if the figure has none with that name.

    Figure 1 has a single curve, which stands for every trial.
    """
    curves = report_curves()
    chosen = curves[(curves.figure == figure) & (curves.metric == metric)]
    if figure != 1:
        chosen = chosen[chosen.curve.str.lower() == label.lower()]
    return chosen.sort_values("step")


def has_report_curves(study: Study, arms: Sequence[Arm]) -> bool:
    """Whether the report tried any of these trials; a varied study may have none of its values."""
    return study.report_figure is not None and any(
        not report_curve(study.report_figure, arm.case.label, "loss").empty for arm in arms
    )
