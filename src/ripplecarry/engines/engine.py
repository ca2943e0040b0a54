"""What an engine is: a training step, a forward pass and a stream of positions for a network."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext

import numpy as np
from jaxtyping import Float, UInt8

from ripplecarry.arithmetic.batches import BatchSource
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.engines.optimisation import Optimisation
from ripplecarry.networks.architecture import Architecture
from ripplecarry.networks.initial_values import Weights


class PositionStream(ABC):
    """One sequence fed piece by piece; the hidden state is carried between the pieces."""

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
        """The answer digits: the largest logit's, the smaller digit where two are equal."""
        return self.logits(operands).argmax(axis=-1).astype(np.uint8)

    def count_right(self, batches: BatchSource, step: int) -> tuple[int, int]:
        """How many answers of a step's batch are right in every digit, and how many digits are right."""
        operands, right = batches.draw(step)
        agrees = self.answers(operands) == right
        return int(agrees.all(axis=1).sum()), int(agrees.sum())


class Trainer(Computation):
    """A network in training."""

    step: int
    """Updates done so far, which is also the number of the next step."""

    def among_others(self) -> AbstractContextManager[None]:
        """While it is entered, work asked of this trainer may wait for that of others trained beside it."""
        return nullcontext()

    @abstractmethod
    def advance(self, num_steps: int) -> Float[np.ndarray, " step"]:
        """Trains and returns the loss of each step, taken before that step's update.

        A loss that is not finite is returned as the last one, without an update behind it.
        """

    @abstractmethod
    def state(self) -> dict[str, np.ndarray]:
        """All that training depends on besides the step, as a flat mapping of arrays."""

    @abstractmethod
    def restore(self, step: int, state: dict[str, np.ndarray]) -> None:
        """Goes on from a state, bit for bit as if never interrupted."""


class Engine(ABC):
    """A way of computing networks. Results are a function of it and of its instruction set."""

    name: str

    @property
    @abstractmethod
    def instruction_set(self) -> str:
        """What of the processor's it uses; results may differ in the last bits between two."""

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
        """A network ready to train on these batches, from these weights."""
