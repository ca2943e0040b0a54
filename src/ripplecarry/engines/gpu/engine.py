"""The GPU engine: Triton kernels that train all runs of one shape in the same launches.

Each run has its own trainer and thread; what trainers of one shape request while they train is gathered
and computed at once. A run's results do not depend on the others.
"""

import os
from collections.abc import Generator, Hashable
from contextlib import contextmanager
from threading import Lock, RLock
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import torch
import triton

from ripplecarry.arithmetic.batches import Batch, BatchSource
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import Float, UInt8
from ripplecarry.engines.engine import Computation, Engine, PositionStream, Trainer
from ripplecarry.engines.gpu.launches import Multiply
from ripplecarry.engines.gpu.layout import Layout
from ripplecarry.engines.gpu.rendezvous import Rendezvous, Serve
from ripplecarry.engines.gpu.stack import Advance, Marks, Stack, StackShape
from ripplecarry.engines.optimisation import Optimisation
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.architecture import Architecture, check_known
from ripplecarry.networks.initial_values import Weights

LARGEST_SIDE = 128
"""Of a matrix: hidden size, embedding size, base and number of answers."""


_device_lock = RLock()
"""Only one thread at a time launches: neither Triton's compiler nor its interpreter guarantees more."""


class _Company:
    """The runs of one shape on the device."""

    def __init__(self, shape: StackShape, device: torch.device) -> None:
        self.stack = Stack(shape, device)
        self.rendezvous = Rendezvous(_device_lock)


_companies: "WeakValueDictionary[Hashable, _Company]" = WeakValueDictionary()
_companies_lock = Lock()


class GpuStream(PositionStream):
    def __init__(self, network: "GpuComputation") -> None:
        self._network = network
        self._state = network.company.stack.new_state()

    def feed(self, operands: UInt8[np.ndarray, "position operand"]) -> Float[np.ndarray, "position output"]:
        with self._network.company.rendezvous.alone():
            return self._network.company.stack.feed(self._network.slot, self._state, operands)


class GpuComputation(Computation):
    """A network in a slot of a stack on the device."""

    def __init__(self, company: _Company, weights: Weights) -> None:
        self.company = company
        with company.rendezvous.alone():
            self.slot = company.stack.add()
        self._write(0, company.stack.layout.pack(weights))

    def __del__(self) -> None:
        if hasattr(self, "slot"):
            with self.company.rendezvous.alone():
                self.company.stack.remove(self.slot)

    def logits(
        self, operands: UInt8[np.ndarray, "batch position operand"]
    ) -> Float[np.ndarray, "batch position output"]:
        operands = np.ascontiguousarray(operands, dtype=np.uint8)
        base = self.company.stack.layout.task.base
        if operands.size and operands.max() >= base:
            raise ConfigurationError(f"digit {operands.max()} is outside base {base}")
        with self.company.rendezvous.alone():
            return self.company.stack.logits(self.slot, operands)

    def stream(self) -> PositionStream:
        return GpuStream(self)

    def weights(self) -> Weights:
        return self.company.stack.layout.unpack(self._read(0))

    def _read(self, part: int) -> np.ndarray:
        with self.company.rendezvous.alone():
            return self.company.stack.read(self.slot, part)

    def _write(self, part: int, row: np.ndarray) -> None:
        with self.company.rendezvous.alone():
            self.company.stack.write(self.slot, part, row)


class GpuTrainer(GpuComputation, Trainer):
    """A network in training beside others of its shape."""

    def __init__(
        self, company: _Company, optimisation: Optimisation, batches: BatchSource, weights: Weights
    ) -> None:
        super().__init__(company, weights)
        self.step = 0
        self._optimisation = optimisation
        self._batches = batches
        self._is_among_others = False

    @contextmanager
    def among_others(self) -> Generator[None]:
        with self.company.rendezvous.member():
            self._is_among_others = True
            try:
                yield
            finally:
                self._is_among_others = False

    def advance(self, num_steps: int) -> Float[np.ndarray, " step"]:
        rates = [self._optimisation.learning_rate_at(self.step + done) for done in range(num_steps)]
        payload = Advance(self.slot, self._batches, self.step, np.array(rates))
        losses = self._ask(("advance", _kind(self._batches)), self.company.stack.advance, payload)
        self.step += len(losses) - (0 if np.isfinite(losses[-1]) else 1)
        return losses

    def count_right(self, batches: BatchSource, step: int) -> tuple[int, int]:
        payload = Marks(self.slot, batches, step)
        return self._ask(("marks", _kind(batches)), self.company.stack.marks, payload)

    def answers(
        self, operands: UInt8[np.ndarray, "batch position operand"]
    ) -> UInt8[np.ndarray, "batch position"]:
        kind = ("answers", operands.shape)
        return self._ask(kind, self.company.stack.answers, (self.slot, operands))

    def state(self) -> dict[str, np.ndarray]:
        return self.weights() | {f"optimiser.{name}": self._read(part) for part, name in _MOMENTS.items()}

    def restore(self, step: int, state: dict[str, np.ndarray]) -> None:
        layout = self.company.stack.layout
        moments = {part: state[f"optimiser.{name}"] for part, name in _MOMENTS.items()}
        for moment in moments.values():
            if moment.shape != (layout.size,) or moment.dtype != np.float32:
                raise ValueError(f"the optimiser has {moment.shape} moments, not ({layout.size},)")
        self._write(0, layout.pack(state))
        for part, moment in moments.items():
            self._write(part, moment)
        self.step = step

    def draw(self, source: BatchSource, step: int) -> Batch:
        """The batch of a step as the device draws it."""
        with self.company.rendezvous.alone():
            return self.company.stack.draw(source, step)

    def gradients(self, operands: np.ndarray, answers: np.ndarray) -> tuple[float, Weights]:
        """The mean loss on a batch and its gradient by parameter name."""
        with self.company.rendezvous.alone():
            loss, row = self.company.stack.gradients(self.slot, Batch(operands, answers))
        return loss, self.company.stack.layout.unpack(row)

    def _ask(self, kind: Hashable, serve: Serve, payload: Any) -> Any:
        if self._is_among_others:
            return self.company.rendezvous.ask(kind, serve, payload)
        with self.company.rendezvous.alone():
            (result,) = serve([payload])
        return result


_MOMENTS = {1: "first", 2: "second"}


def _kind(batches: BatchSource) -> Hashable:
    """What batches of one launch share besides the task."""
    b = batches
    return b.digits, b.positions, b.batch_size, b.stream, b.operands, b.lengths


class GpuEngine(Engine):
    """Triton kernels on the first GPU, or in Triton's interpreter if TRITON_INTERPRET is 1.

    Raises:
        ConfigurationError: no GPU, or no Triton.
    """

    def __init__(self, multiply: Multiply = "ieee") -> None:
        self.name = self.name_of(multiply)
        self.multiply: Multiply = multiply
        if is_interpreted():
            self.device = torch.device("cpu")
        elif torch.cuda.is_available():
            self.device = torch.device("cuda", 0)
        else:
            raise ConfigurationError(
                f"the engine {self.name} needs a GPU that PyTorch sees, and there is none; "
                "auto, native and torch need none (docs/gpu.md)"
            )

    @staticmethod
    def name_of(multiply: Multiply) -> str:
        """The engine's name for this way of multiplying."""
        return "gpu" if multiply == "ieee" else f"gpu_{multiply}"

    @property
    def instruction_set(self) -> str:
        if self.device.type == "cpu":
            return "interpreter"
        return "sm_{}{}".format(*torch.cuda.get_device_capability(self.device))

    @property
    def build(self) -> str:
        return f"triton {triton.__version__}"

    @property
    def device_name(self) -> str:
        """The GPU's name."""
        if self.device.type == "cpu":
            return "Triton's interpreter"
        return torch.cuda.get_device_name(self.device)

    def load(self, architecture: Architecture, task: Task, weights: Weights) -> Computation:
        return GpuComputation(self._company(architecture, task, Optimisation()), weights)

    def trainer(
        self,
        architecture: Architecture,
        optimisation: Optimisation,
        batches: BatchSource,
        weights: Weights,
    ) -> Trainer:
        unknown = [
            name
            for name, is_given in (
                ("weight_decay", optimisation.weight_decay),
                ("clip", optimisation.clip),
                ("grow_over", batches.grow_over),
            )
            if is_given
        ]
        if unknown:
            raise ConfigurationError(
                f"the gpu engine does not know {', '.join(unknown)}; native and torch do"
            )
        company = self._company(architecture, batches.task, optimisation)
        return GpuTrainer(company, optimisation, batches, weights)

    def _company(self, architecture: Architecture, task: Task, optimisation: Optimisation) -> _Company:
        """The company of this shape, created if needed."""
        shape = self.shape_of(architecture, task, optimisation, self.multiply)
        tables = task.machine.next_state.tobytes(), task.machine.output.tobytes()
        sizes = shape.layout.architecture, task.base, task.num_operands
        key = *sizes, *tables, shape.optimiser, shape.multiply
        with _companies_lock:
            company = _companies.get(key)
            if company is None:
                _companies[key] = company = _Company(shape, self.device)
            return company

    @staticmethod
    def shape_of(
        architecture: Architecture, task: Task, optimisation: Optimisation, multiply: Multiply
    ) -> StackShape:
        """What runs trained together share; raises where a matrix would be too large for a program."""
        check_known(architecture.cell, by="gpu")
        plain = Architecture(**{name: getattr(architecture, name) for name in Architecture.model_fields})
        sizes = {
            "hidden_size": plain.hidden_size,
            "embedding_size": plain.embedding_size,
            "base": task.base,
            "number of answers": task.num_outputs,
        }
        for name, size in sizes.items():
            if size > LARGEST_SIDE:
                raise ConfigurationError(f"{name} is {size}; the gpu engine has up to {LARGEST_SIDE}")
        return StackShape(Layout(plain, task), optimisation.optimiser, multiply)


def is_interpreted() -> bool:
    """Whether Triton's interpreter replaces the GPU: on the processor, for tests only."""
    return os.environ.get("TRITON_INTERPRET") == "1"
