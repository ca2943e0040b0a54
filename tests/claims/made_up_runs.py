"""Runs with made-up curves, where the answer is known."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ripplecarry.runs.trial import Trial


@dataclass(frozen=True)
class MadeUpRun:
    """Looks like a run to measures and claims."""

    trial: Trial
    seed: int
    curves: pd.DataFrame
    outcome: str = "finished"
    exact_from_step: int | None = None
    exact_from_s: float | None = None
    state: dict = field(default_factory=lambda: {"train_s": 1.0, "steps_done": 100})


def make_run(trial, seed, loss, exact_match=None, **kwargs):
    """A run with this loss at each step (or one for all), and readings every 50 steps."""
    losses = np.full(trial.steps, float(loss)) if np.ndim(loss) == 0 else np.asarray(loss, dtype=float)
    column = np.full(len(losses), np.nan)
    places = np.arange(0, len(losses), 50)
    readings = np.broadcast_to(np.asarray(0.0 if exact_match is None else exact_match), places.shape)
    column[places] = readings
    frame = pd.DataFrame({"step": np.arange(len(losses)), "loss": losses, "exact_match": column})
    return MadeUpRun(trial, seed, frame, **kwargs)
