"""Curves over steps: a study's loss and exact match over seeds, with the report's curves dashed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ripplecarry.axes import Float
from ripplecarry.claims.findings import Arm
from ripplecarry.claims.study import Study
from ripplecarry.reports.report_curves import report_curve
from ripplecarry.reports.style import (
    MARKERS,
    Colour,
    choose_fonts,
    colours,
    fill_where_all_right,
    save,
    scale_loss,
    style,
    write_texts,
)
from ripplecarry.runs.readings import NUM_PAIRS, REPORT_DIGITS
from ripplecarry.runs.run import Run
from ripplecarry.training.loop import READ_EVERY

_FEWEST_FOR_PERCENTILES = 40
"""With fewer seeds a 2.5th percentile would lie between the two lowest."""
_READINGS_TO_MARK = 10
EXACT_MATCH_WORDS = (
    f"Exact match: the share of {NUM_PAIRS:,} new random answers that are right in every digit, read every "
    f"{READ_EVERY} steps. A filled marker: all are right."
)
_OF_CERTIFYING = {
    "box_margin": ("smallest margin over all boxes", "logits"),
    "box_width": ("mean width of the boxes", "preactivation"),
}
_LOWEST_MARGIN = -6.0  # the search gives up at -5


@dataclass(frozen=True)
class _Curve:
    """One trial as drawn."""

    label: str
    runs: Sequence[Run]
    colour: Colour
    marker: str


def draw_curves(study: Study, runs: Sequence[Run], folder: Path) -> list[Path]:
    """Writes the study's curves as PNG and SVG.

    One panel each for loss and exact match, then one for each other length at which exact match was
    read: the report always read it at 9 digits. A study with two axes has a row of panels for each
    value of the first.

    Returns:
        The paths written.
    """
    groups: dict[str, list[Arm]] = {}
    for mine in study.drawn(runs):
        groups.setdefault(mine.case.group, []).append(mine)
    panels = _panels(runs)
    with style():
        size = (4.6 * len(panels) + 1.6, 3.6 * len(groups) + 0.8)
        figure = Figure(figsize=size, layout="constrained")
        rows = figure.subplots(len(groups), len(panels), squeeze=False)
        for row, (group, members) in zip(rows, groups.items(), strict=True):
            curves = _curves(members)
            for axes, metric in zip(row, panels, strict=True):
                _draw_panel(axes, study, curves, metric, panels)
                if group:
                    axes.set_title(f"{group}: {axes.get_title()}")
        handles, labels = rows[0, 0].get_legend_handles_labels()
        if study.report_figure:
            handles.append(Line2D([], [], color="0.15", linestyle="--", linewidth=1.1))
            labels.append("the report's run")
        figure.legend(handles, labels, loc="outside right center", title=study.member_axis, frameon=False)
        write_texts(figure, study.title, _caption(study, runs))
        return save(figure, folder, study.name)


def draw_lines(
    lines: Mapping[str, tuple[Sequence[int], Sequence[float]]], what: str, title: str, path: Path
) -> None:
    """Writes one panel of labelled lines against steps."""
    with style():
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
        for (label, (steps, values)), marker in zip(lines.items(), cycle(MARKERS), strict=False):
            spacing = max(1, len(steps) // _READINGS_TO_MARK)
            axes.plot(steps, values, label=label, marker=marker, markersize=4, markevery=spacing)
        axes.set_xlabel("step")
        axes.set_ylabel(what)
        axes.legend(title=title, frameon=False)
        choose_fonts(figure)
        figure.savefig(path, dpi=150)


def band(runs: Sequence[Run], metric: str) -> tuple[np.ndarray, np.ndarray]:
    """The range or middle of the seeds, with their median, at each step where the metric was read.

    Returns:
        Steps, and the band with axes (low middle high, step). Diverged runs count up to their end.
    """
    longest = max((run.curves for run in runs), key=len)
    is_read = longest[metric].notna().to_numpy()
    values = np.full((len(runs), len(longest)), np.nan)
    for row, run in zip(values, runs, strict=True):
        row[: len(run.curves)] = run.curves[metric]
    return longest.step.to_numpy()[is_read], band_of(values[:, is_read])


def band_of(values: Float[np.ndarray, "seed place"]) -> Float[np.ndarray, "3 place"]:
    """Low, median and high over seeds: the entire range of few, the middle 95 % of many."""
    outside = 0 if len(values) < _FEWEST_FOR_PERCENTILES else 2.5
    return np.nanpercentile(values, [outside, 50, 100 - outside], axis=0)


def band_words(arms: Sequence[Arm]) -> str:
    """What a figure's lines and bands are, in a caption."""
    counts = sorted({len(arm.runs) for arm in arms})
    if counts == [1]:
        return "One line for each run; there is one seed."
    seeds = " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))
    shaded = {
        False: "the range from the lowest to the highest seed",
        True: "the middle 95 % of the seeds",
    }
    are_many = dict.fromkeys(count >= _FEWEST_FOR_PERCENTILES for count in counts)
    return f"Line: the median of {seeds} seeds. Shaded: {', or '.join(shaded[many] for many in are_many)}."


def _panels(runs: Sequence[Run]) -> list[str]:
    other = {
        f"exact_match_at_{digits}": digits
        for run in runs
        for digits in (REPORT_DIGITS, run.trial.read_at)
        if digits is not None and any(each.trial.digits != digits for each in runs)
    }
    if any(run.trial.certify for run in runs):
        return ["loss", *_OF_CERTIFYING]
    return ["loss", "exact_match", *sorted(other, key=other.__getitem__)]


def _curves(members: list[Arm]) -> list[_Curve]:
    shades = colours([mine.case.value for mine in members])
    return [
        _Curve(mine.case.member or mine.case.label, mine.runs, shade, marker)
        for mine, shade, marker in zip(members, shades, cycle(MARKERS), strict=False)
    ]


def _draw_panel(axes: Axes, study: Study, curves: list[_Curve], metric: str, panels: Sequence[str]) -> None:
    ends = []
    for curve in curves:
        steps, (low, middle, high) = band(curve.runs, metric)
        ends.append(low[-1])
        (line,) = axes.plot(
            steps,
            middle,
            color=curve.colour,
            label=curve.label,
            marker=curve.marker,
            markersize=4,
            markevery=max(1, len(steps) // _READINGS_TO_MARK),
        )
        axes.fill_between(steps, low, high, color=curve.colour, alpha=0.2, linewidth=0)
        if metric.startswith("exact_match"):
            fill_where_all_right(axes, line)
    # The report always read exact match on 9-digit operands: only that metric is comparable.
    nine = f"exact_match_at_{REPORT_DIGITS}"
    if study.report_figure and not (metric == "exact_match" and nine in panels):
        for curve in curves[:1] if study.report_figure == 1 else curves:
            theirs = report_curve(
                study.report_figure, curve.label, "loss" if metric == "loss" else "exact_match"
            )
            colour = "0.15" if study.report_figure == 1 else curve.colour
            axes.plot(theirs.step, theirs.value, "--", color=colour, linewidth=1.1)
    axes.set_xlabel("step")
    axes.set_xlim(left=0)
    if metric == "loss":
        axes.set_title("training loss")
        # The report's losses were read to ±0.02, which means nothing on a logarithmic axis.
        scale_loss(axes, ends, may_be_logarithmic=study.report_figure is None)
    elif metric in _OF_CERTIFYING:
        title, unit = _OF_CERTIFYING[metric]
        axes.set_title(title)
        axes.set_ylabel(unit)
        if metric == "box_margin":
            axes.axhline(0, color="0.3", linewidth=0.8)
            axes.set_ylim(bottom=max(axes.get_ylim()[0], _LOWEST_MARGIN))
        else:
            axes.set_ylim(bottom=0)
    else:
        axes.set_title(f"exact match at {_where(metric, curves)}")
        axes.set_ylabel("share right in every digit")
        axes.set_ylim(-0.03, 1.03)


def _where(metric: str, curves: list[_Curve]) -> str:
    if "_at_" in metric:
        return f"{metric.rpartition('_')[2]} digits"
    lengths = {run.trial.digits for curve in curves for run in curve.runs}
    return f"{lengths.pop()} digits" if len(lengths) == 1 else "the training length"


def _caption(study: Study, runs: Sequence[Run]) -> str:
    parts = [band_words(study.drawn(runs))]
    diverged = sum(run.outcome == "diverged" for run in runs)
    if diverged:
        parts.append(f"Runs that diverged, and so end early: {diverged}.")
    if study.report_figure:
        parts.append(f"Dashed: the report's single run (its figure {study.report_figure}), read by eye.")
    if any(run.trial.certify for run in runs):
        return " ".join([*parts, "A run ends when it is certified; the search gives up at margin −5."])
    parts.append(EXACT_MATCH_WORDS)
    return " ".join(parts)
