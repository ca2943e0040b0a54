"""The distribution of times to exactness over many seeds."""

from collections.abc import Sequence
from itertools import cycle
from math import log, sqrt
from pathlib import Path

import numpy as np

from ripplecarry.claims.study import Study
from ripplecarry.reports.curve_figures import num_seeds_words
from ripplecarry.reports.style import colours, new_figure, save, scale_shares
from ripplecarry.reports.summary import success
from ripplecarry.runs.run import Run
from ripplecarry.training.loop import READ_EVERY

FEWEST_SEEDS = 30
"""With fewer, one dot per seed shows as much."""

_DASHES = ("-", "--", "-.", ":")


def draw_times(study: Study, runs: Sequence[Run], folder: Path) -> list[Path]:
    """Writes the share of runs that are exact for good against the step they became so, as PNG and SVG.

    Returns:
        The paths written; none if no trial has many seeds, or runs did not read the hard cases.
    """
    arms = [arm for arm in study.drawn(runs) if len(arm.runs) >= FEWEST_SEEDS and success(arm.runs)]
    if not arms:
        return []
    with new_figure(7.2, 4.4) as figure:
        axes = figure.subplots()
        shades = colours([arm.case.value for arm in arms])
        for arm, shade, dashes in zip(arms, shades, cycle(_DASHES), strict=False):
            steps = np.sort([r.exact_from_step for r in arm.runs if r.exact_from_step is not None])
            shares = np.arange(len(steps) + 1) / len(arm.runs)
            ends = np.concatenate([[0], steps, [arm.case.trial.steps]])
            levels = np.append(shares, shares[-1])
            margin = band_margin(len(arm.runs))
            axes.step(ends, levels, where="post", color=shade, linestyle=dashes, label=arm.case.label)
            if len(steps) == 0:
                continue  # flat lines' bands would overlap
            low, high = np.clip(levels - margin, 0, 1), np.clip(levels + margin, 0, 1)
            axes.fill_between(ends, low, high, step="post", color=shade, alpha=0.15, linewidth=0)
        axes.set_xlabel("step")
        scale_shares(axes, "share of seeds exact from then on")
        axes.set_xlim(left=0)
        figure.legend(loc="outside right center", title=study.axis, frameon=False)
        return save(
            figure,
            folder,
            f"{study.name}_times",
            f"{study.title} Times to exactness",
            f"Exact: right in every hard case of the training length, at this reading and all later ones; "
            f"read every {READ_EVERY} steps. {num_seeds_words(arms)} seeds each. Shaded: contains the "
            "entire true curve with 95 % confidence (Dvoretzky, Kiefer, Wolfowitz and Massart).",
        )


def band_margin(count: int, confidence: float = 0.95) -> float:
    """Half the width of a band around an empirical distribution.

    Source: Massart, "The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality", Ann. Probab. 18
    (1990).
    """
    return sqrt(log(2 / (1 - confidence)) / (2 * count))
