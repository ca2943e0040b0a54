"""What verdicts rest on: one dot per seed for the areas under a study's curves and for steps to a goal."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ripplecarry.claims.findings import Arm
from ripplecarry.claims.intervals import mean_interval
from ripplecarry.claims.measures import area, steps_to
from ripplecarry.claims.study import Study
from ripplecarry.reports.style import MARKERS, colours, save, style, write_texts
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
    cases = study.drawn(runs)
    with style():
        size = (10.5, 1.6 + _LOWEST_ROW_IN * len(cases))
        figure = Figure(figsize=size, layout="constrained")
        left, middle, right = figure.subplots(1, 3, sharey=True)
        for axes, measure in ((left, area("loss")), (middle, area("exact_match"))):
            axes.set_title(f"{measure.words} over training")
            _draw_dots(axes, cases, [np.array([measure.of(r) for r in c.runs]) for c in cases])
        right.set_title(f"steps to exact match {GOAL}")
        _draw_steps(right, cases)
        left.set_yticks(range(len(cases)), [mine.case.label for mine in cases])
        left.set_ylabel(study.axis)
        left.set_ylim(len(cases) - 0.5, -0.5)
        counts = sorted({len(mine.runs) for mine in cases})
        seeds = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        write_texts(
            figure,
            f"{study.title} Speed of learning, smaller is faster",
            f"One dot for each seed; {seeds} seeds each. Black, left and middle: the mean with its 95 % t "
            f"interval; right: the median. Exact match is read every {READ_EVERY} steps, so steps are "
            f"multiples of {READ_EVERY}. Open triangle: never reached in the steps of the run.",
        )
        return save(figure, folder, f"{study.name}_seeds")


def _draw_dots(axes: Axes, cases: list[Arm], samples: list[np.ndarray]) -> None:
    shades = colours([mine.case.value for mine in cases])
    for row, (values, shade) in enumerate(zip(samples, shades, strict=True)):
        places = row + _offsets(len(values))
        marker, is_many = MARKERS[row % len(MARKERS)], len(values) > _MANY
        axes.plot(values, places, marker, color=shade, markersize=4, alpha=0.7, rasterized=is_many)
        if len(values) > 1:
            mean, low, high = mean_interval(values, 0.95)
            axes.plot([low, high], [row, row], color="black", linewidth=1.2)
            axes.plot([mean], [row], "|", color="black", markersize=9, markeredgewidth=1.8)
    axes.margins(x=0.06)
    axes.set_xlim(left=0)


def _draw_steps(axes: Axes, cases: list[Arm]) -> None:
    shades = colours([mine.case.value for mine in cases])
    for row, (mine, shade) in enumerate(zip(cases, shades, strict=True)):
        steps = np.array([steps_to(run, GOAL) for run in mine.runs])
        places = row + _offsets(len(steps))
        arrived = np.isfinite(steps)
        look = {"color": shade, "rasterized": len(steps) > _MANY}
        marker = MARKERS[row % len(MARKERS)]
        axes.plot(steps[arrived], places[arrived], marker, markersize=4, alpha=0.7, **look)
        ends = np.full((~arrived).sum(), mine.case.trial.steps)
        axes.plot(ends, places[~arrived], ">", markersize=5, fillstyle="none", **look)
        median = np.median(steps)
        if np.isfinite(median):
            axes.plot([median], [row], "|", color="black", markersize=9, markeredgewidth=1.8)
    axes.margins(x=0.06)
    axes.set_xlim(left=0)
    axes.set_xlabel("step")


def _offsets(count: int) -> np.ndarray:
    return np.linspace(-_SPREAD / 2, _SPREAD / 2, count) if count > 1 else np.zeros(1)
