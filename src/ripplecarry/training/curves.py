"""Curves: the loss at every step, other metrics at some."""

from collections.abc import Mapping, Sequence

import numpy as np

Arrays = dict[str, np.ndarray]


class Curves:
    """The metrics of training so far.

    A metric read at step s was read after the update of step s.
    """

    def __init__(self) -> None:
        self._losses: list[np.float32] = []
        self._read_at: list[int] = []
        self._readings: dict[str, list[float]] = {}

    def add_losses(self, losses: Sequence[float] | np.ndarray) -> None:
        """Appends the losses of the next steps."""
        self._losses.extend(np.asarray(losses, dtype=np.float32))

    def add_readings(self, step: int, metrics: Mapping[str, float]) -> None:
        """Records the metrics read after the update of `step`; their names are the same every time."""
        self._read_at.append(step)
        for name, value in metrics.items():
            self._readings.setdefault(name, []).append(value)

    def latest(self, metric: str) -> float | None:
        """The last value of a metric; None if there is none yet."""
        values = self._losses if metric == "loss" else self._readings.get(metric)
        return float(values[-1]) if values else None

    def columns(self) -> Arrays:
        """One column for the step and one per metric; NaN where a metric was not read."""
        columns: Arrays = {
            "step": np.arange(len(self._losses), dtype=np.int64),
            "loss": np.array(self._losses, dtype=np.float32),
        }
        for name, values in sorted(self._readings.items()):
            columns[name] = np.full(len(self._losses), np.nan)
            columns[name][self._read_at] = values
        return columns

    @classmethod
    def from_columns(cls, columns: Mapping[str, np.ndarray]) -> "Curves":
        """The curves with these columns."""
        curves = cls()
        curves.add_losses(columns["loss"])
        names = [name for name in columns if name not in ("step", "loss")]
        if names:
            read = np.flatnonzero(~np.isnan(columns[names[0]]))
            curves._read_at = read.tolist()
            curves._readings = {name: columns[name][read].tolist() for name in names}
        return curves
