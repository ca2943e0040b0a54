"""Figures: one style, loss and exact match of a study over seeds, the report's curves dashed."""

import textwrap
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ripplecarry.lab.observation import REPORT_DIGITS
from ripplecarry.lab.run import Run
from ripplecarry.lab.study import Case, Study
from ripplecarry.reports.report_curves import report_curve
from ripplecarry.reports.summary import runs_by_case

mpl.use("Agg")

_STYLE = {
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "0.9",
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "ripplecarry",  # the same picture gives the same file
}
_MARKERS = ("o", "s", "D", "^", "v", "P", "*", "X")
_LOSS_CEILING = 3.0  # guessing costs ln 10 = 2.3; what lies higher has diverged
_READINGS_TO_MARK = 10

_Curve = tuple[Case, list[Run], tuple[float, float, float], str]


def draw_study(study: Study, runs: Sequence[Run], folder: Path) -> list[Path]:
    """Writes the study's figure as PNG and SVG.

    A panel each for loss and exact match; where trials do not train on 9 digits, a third for exact
    match on 9-digit operands, which is what the report read there.

    Returns:
        The paths written.
    """
    cases = [(case, mine) for case, mine in runs_by_case(study, runs) if mine]
    colours = _colours([case for case, _ in cases])
    curves = [
        (case, mine, colour, _MARKERS[number % len(_MARKERS)])
        for number, ((case, mine), colour) in enumerate(zip(cases, colours, strict=True))
    ]
    has_other_lengths = any(case.trial.digits != REPORT_DIGITS for case, _ in cases)
    panels = ["loss", "exact_match", *(["exact_match_at_9"] if has_other_lengths else [])]
    with _style():
        figure = Figure(figsize=(4.6 * len(panels) + 1.4, 4.2), layout="constrained")
        for axes, metric in zip(figure.subplots(1, len(panels)), panels, strict=True):
            _draw_panel(axes, study, curves, metric, has_other_lengths)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        if study.report_figure:
            handles.append(Line2D([], [], color="0.15", linestyle="--", linewidth=1.1))
            labels.append("the report's run")
        figure.legend(handles, labels, loc="outside right center", title=study.axis, frameon=False)
        width = 52 * len(panels)
        figure.suptitle(textwrap.fill(study.question.strip().splitlines()[0], width), fontsize=11)
        figure.supxlabel(textwrap.fill(_caption(study, cases), width + 22), fontsize=8.5)
        paths = [folder / f"{study.name}.png", folder / f"{study.name}.svg"]
        figure.savefig(paths[0], dpi=150)
        figure.savefig(paths[1], metadata={"Date": None})
    return paths


def draw_lines(
    lines: Mapping[str, tuple[Sequence[int], Sequence[float]]], what: str, title: str, path: Path
) -> None:
    """Writes one panel of labelled lines against steps."""
    with _style():
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
        for (label, (steps, values)), marker in zip(lines.items(), cycle(_MARKERS)):
            spacing = max(1, len(steps) // _READINGS_TO_MARK)
            axes.plot(steps, values, label=label, marker=marker, markersize=4, markevery=spacing)
        axes.set_xlabel("step")
        axes.set_ylabel(what)
        axes.legend(title=title, frameon=False)
        figure.savefig(path, dpi=150)


@contextmanager
def _style() -> Generator[None]:
    with mpl.rc_context(), sns.axes_style("whitegrid"), sns.color_palette("colorblind"):
        mpl.rcParams.update(_STYLE)
        yield


def _draw_panel(
    axes: Axes, study: Study, curves: list[_Curve], metric: str, has_other_lengths: bool
) -> None:
    for case, runs, colour, marker in curves:
        _draw_band(axes, case.label, runs, metric, colour, marker)
    # The report read exact match on 9-digit operands always: only that metric is like for like.
    read_by_report = "exact_match" if metric == "exact_match_at_9" else metric
    if study.report_figure and not (metric == "exact_match" and has_other_lengths):
        shown = curves[:1] if study.report_figure == 1 else curves
        for case, _, colour, _ in shown:
            theirs = report_curve(study.report_figure, case.label, read_by_report)
            colour = (0.15, 0.15, 0.15) if study.report_figure == 1 else colour
            axes.plot(theirs.step, theirs.value, "--", color=colour, linewidth=1.1, alpha=0.9)
    axes.set_xlabel("step")
    axes.set_xlim(left=0)
    if metric == "loss":
        axes.set_title("Training loss")
        axes.set_ylabel("cross-entropy per digit (nats)")
        axes.set_ylim(0, min(_LOSS_CEILING, axes.get_ylim()[1]))
    else:
        lengths = sorted({case.trial.digits for case, *_ in curves})
        here = f"{lengths[0]} digits" if len(lengths) == 1 else "the training length"
        where = "9 digits" if metric == "exact_match_at_9" else here
        axes.set_title(f"Exact match at {where}")
        axes.set_ylabel("share of answers right in every digit")
        axes.set_ylim(-0.03, 1.03)


def _draw_band(
    axes: Axes,
    label: str,
    runs: list[Run],
    metric: str,
    colour: tuple[float, float, float],
    marker: str,
) -> None:
    """The median over seeds, and where the middle 95 % of them lie."""
    longest = max((run.curves for run in runs), key=len)
    readings = longest[metric].notna().to_numpy()
    steps = longest.step.to_numpy()[readings]
    values = np.full((len(runs), len(longest)), np.nan)
    for row, run in zip(values, runs, strict=True):
        row[: len(run.curves)] = run.curves[metric]
    values = values[:, readings]
    low, middle, high = np.nanpercentile(values, [2.5, 50, 97.5], axis=0)
    spacing = max(1, len(steps) // _READINGS_TO_MARK)
    axes.plot(steps, middle, color=colour, label=label, marker=marker, markersize=4, markevery=spacing)
    axes.fill_between(steps, low, high, color=colour, alpha=0.2, linewidth=0)


def _colours(cases: list[Case]) -> list[tuple[float, float, float]]:
    """Ordered values from dark to light, so that grey keeps the order; names in own hues."""
    is_ordered = all(isinstance(next(iter(case.settings.values()), 0), int | float) for case in cases)
    if is_ordered:
        return sns.color_palette("viridis", len(cases) + 1)[: len(cases)]
    return sns.color_palette("colorblind", len(cases))


def _caption(study: Study, cases: list[tuple[Case, list[Run]]]) -> str:
    counts = sorted({len(runs) for _, runs in cases})
    seeds = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    parts = [f"Line: median of {seeds} seeds; band: their 2.5th to 97.5th percentile."]
    diverged = sum(run.outcome == "diverged" for _, runs in cases for run in runs)
    if diverged:
        parts.append(f"Diverged runs, which end early: {diverged}.")
    if study.report_figure:
        parts.append(f"Dashed: the report's one run (its figure {study.report_figure}), read off by eye.")
    parts.append("Exact match on 1,000 fresh operand tuples every 50 steps.")
    return " ".join(parts)
