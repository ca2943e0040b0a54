"""What verdicts rest on: one dot per seed for the areas under a study's curves and for steps to a goal."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from ripplecarry.claims.findings import Arm
from ripplecarry.claims.intervals import Interval, mean_interval
from ripplecarry.claims.measures import area, steps_to
from ripplecarry.claims.study import Study
from ripplecarry.reports.curve_figures import num_seeds_words
from ripplecarry.reports.style import looks, new_figure, save
from ripplecarry.runs.run import Run
from ripplecarry.training.loop import READ_EVERY

GOAL = 0.99
_SPREAD = 0.5  # of a trial's width, for its dots
_LOWEST_ROW_IN = 0.34
_MANY = 100  # most dots of a trial that an SVG holds individually


def draw_seeds(study: Study, runs: Sequence[Run], folder: Path) -> list[Path]:
    """Writes the areas and the steps to exact match 0.99, one dot per seed, as PNG and SVG.

    Means have their 95 % t intervals. A run that never arrives is an open triangle at its last step;
    medians are over all seeds.

    Returns:
        The paths written.
    """
    arms = study.drawn(runs)
    with new_figure(10.5, 1.6 + _LOWEST_ROW_IN * len(arms)) as figure:
        left, middle, right = figure.subplots(1, 3, sharey=True)
        for axes, measure in ((left, area("loss")), (middle, area("exact_match"))):
            axes.set_title(f"{measure.words} over training")
            _draw_dots(axes, arms, measure.of, _mean)
        right.set_title(f"steps to exact match {GOAL}")
        _draw_dots(right, arms, lambda run: steps_to(run, GOAL), _median)
        right.set_xlabel("step")
        left.set_yticks(range(len(arms)), [arm.case.label for arm in arms])
        left.set_ylabel(study.axis)
        left.set_ylim(len(arms) - 0.5, -0.5)
        return save(
            figure,
            folder,
            f"{study.name}_seeds",
            f"{study.title} Speed of learning, smaller is faster",
            f"{_dots_words(arms)} Exact match is read every "
            f"{READ_EVERY} steps, so steps are multiples of {READ_EVERY}. Open triangle: never reached in "
            "the steps of the run.",
        )


def _dots_words(arms: Sequence[Arm]) -> str:
    if all(len(arm.runs) == 1 for arm in arms):
        return "One dot for each run; there is one seed."
    return (
        f"One dot for each seed; {num_seeds_words(arms)} seeds each. Black, left and middle: the mean with "
        "its 95 % t interval; right: the median."
    )


def _draw_dots(
    axes: Axes,
    arms: list[Arm],
    measure: Callable[[Run], float],
    middle: Callable[[np.ndarray], Interval],
) -> None:
    """A row of dots for each trial, and in black its middle with its interval, as far as there are any."""
    for row, (arm, look) in enumerate(zip(arms, looks([arm.case.value for arm in arms]), strict=True)):
        values = np.array([measure(run) for run in arm.runs])
        places = row + _SPREAD * (np.linspace(-0.5, 0.5, len(values)) if len(values) > 1 else np.zeros(1))
        arrived = np.isfinite(values)
        style = {"color": look[0], "rasterized": len(values) > _MANY}
        axes.plot(values[arrived], places[arrived], look[1], markersize=4, alpha=0.7, **style)
        ends = np.full((~arrived).sum(), arm.case.trial.steps)
        axes.plot(ends, places[~arrived], ">", markersize=5, fillstyle="none", **style)
        at, low, high = middle(values)
        axes.plot([low, high], [row, row], color="black", linewidth=1.2)
        axes.plot([at], [row], "|", color="black", markersize=9, markeredgewidth=1.8)
    axes.margins(x=0.06)
    axes.set_xlim(left=0)


def _mean(values: np.ndarray) -> Interval:
    return mean_interval(values, 0.95) if len(values) > 1 else Interval(np.nan, np.nan, np.nan)


def _median(values: np.ndarray) -> Interval:
    return Interval(float(np.median(values)), np.nan, np.nan)
