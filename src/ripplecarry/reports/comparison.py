"""Runs side by side: the settings that differ, their results, their curves in one figure."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from ripplecarry.reports.curve_figures import EXACT_MATCH_WORDS
from ripplecarry.reports.style import draw_curve, looks, new_figure, save, scale_loss, scale_shares
from ripplecarry.runs.listing import settings_of
from ripplecarry.runs.readings import HARD
from ripplecarry.runs.run import Run
from ripplecarry.runs.run_files import IMPORTED

_PANELS = {
    "loss": "training loss",
    "exact_match": "exact match at the training length",
    HARD: "exact match on the hard cases",
}


def differing_settings(runs: Sequence[Run]) -> dict[str, list[object]]:
    """The settings, seed and engine that differ between runs: by name, one value per run."""
    settings = [
        run.trial.model_dump(mode="json") | settings_of(run) | {"seed": run.seed, "engine": run.engine}
        for run in runs
    ]
    for each in settings:  # a table has no room for code
        if each["cell_code"] is not None:
            each["cell_code"] = hashlib.sha256(str(each["cell_code"]).encode()).hexdigest()[:10]
    by_name = {name: [each[name] for each in settings] for name in settings[0]}
    return {name: values for name, values in by_name.items() if any(v != values[0] for v in values)}


def outcomes(runs: Sequence[Run]) -> dict[str, list[object]]:
    """The runs' results: by name, one value per run, None if it was not read."""
    columns: dict[str, list[object]] = {
        "parameters": [run.num_parameters for run in runs],
        "outcome": [run.outcome for run in runs],
        "steps_done": [run.state["steps_done"] for run in runs],
    }
    metrics = dict.fromkeys(name for run in runs for name in run.state["last"])
    columns |= {name: [run.state["last"].get(name) for run in runs] for name in metrics}
    columns["metrics_read_after_step"] = [run.metrics_read_after_step for run in runs]
    columns["exact_from_step"] = [run.exact_from_step for run in runs]
    columns["exact_from_s"] = [run.exact_from_s for run in runs]
    columns["train_s"] = [run.state["train_s"] for run in runs]
    return columns


def draw_comparison(runs: Sequence[Run], folder: Path) -> list[Path]:
    """Writes the runs' loss and exact match over steps as PNG and SVG, named after the runs.

    Returns:
        The paths written; none if no run has curves, as with imported weights.
    """
    panels = [name for name in _PANELS if any(_is_read(run, name) for run in runs)]
    if not panels:
        return []
    labels = _labels(runs)
    with new_figure(4.4 * len(panels) + 2.2, 3.9) as figure:
        for axes, metric in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            _draw_panel(axes, runs, labels, metric)
        handles = {
            label: handle
            for axes in figure.axes
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(
            list(handles.values()), list(handles), loc="outside right center", title="run", frameon=False
        )
        return save(
            figure,
            folder,
            _name(runs),
            f"{len(runs)} runs side by side",
            f"One line for each run. {EXACT_MATCH_WORDS} Hard cases: fixed operands of the training length "
            "on which other networks failed.",
        )


def _is_read(run: Run, metric: str) -> bool:
    return metric in run.curves and bool(run.curves[metric].notna().any())


def _labels(runs: Sequence[Run]) -> list[str]:
    """What tells the runs apart; not how they were trained where nobody told that of one."""
    differing = {
        name: values
        for name, values in differing_settings(runs).items()
        if not any(run.engine == IMPORTED and v is None for run, v in zip(runs, values, strict=True))
    }
    return [
        ", ".join(f"{name.replace('_', ' ')} {values[place]}" for name, values in differing.items())
        for place in range(len(runs))
    ]


def _draw_panel(axes: Axes, runs: Sequence[Run], labels: Sequence[str], metric: str) -> None:
    ends = []
    for run, label, look in zip(runs, labels, looks(labels), strict=True):
        if not _is_read(run, metric):
            continue
        steps, values = run.curves[["step", metric]].dropna().to_numpy().T
        ends.append(values[-1])
        draw_curve(axes, steps, values, label, look, are_shares=metric != "loss")
    axes.set_title(_PANELS[metric])
    axes.set_xlabel("step")
    axes.set_xlim(left=0)
    if metric == "loss":
        scale_loss(axes, ends)
    else:
        scale_shares(axes)


def _name(runs: Sequence[Run]) -> str:
    return hashlib.sha256(" ".join(run.id for run in runs).encode()).hexdigest()[:10]
