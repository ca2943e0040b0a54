"""Evaluating a run on hard operands, and storing the result."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.arithmetic.tasks import Task, addition
from ripplecarry.engines.engine import Engine
from ripplecarry.errors import ConfigurationError
from ripplecarry.evaluation.adders import Answers, IntegerAdder
from ripplecarry.evaluation.exactness import Exactness, measure_exactness, num_tested_digits
from ripplecarry.evaluation.grid import Sampling, grid_lengths
from ripplecarry.files import json_text, read_whole, write_atomically
from ripplecarry.runs.counterexamples import shortest_known
from ripplecarry.runs.imported_run import DECLARED_DIGITS, StateDict
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.user_code import TimeLimit

if TYPE_CHECKING:
    from torch import nn

TIME_LIMIT_S = 600
"""The default for adders that are not runs."""

_PAIRS_ONE_BY_ONE = 50


class Evaluation:
    """What to test, and how thoroughly.

    Args:
        digits: the longest operands that the adder was trained on or is declared for.
        longest: the longest operands tested; by default 100 times `digits` for a run, `digits` for others.
        pairs: most pairs per cell; by default 1000, and 50 for functions, which are called pair by pair
            and may be slow.
    """

    def __init__(self, adder: Answers, task: Task, digits: int, longest: int, pairs: int) -> None:
        self.adder, self.task = adder, task
        self.lengths = grid_lengths(digits, longest)
        self.sampling = Sampling(pairs=pairs)
        self._shortest_known: Callable[[Counterexample | None], Counterexample | None] = lambda found: found

    @classmethod
    def of_run(
        cls, run: Run, engine: Engine, store: Store, longest: int | None = None, pairs: int | None = None
    ) -> "Evaluation":
        """The evaluation of a run's network.

        Args:
            store: where the shortest known counterexample of the run is kept.
        """
        network = engine.load(run.trial, run.task, run.weights)
        digits = run.trial.digits
        plan = cls(network, run.task, digits, longest or 100 * digits, pairs or Sampling().pairs)
        plan._shortest_known = partial(shortest_known, run, store, network)
        return plan

    @classmethod
    def of_relu(cls, read: StateDict, longest: int | None = None, pairs: int | None = None) -> "Evaluation":
        """The evaluation of a state dict's network with ReLU in place of tanh.

        Raises:
            ConfigurationError: the network is no RNN.
        """
        from ripplecarry.evaluation.modules import ModuleAdder, relu_adder

        trial, task = read.trial, read.trial.build_task()
        if trial.cell != "rnn":
            raise ConfigurationError(
                f"nonlinearity is relu; that goes with an RNN, and the file has another cell: {trial.cell}"
            )
        adder = ModuleAdder(relu_adder(trial, task, read.weights), trial.base)
        return cls(adder, task, trial.digits, longest or 100 * trial.digits, pairs or Sampling().pairs)

    @classmethod
    def of_other(
        cls,
        adder: "nn.Module | Callable[[int, int], int]",
        digits: int | None = None,
        longest: int | None = None,
        pairs: int | None = None,
        limit: TimeLimit | None = None,
    ) -> "Evaluation":
        """The evaluation of any decimal adder: a PyTorch module, or a function of two integers.

        Raises:
            ConfigurationError: it is neither, or `longest` exceeds `digits`.
        """
        digits = digits or DECLARED_DIGITS
        if longest is not None and longest > digits:
            raise ConfigurationError(
                f"lengths to {longest} are beyond the {digits} digits that the adder is declared for"
            )
        sides: Answers
        if "torch" in sys.modules and isinstance(adder, sys.modules["torch"].nn.Module):
            from ripplecarry.evaluation.modules import ModuleAdder

            sides, usual = ModuleAdder(adder, limit=limit), Sampling().pairs
        elif callable(adder):
            sides, usual = IntegerAdder(adder, limit=limit), _PAIRS_ONE_BY_ONE
        else:
            raise ConfigurationError(f"{adder!r} is not an adder; give a run, a module or a function")
        return cls(sides, addition(), digits, longest or digits, pairs or usual)

    @property
    def num_digits(self) -> int:
        """How many digits the tests will ask for, to show progress."""
        return num_tested_digits(self.task, self.lengths, self.sampling)

    def measure(self, report: Callable[[int], None] = lambda num_digits: None) -> Exactness:
        """Everything at once; minutes for long numbers."""
        found = measure_exactness(
            self.adder, self.task, self.lengths, sampling=self.sampling, report=report
        )
        return replace(found, counterexample=self._shortest_known(found.counterexample))


def keep(exactness: Exactness, folder: Path, about: dict[str, Any], *, is_of_run: bool) -> bool:
    """Writes what came out as JSON; False where the one that is there tested longer numbers, or more.

    The store has a place of its own for a run's counterexample.
    """
    path, content = folder / "evaluation.json", about | exactness.as_dict()
    if is_of_run:
        del content["counterexample"]
    if _thoroughness(path) > (max(about["lengths"]), exactness.num_pairs):
        return False
    write_atomically(path, (json_text(content) + "\n").encode())
    return True


def _thoroughness(path: Path) -> tuple[int, int]:
    """The longest numbers and the number of pairs that an evaluation tested; zeros if there is none."""
    try:
        found = json.loads(read_whole(path))
        return max(found["lengths"]), int(found["num_pairs"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return 0, 0
