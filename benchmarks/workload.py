"""What is timed: training steps of one cell at one length, data, loss, gradients and Adam included."""

from dataclasses import dataclass

from ripplecarry.arithmetic.tasks import EXTRA_POSITIONS
from ripplecarry.networks.architecture import CELL_SHAPES
from ripplecarry.runs.trial import Trial


@dataclass(frozen=True)
class Workload:
    """The report's network and batch with one cell, on sequences of so many positions."""

    cell: str
    positions: int

    @property
    def trial(self) -> Trial:
        """The trial whose steps are timed."""
        return Trial.build({"cell": self.cell, "digits": self.positions - EXTRA_POSITIONS})


def flops(trial: Trial) -> float:
    """Multiplications and additions of the matrix products of one step.

    The first layer's input product is left out: it is a sum of two table rows. The way back has two
    products for each of the way forward.
    """
    gates = CELL_SHAPES[trial.cell].num_gates
    weights = gates * trial.hidden_size**2 * (2 * trial.layers - 1) + trial.hidden_size * trial.base
    return 2.0 * 3 * weights * trial.batch_size * trial.sequence_length
