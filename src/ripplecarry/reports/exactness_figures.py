"""A study's exactness: exact match against length, and the share of exact seeds against a setting."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from ripplecarry.claims.findings import Arm
from ripplecarry.claims.study import Study
from ripplecarry.reports.curve_figures import band_of, band_words, by_group
from ripplecarry.reports.style import Colour, draw_curve, looks, new_figure, save, scale_shares
from ripplecarry.reports.summary import success
from ripplecarry.runs.run import Run

_FEWEST_VALUES = 3


def draw_exactness(study: Study, runs: Sequence[Run], folder: Path) -> list[Path]:
    """Writes exact match against length, a panel for each group of trials, as PNG and SVG.

    Returns:
        The paths written; none if the study does not measure exactness.
    """
    groups = by_group([arm for arm in study.drawn(runs) if arm.case.trial.exactness_to is not None])
    if not groups:
        return []
    columns = min(3, len(groups))
    rows = -(-len(groups) // columns)
    with new_figure(4.3 * columns + 1.4, 3.3 * rows + 0.9) as figure:
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        for axes, (group, arms) in zip(panels.flat, groups.items(), strict=False):
            _draw_lengths(axes, arms)
            axes.set_title(group)
        for axes in panels.flat[len(groups) :]:
            axes.set_axis_off()
        for axes in panels[:, 0]:
            scale_shares(axes)
        for axes in panels[-1]:
            axes.set_xlabel("length")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", title=study.member_axis, frameon=False)
        return save(
            figure,
            folder,
            f"{study.name}_exactness",
            f"{study.title} Exact match against length",
            f"{band_words([arm for mine in groups.values() for arm in mine])} A filled marker: all are "
            "right. Every longest run is tested equally often.",
        )


def draw_success(study: Study, runs: Sequence[Run], folder: Path) -> list[Path]:
    """Writes the share of seeds exact on the hard cases against the study's last setting, as PNG and SVG.

    Returns:
        The paths written; none if that setting is not a number or has fewer than three values, or if
        runs did not read the hard cases.
    """
    arms = study.drawn(runs)
    groups = by_group(arms)
    if not all(_is_number(arm.case.value) and success(arm.runs) for arm in arms):
        return []
    if max(map(len, groups.values())) < _FEWEST_VALUES:
        return []
    with new_figure(6.4, 4.2) as figure:
        axes = figure.subplots()
        values = sorted({_value(arm) for arm in arms})
        is_logarithmic = _is_more_even_in_logarithms(values)
        for number, (group, look) in enumerate(zip(groups, looks(list(groups)), strict=True)):
            apart = number - (len(groups) - 1) / 2  # so that bars do not overlap
            places = np.array([_value(arm) for arm in groups[group]])
            shift = 0.01 * (values[-1] - values[0]) * apart
            places = places * 1.03**apart if is_logarithmic else places + shift
            _draw_shares(axes, groups[group], places, group, look)
        if is_logarithmic:
            axes.set_xscale("log")
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.minorticks_off()
        axes.set_xlabel(study.member_axis)
        scale_shares(axes, "share of seeds")
        if len(groups) > 1:
            axes.legend(frameon=False)
        return save(
            figure,
            folder,
            f"{study.name}_success",
            f"{study.title} Seeds exact on the hard cases",
            "Exact: right in every hard case of the training length at the last reading. Bars: 95 % "
            "intervals (Clopper and Pearson).",
        )


def _draw_lengths(axes: Axes, arms: Sequence[Arm]) -> None:
    for arm, look in zip(arms, looks([arm.case.value for arm in arms]), strict=True):
        shares = []
        for run in arm.runs:
            counts = run.exactness.groupby("length")[["num_exact", "num_pairs"]].sum()
            shares.append(counts.num_exact / counts.num_pairs)
        low, middle, high = band_of(np.array(shares))
        lengths = shares[0].index.to_numpy()
        label = arm.case.member or arm.case.label
        draw_curve(axes, lengths, middle, label, look, (low, high), are_shares=True)
    axes.set_xscale("log")


def _draw_shares(
    axes: Axes, arms: Sequence[Arm], places: np.ndarray, label: str, look: tuple[Colour, str]
) -> None:
    (colour, marker), found = look, [success(arm.runs) for arm in arms]
    shares = np.array([each.share for each in found if each is not None])
    bounds = [shares[:, 0] - shares[:, 1], shares[:, 2] - shares[:, 0]]
    # No line: nothing was measured between the values.
    axes.errorbar(
        places, shares[:, 0], yerr=bounds, fmt=marker, color=colour, capsize=3, label=label or None
    )


def _is_more_even_in_logarithms(values: Sequence[float]) -> bool:
    """Whether numbers lie more evenly on a logarithmic axis than on a linear one."""
    if values[0] <= 0:
        return False
    gaps = (np.diff(scaled) for scaled in (values, np.log(values)))
    linear, logarithmic = (each.max() / each.min() for each in gaps)
    return bool(logarithmic < linear)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(arm: Arm) -> float:
    return float(str(arm.case.value))
