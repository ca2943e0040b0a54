"""Heat maps: exact match by length and longest run."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from ripplecarry.arithmetic.longest_runs import run_kinds
from ripplecarry.claims.study import Study
from ripplecarry.reports.curve_figures import by_group
from ripplecarry.reports.style import ALL_RIGHT, new_figure, save
from ripplecarry.runs.run import Run

_COLOURS = mpl.colormaps["cividis"].with_extremes(over=ALL_RIGHT)
_CAPTION = "Green: all right. White: not tested, or there are no such operands."


def draw_evaluation(cells: pd.DataFrame, title: str, folder: Path) -> list[Path]:
    """Writes the grids of an evaluation, one for each kind of run, as PNG and SVG.

    Args:
        cells: one row per cell, as from `grid_frame`.
    """
    kinds = cells.kind.unique()
    with new_figure(6.5 * len(kinds), 5.2) as figure:
        for axes, kind in zip(figure.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
            _draw(axes, cells[cells.kind == kind], has_bar=kind == kinds[-1])
            axes.set_title(f"by longest {kind} run")
            axes.set_xlabel(f"longest {kind} run")
            axes.set_ylabel("length")
        caption = f"Share of answers that are right in every digit. {_CAPTION}"
        return save(figure, folder, "grid", title, caption)


def draw_study_heat_maps(study: Study, runs: Sequence[Run], folder: Path) -> list[Path]:
    """Writes a figure for each kind of run with one heat map per trial, the mean over its seeds.

    Returns:
        The paths written; none if the study does not measure exactness.
    """
    arms = [arm for arm in study.drawn(runs) if arm.case.trial.exactness_to is not None]
    if not arms:
        return []
    paths = []
    kinds = [run_kinds(arm.case.trial.build_task()) for arm in arms]
    for kind in dict.fromkeys(kind for mine in kinds for kind in mine):
        groups = by_group([arm for arm, mine in zip(arms, kinds, strict=True) if kind in mine])
        columns = max(map(len, groups.values()))
        with new_figure(3.1 * columns + 1, 2.5 * len(groups) + 1) as figure:
            grid = figure.subplots(len(groups), columns, squeeze=False)
            for row, (group, mine) in zip(grid, groups.items(), strict=True):
                for axes, arm in zip(row, mine, strict=False):
                    cells = pd.concat([run.exactness for run in arm.runs])
                    _draw(axes, cells[cells.kind == kind], has_bar=axes is row[len(mine) - 1])
                    member = f"{study.member_axis} {arm.case.member or arm.case.label}"
                    axes.set_title(f"{group}, {member}" if group else member, fontsize=8.5)
                for axes in row[len(mine) :]:
                    axes.set_axis_off()
            caption = (
                f"Across: longest {kind} run. Down: length. Share of the answers of all seeds "
                f"that are right in every digit. {_CAPTION}"
            )
            title = f"{study.title} Exact match by longest {kind} run"
            paths += save(figure, folder, f"{study.name}_{kind}_runs", title, caption)
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
