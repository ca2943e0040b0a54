"""Weights kept along the way of a run, so that one can see later when it learned what."""

from collections.abc import Iterable, Mapping

import numpy as np

from ripplecarry.engines.engine import Trainer
from ripplecarry.training.curves import Arrays
from ripplecarry.training.loop import STEPS_PER_CHUNK

NUM_KEPT = 19
"""With the last weights, which a run keeps anyway, twenty."""
MOST_BYTES = 2**25
"""Of all that is kept: it is written with every resumable checkpoint too. Large networks keep fewer."""


def kept_steps(num_steps: int, num_parameters: int) -> list[int]:
    """Numbers of updates behind which weights are kept: 0, then spaced by their logarithm.

    They are ends of chunks, where training pauses anyway; none is `num_steps`, behind which come the run's
    own weights.
    """
    most = min(NUM_KEPT, MOST_BYTES // (np.dtype(np.float16).itemsize * num_parameters))
    ends = np.arange(1, num_steps, STEPS_PER_CHUNK)
    if len(ends) < most:
        return [0, *ends.tolist()]
    if most < 2:
        return [0] * most
    chosen = np.arange(0)
    num_points = most
    while True:  # small places of the scale round to the same end, so it takes more points than ends
        scale = np.geomspace(1, len(ends) + 1, num_points)  # the last is the run's end
        points = np.unique(scale.round().astype(int))[:-1] - 1
        if len(points) >= most:
            break
        chosen, num_points = points, num_points + 1
    return [0, *ends[chosen].tolist()]


class KeptWeights:
    """The weights that were kept so far, rounded to float16.

    Args:
        due: numbers of updates behind which to keep weights.
        arrays: what a run that is resumed has kept before.
    """

    def __init__(self, due: Iterable[int], arrays: Mapping[str, np.ndarray]) -> None:
        self._due = frozenset(due)
        self.arrays: Arrays = dict(arrays)
        """By `STEP/PARAMETER`, the step being the number of updates done."""

    def keep_if_due(self, trainer: Trainer) -> None:
        """Keeps the trainer's weights where it has done a number of updates that calls for it."""
        if trainer.step not in self._due:
            return
        with np.errstate(over="ignore"):  # a diverging run's weights become infinite
            for name, array in trainer.weights().items():
                self.arrays[f"{trainer.step}/{name}"] = array.astype(np.float16)
