"""An engine's interface: training steps, forward passes and streams of positions."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext

import numpy as np

from ripplecarry.arithmetic.batches import BatchSource
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import Float, UInt8
from ripplecarry.engines.optimisation import Optimisation
from ripplecarry.networks.architecture import Architecture
from ripplecarry.networks.initial_values import Weights


class PositionStream(ABC):
    """One sequence fed piece by piece; the hidden state persists between pieces."""

    @abstractmethod
    def feed(self, operands: UInt8[np.ndarray, "position operand"]) -> Float[np.ndarray, "position output"]:
        """The logits of the next positions."""


class Computation(ABC):
    """A network with weights, ready to compute."""

    @abstractmethod
    def logits(
        self, operands: UInt8[np.ndarray, "batch position operand"]
    ) -> Float[np.ndarray, "batch position output"]:
        """The logits of the answer digit at each position."""

    @abstractmethod
    def stream(self) -> PositionStream:
        """A stream from the zero state."""

    @abstractmethod
    def weights(self) -> Weights:
        """A copy of the weights."""

    def answers(
        self, operands: UInt8[np.ndarray, "batch position operand"]
    ) -> UInt8[np.ndarray, "batch position"]:
        """The answer digits: those with the largest logit, the smaller digit if two are equal."""
        return self.logits(operands).argmax(axis=-1).astype(np.uint8)

    def count_right(self, batches: BatchSource, step: int) -> tuple[int, int]:
        """How many answers of a step's batch are right in every digit, and how many digits are right."""
        operands, right = batches.draw(step)
        agrees = self.answers(operands) == right
        return int(agrees.all(axis=1).sum()), int(agrees.sum())


class Trainer(Computation):
    """A network in training."""

    step: int
    """Number of updates so far, which is also the number of the next step."""

    def among_others(self) -> AbstractContextManager[None]:
        """Inside it, calls to this trainer may wait for calls to others trained beside it."""
        return nullcontext()

    @abstractmethod
    def advance(self, num_steps: int) -> Float[np.ndarray, " step"]:
        """Trains and returns the loss of each step, taken before that step's update.

        A loss that is not finite is returned last, and no update follows it.
        """

    @abstractmethod
    def state(self) -> dict[str, np.ndarray]:
        """Everything besides the step that training depends on, as a flat mapping of arrays."""

    @abstractmethod
    def restore(self, step: int, state: dict[str, np.ndarray]) -> None:
        """Resumes from a state, bit for bit as if never interrupted."""


class Engine(ABC):
    """A way of computing networks. Results depend on the engine and its instruction set."""

    name: str

    @property
    @abstractmethod
    def instruction_set(self) -> str:
        """The instruction set used; results may differ in the last bits between two of them."""

    @property
    @abstractmethod
    def build(self) -> str:
        """The compiler or the libraries that it was made with; the last bits may differ here too."""

    @abstractmethod
    def load(self, architecture: Architecture, task: Task, weights: Weights) -> Computation:
        """A network ready to compute."""

    @abstractmethod
    def trainer(
        self,
        architecture: Architecture,
        optimisation: Optimisation,
        batches: BatchSource,
        weights: Weights,
    ) -> Trainer:
        """A network ready to train on these batches, starting from these weights."""
