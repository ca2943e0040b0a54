"""Heat maps: exact match by length and longest run."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ripplecarry.claims.study import Study
from ripplecarry.reports.style import ALL_RIGHT, save, style, write_texts
from ripplecarry.runs.run import Run

_COLOURS = mpl.colormaps["cividis"].with_extremes(over=ALL_RIGHT)
_CAPTION = "Green: all right. White: not tested, or there are no such sums."
_KINDS = {"carry": "longest carry run", "idle": "longest idle run"}


def draw_evaluation(cells: pd.DataFrame, title: str, folder: Path) -> list[Path]:
    """Writes the two grids of an evaluation as PNG and SVG.

    Args:
        cells: one row per cell, as from `grid_frame`.
    """
    with style():
        figure = Figure(figsize=(13, 5.2), layout="constrained")
        for axes, (kind, words) in zip(figure.subplots(1, 2), _KINDS.items(), strict=True):
            _draw(axes, cells[cells.kind == kind], has_bar=kind == "idle")
            axes.set_title(f"by {words}")
            axes.set_xlabel(words)
            axes.set_ylabel("digits per operand")
        write_texts(
            figure,
            title,
            f"Share of sums that are right in every digit. {_CAPTION}",
        )
        return save(figure, folder, "grid")


def draw_study_heat_maps(study: Study, runs: Sequence[Run], folder: Path) -> list[Path]:
    """Writes a figure for each kind of run with one heat map per trial, the mean over its seeds.

    Returns:
        The paths written; none if the study does not measure exactness.
    """
    arms = [arm for arm in study.drawn(runs) if arm.case.trial.exactness_to is not None]
    if not arms:
        return []
    groups = list(dict.fromkeys(arm.case.group for arm in arms))
    columns = max(sum(arm.case.group == group for arm in arms) for group in groups)
    paths = []
    for kind, words in _KINDS.items():
        with style():
            size = (3.1 * columns + 1, 2.5 * len(groups) + 1)
            figure = Figure(figsize=size, layout="constrained")
            grid = figure.subplots(len(groups), columns, squeeze=False)
            for row, group in zip(grid, groups, strict=True):
                mine = [arm for arm in arms if arm.case.group == group]
                for axes, arm in zip(row, mine, strict=False):
                    cells = pd.concat([run.exactness for run in arm.runs])
                    _draw(axes, cells[cells.kind == kind], has_bar=axes is row[len(mine) - 1])
                    member = f"{study.member_axis} {arm.case.member or arm.case.label}"
                    axes.set_title(f"{group}, {member}" if group else member, fontsize=8.5)
                for axes in row[len(mine) :]:
                    axes.set_axis_off()
            caption = (
                f"Across: {words}. Down: digits per operand. Share of the sums of all seeds that are right "
                f"in every digit. {_CAPTION}"
            )
            write_texts(figure, f"{study.title} Exact match by {words}", caption)
            paths += save(figure, folder, f"{study.name}_{kind}_runs")
    return paths


def _draw(axes: Axes, cells: pd.DataFrame, *, has_bar: bool) -> None:
    counts = cells.groupby(["length", "run"])[["num_exact", "num_pairs"]].sum()
    shares = (counts.num_exact / counts.num_pairs).unstack("run")
    below_1 = float(np.nextafter(1, 0))
    bar = {"extend": "max", "ticks": [0, 0.2, 0.4, 0.6, 0.8, below_1], "format": "%.1f"}
    sns.heatmap(
        shares, ax=axes, vmin=0, vmax=below_1, cmap=_COLOURS, cbar=has_bar, cbar_kws=bar, linewidths=0.3
    )
    axes.tick_params(labelsize=7)
    axes.set_xlabel("")
    axes.set_ylabel("")
