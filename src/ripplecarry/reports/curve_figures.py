"""Curves over steps: a study's loss and exact match over seeds, with the report's curves dashed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ripplecarry.axes import Float
from ripplecarry.claims.findings import Arm
from ripplecarry.claims.study import Study
from ripplecarry.reports.report_curves import has_report_curves, report_curve
from ripplecarry.reports.style import (
    choose_fonts,
    draw_curve,
    looks,
    new_figure,
    save,
    scale_loss,
    scale_shares,
)
from ripplecarry.runs.readings import NUM_PAIRS, REPORT_DIGITS
from ripplecarry.runs.run import Run
from ripplecarry.training.loop import READ_EVERY

_FEWEST_FOR_PERCENTILES = 40
"""With fewer seeds a 2.5th percentile would lie between the two lowest."""
EXACT_MATCH_WORDS = (
    f"Exact match: the share of {NUM_PAIRS:,} new random answers that are right in every digit, read every "
    f"{READ_EVERY} steps. A filled marker: all are right."
)
_OF_CERTIFYING = {
    "box_margin": ("smallest margin over all boxes", "logits"),
    "box_width": ("mean width of the boxes", "preactivation"),
}
_LOWEST_MARGIN = -6.0  # the search gives up at -5


def draw_curves(study: Study, runs: Sequence[Run], folder: Path) -> list[Path]:
    """Writes the study's curves as PNG and SVG.

    One panel each for loss and exact match, then one for each other length at which exact match was
    read: the report always read it at 9 digits. A study with two axes has a row of panels for each
    value of the first.

    Returns:
        The paths written.
    """
    groups = by_group(study.drawn(runs))
    panels = _panels(runs)
    with new_figure(4.6 * len(panels) + 1.6, 3.6 * len(groups) + 0.8) as figure:
        rows = figure.subplots(len(groups), len(panels), squeeze=False)
        for row, (group, members) in zip(rows, groups.items(), strict=True):
            for axes, metric in zip(row, panels, strict=True):
                _draw_panel(axes, study, members, metric, panels)
                if group:
                    axes.set_title(f"{group}: {axes.get_title()}")
        handles, labels = rows[0, 0].get_legend_handles_labels()
        if has_report_curves(study, study.drawn(runs)):
            handles.append(Line2D([], [], color="0.15", linestyle="--", linewidth=1.1))
            labels.append("the report's run")
        figure.legend(handles, labels, loc="outside right center", title=study.member_axis, frameon=False)
        return save(figure, folder, study.name, study.title, _caption(study, runs))


def draw_lines(
    lines: Mapping[str, tuple[Sequence[int], Sequence[float]]], what: str, title: str, path: Path
) -> None:
    """Writes one panel of labelled lines against steps."""
    with new_figure(6, 4) as figure:
        axes = figure.subplots()
        for (label, (steps, values)), look in zip(lines.items(), looks(list(lines)), strict=True):
            draw_curve(axes, steps, values, label, look)
        axes.set_xlabel("step")
        axes.set_ylabel(what)
        axes.legend(title=title, frameon=False)
        choose_fonts(figure)
        figure.savefig(path, dpi=150)


def by_group(arms: Sequence[Arm]) -> dict[str, list[Arm]]:
    """The trials that are drawn together, in a panel or a row of them."""
    groups: dict[str, list[Arm]] = {}
    for arm in arms:
        groups.setdefault(arm.case.group, []).append(arm)
    return groups


def band(runs: Sequence[Run], metric: str) -> tuple[np.ndarray, np.ndarray]:
    """The range or middle of the seeds, with their median, at each step where the metric was read.

    Returns:
        Steps, and the band with axes (low middle high, step). Diverged runs count up to their end.
    """
    read = pd.concat([run.curves.set_index("step")[metric] for run in runs], axis=1).dropna(how="all")
    return read.index.to_numpy(), band_of(read.to_numpy(float).T)


def band_of(values: Float[np.ndarray, "seed place"]) -> Float[np.ndarray, "3 place"]:
    """Low, median and high over seeds: the entire range of few, the middle 95 % of many."""
    outside = 0 if len(values) < _FEWEST_FOR_PERCENTILES else 2.5
    return np.nanpercentile(values, [outside, 50, 100 - outside], axis=0)


def band_words(arms: Sequence[Arm]) -> str:
    """What a figure's lines and bands are, in a caption."""
    counts = sorted({len(arm.runs) for arm in arms})
    if counts == [1]:
        return "One line for each run; there is one seed."
    shaded = {
        False: "the range from the lowest to the highest seed",
        True: "the middle 95 % of the seeds",
    }
    are_many = dict.fromkeys(count >= _FEWEST_FOR_PERCENTILES for count in counts)
    shading = ", or ".join(shaded[many] for many in are_many)
    return f"Line: the median of {num_seeds_words(arms)} seeds. Shaded: {shading}."


def num_seeds_words(arms: Sequence[Arm]) -> str:
    """How many seeds the trials have, in a caption."""
    counts = [len(arm.runs) for arm in arms]
    return " to ".join(map(str, dict.fromkeys((min(counts), max(counts)))))


def _panels(runs: Sequence[Run]) -> list[str]:
    other = {
        f"exact_match_at_{digits}": digits
        for run in runs
        for digits in (REPORT_DIGITS, run.trial.read_at)
        if digits is not None and any(each.trial.digits != digits for each in runs)
    }
    certifying = [run for run in runs if run.trial.certify]
    if certifying:
        of_both = [] if len(certifying) == len(runs) else ["exact_match"]
        theirs = [name for name in _OF_CERTIFYING if all(name in run.curves for run in certifying)]
        return ["loss", *of_both, *theirs]
    read = [
        name for name in sorted(other, key=other.__getitem__) if all(name in run.curves for run in runs)
    ]
    return ["loss", "exact_match", *read]


def _draw_panel(axes: Axes, study: Study, arms: list[Arm], metric: str, panels: Sequence[str]) -> None:
    ends = []
    are_shares = metric.startswith("exact_match")
    # The report always read exact match on 9-digit operands: only that metric is comparable.
    nine = f"exact_match_at_{REPORT_DIGITS}"
    figure = None if metric == "exact_match" and nine in panels else study.report_figure
    for arm, look in zip(arms, looks([arm.case.value for arm in arms]), strict=True):
        if any(metric not in run.curves for run in arm.runs):
            continue
        label = arm.case.member or arm.case.label
        steps, (low, middle, high) = band(arm.runs, metric)
        ends.append(low[-1])
        draw_curve(axes, steps, middle, label, look, (low, high), are_shares=are_shares)
        if figure is not None and (arm is arms[0] or figure != 1):
            theirs = report_curve(figure, arm.case.label, "exact_match" if are_shares else "loss")
            colour = "0.15" if figure == 1 else look[0]
            axes.plot(theirs.step, theirs.value, "--", color=colour, linewidth=1.1, zorder=2.5)
    axes.set_xlabel("step")
    axes.set_xlim(left=0)
    if metric == "loss":
        axes.set_title("training loss")
        # The report's losses were read to ±0.02, which means nothing on a logarithmic axis.
        scale_loss(axes, ends, may_be_logarithmic=not has_report_curves(study, arms))
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
        axes.set_title(f"exact match at {_where(metric, arms)}")
        scale_shares(axes)


def _where(metric: str, arms: list[Arm]) -> str:
    if "_at_" in metric:
        return f"{metric.rpartition('_')[2]} digits"
    lengths = {run.trial.digits for arm in arms for run in arm.runs}
    return f"{lengths.pop()} digits" if len(lengths) == 1 else "the training length"


def _caption(study: Study, runs: Sequence[Run]) -> str:
    parts = [band_words(study.drawn(runs))]
    diverged = sum(run.outcome == "diverged" for run in runs)
    if diverged:
        parts.append(f"Runs that diverged, and so end early: {diverged}.")
    if has_report_curves(study, study.drawn(runs)):
        parts.append(f"Dashed: the report's single run (its figure {study.report_figure}), read by eye.")
    if any(run.trial.certify for run in runs):
        return " ".join([*parts, "A run ends when it is certified; the search gives up at margin −5."])
    parts.append(EXACT_MATCH_WORDS)
    return " ".join(parts)
