"""Snapshots: weights saved during training, to see later when the network learned what."""

from collections.abc import Iterable, Mapping

import numpy as np

from ripplecarry.engines.engine import Trainer
from ripplecarry.training.curves import Arrays
from ripplecarry.training.loop import STEPS_PER_CHUNK

NUM_SNAPSHOTS = 19
"""Twenty with the final weights, which every run saves."""
MOST_BYTES = 2**25
"""Of all snapshots together, as every checkpoint contains them too; large networks get fewer."""


def snapshot_steps(num_steps: int, num_parameters: int) -> list[int]:
    """Numbers of updates after which a snapshot is taken: 0, then spaced logarithmically.

    They are ends of chunks, where training pauses anyway. None is `num_steps`, after which come the final
    weights.
    """
    most = min(NUM_SNAPSHOTS, MOST_BYTES // (np.dtype(np.float16).itemsize * num_parameters))
    ends = np.arange(1, num_steps, STEPS_PER_CHUNK)
    if len(ends) < most:
        return [0, *ends.tolist()]
    if most < 2:
        return [0] * most
    chosen = np.arange(0)
    num_points = most
    while True:  # small points round to the same end, so more points than ends are needed
        scale = np.geomspace(1, len(ends) + 1, num_points)  # the last one is the run's end
        points = np.unique(scale.round().astype(int))[:-1] - 1
        if len(points) >= most:
            break
        chosen, num_points = points, num_points + 1
    return [0, *ends[chosen].tolist()]


class Snapshots:
    """The snapshots so far, rounded to float16.

    Args:
        due: numbers of updates after which to take a snapshot.
        arrays: a resumed run's earlier snapshots.
    """

    def __init__(self, due: Iterable[int], arrays: Mapping[str, np.ndarray]) -> None:
        self._due = frozenset(due)
        self.arrays: Arrays = dict(arrays)
        """By `STEP/PARAMETER`, the step being the number of updates done."""

    def take_if_due(self, trainer: Trainer) -> None:
        """Takes a snapshot if one is due after the trainer's last update."""
        if trainer.step not in self._due:
            return
        with np.errstate(over="ignore"):  # a diverging run's weights become infinite
            for name, array in trainer.weights().items():
                self.arrays[f"{trainer.step}/{name}"] = array.astype(np.float16)
