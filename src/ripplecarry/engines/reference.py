"""The reference engine: PyTorch and autograd, any cell and any loss, on one thread."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from ripplecarry.arithmetic.batches import Batch, BatchSource
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import Float, Int, UInt8
from ripplecarry.engines.engine import Computation, Engine, PositionStream, Trainer
from ripplecarry.engines.optimisation import Optimisation
from ripplecarry.networks.adder import Adder
from ripplecarry.networks.architecture import Architecture
from ripplecarry.networks.initial_values import Weights

OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "momentum": lambda parameters, lr: torch.optim.SGD(parameters, lr=lr, momentum=0.9),
    "sgd": torch.optim.SGD,
}

Loss = Callable[[Float[Tensor, "batch position output"], Int[Tensor, "batch position"]], Float[Tensor, ""]]


def mean_cross_entropy(
    logits: Float[Tensor, "batch position output"], answers: Int[Tensor, "batch position"]
) -> Float[Tensor, ""]:
    """Cross-entropy, the mean over all positions and the batch."""
    return cross_entropy(logits.flatten(0, 1), answers.flatten())


@runtime_checkable
class Draws(Protocol):
    """Anything that gives a batch for each step."""

    def draw(self, step: int) -> Batch: ...


@contextmanager
def one_thread() -> Generator[None]:
    """PyTorch on one thread: a sum's order, hence its bits, must not depend on the machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class ReferenceStream(PositionStream):
    def __init__(self, network: Adder) -> None:
        self._network = network
        self._state = network.zero_state(1)

    def feed(self, operands: UInt8[np.ndarray, "position operand"]) -> Float[np.ndarray, "position output"]:
        with torch.inference_mode(), one_thread():
            logits, self._state = self._network.run(torch.tensor(operands[None]), self._state)
        return logits[0].numpy()


class ReferenceComputation(Computation):
    """A PyTorch network that computes."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    def logits(
        self, operands: UInt8[np.ndarray, "batch position operand"]
    ) -> Float[np.ndarray, "batch position output"]:
        with torch.inference_mode(), one_thread():
            return self.network(torch.tensor(operands)).numpy()

    def stream(self) -> PositionStream:
        return ReferenceStream(self.network)  # pyrefly: ignore[bad-argument-type]

    def weights(self) -> Weights:
        return {name: p.detach().numpy().copy() for name, p in self.network.named_parameters()}


class ReferenceTrainer(ReferenceComputation, Trainer):
    """A PyTorch network in training by autograd.

    Args:
        optimisation: what changes the optimiser's rate, the weights and the gradient besides; nothing
            where it is None.
    """

    def __init__(
        self,
        network: nn.Module,
        optimiser: torch.optim.Optimizer,
        batches: Draws,
        loss: Loss = mean_cross_entropy,
        optimisation: Optimisation | None = None,
    ) -> None:
        super().__init__(network)
        self.step = 0
        self._optimiser = optimiser
        self._batches = batches
        self._loss = loss
        self._optimisation = optimisation

    def advance(self, num_steps: int) -> Float[np.ndarray, " step"]:
        losses = []
        with one_thread():
            for _ in range(num_steps):
                losses.append(self._update())
                if not np.isfinite(losses[-1]):
                    break
        return np.array(losses, dtype=np.float32)

    def _update(self) -> float:
        how = self._optimisation
        if how is not None:
            for group in self._optimiser.param_groups:
                group["lr"] = how.learning_rate_at(self.step)
        operands, answers = self._batches.draw(self.step)
        self._optimiser.zero_grad()
        loss = self._loss(self.network(torch.tensor(operands)), torch.tensor(answers).long())
        value = loss.item()
        if np.isfinite(value):
            loss.backward()
            if how is not None and how.clip is not None:
                clip_grad_norm_(self.network.parameters(), how.clip)
            if how is not None and how.weight_decay:
                with torch.no_grad():
                    for parameter in self.network.parameters():
                        parameter.mul_(1 - how.learning_rate_at(self.step) * how.weight_decay)
            self._optimiser.step()
            self.step += 1
        return value

    def state(self) -> dict[str, np.ndarray]:
        arrays = self.weights()
        for number, slots in self._optimiser.state_dict()["state"].items():
            for slot, value in slots.items():
                if value is not None:
                    arrays[f"optimiser.{number}.{slot}"] = value.detach().numpy().copy()
        return arrays

    def restore(self, step: int, state: dict[str, np.ndarray]) -> None:
        slots: dict[int, dict[str, Tensor]] = {}
        with torch.no_grad():
            for name, parameter in self.network.named_parameters():
                parameter.copy_(torch.tensor(state[name]))
        for name, value in state.items():
            if name.startswith("optimiser."):
                _, number, slot = name.split(".")
                slots.setdefault(int(number), {})[slot] = torch.tensor(value)
        groups = self._optimiser.state_dict()["param_groups"]
        self._optimiser.load_state_dict({"state": slots, "param_groups": groups})
        self.step = step


class ReferenceEngine(Engine):
    """PyTorch on the processor.

    Args:
        loss: what training lowers; the report's cross-entropy unless given.
    """

    name = "torch"

    def __init__(self, loss: Loss = mean_cross_entropy) -> None:
        self._loss = loss

    @property
    def instruction_set(self) -> str:
        return torch.backends.cpu.get_cpu_capability().lower()

    @property
    def build(self) -> str:
        return f"torch {torch.__version__}"

    def load(self, architecture: Architecture, task: Task, weights: Weights) -> Computation:
        return ReferenceComputation(Adder.build(architecture, task, weights))

    def trainer(
        self,
        architecture: Architecture,
        optimisation: Optimisation,
        batches: BatchSource,
        weights: Weights,
    ) -> Trainer:
        network = Adder.build(architecture, batches.task, weights)
        optimiser = OPTIMISERS[optimisation.optimiser](network.parameters(), lr=optimisation.learning_rate)
        return ReferenceTrainer(network, optimiser, batches, self._loss, optimisation)
