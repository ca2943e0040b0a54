"""The native engine: the C++ kernel; knows no torch.

Drawing operands, the forward and backward pass and the update all happen inside one call, which holds
no interpreter lock.
"""

import ctypes
import time
from itertools import groupby
from math import prod

import numpy as np

from ripplecarry.arithmetic.batches import Batch, BatchSource
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import Float, UInt8
from ripplecarry.engines.engine import Computation, Engine, PositionStream, Trainer
from ripplecarry.engines.kernel import LEVELS, check_memory, kernel_library
from ripplecarry.engines.optimisation import Optimisation
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.architecture import Architecture, check_known, parameter_shapes
from ripplecarry.networks.initial_values import Weights

_CELLS = ("rnn", "gru", "lstm", "mingru", "minlstm", "diagonal", "diagonal_signed")
"""In the kernel's order."""
_OPTIMISERS = {"adam": 0, "momentum": 1, "sgd": 2}
_OPERANDS = {"uniform": 0, "carry-balanced": 1}
MOST_BALANCED = 500
"""The most digits for which the kernel draws carry-balanced operands; it keeps a table of their square."""


def _is_drawn_by_kernel(source: BatchSource) -> bool:
    """Whether the kernel can draw such operands; others are given to it."""
    return source.operands == "uniform" or (
        source.operands == "carry-balanced" and source.digits <= MOST_BALANCED
    )


def _numbers(source: BatchSource) -> np.ndarray:
    """What the kernel is told of a batch."""
    kind, is_mixed = _OPERANDS.get(source.operands, 0), source.lengths == "mixed"
    sizes = [source.batch_size, source.digits, source.positions]
    return np.array([*sizes, kind, is_mixed, 0], dtype=np.int32)


class NativeStream(PositionStream):
    def __init__(self, network: "NativeComputation") -> None:
        self._network = network
        self._state = np.zeros(network.num_state_floats, dtype=np.float32)

    def feed(self, operands: UInt8[np.ndarray, "position operand"]) -> Float[np.ndarray, "position output"]:
        return self._network.logits(operands[None], self._state)[0]


class NativeComputation(Computation):
    """A network inside the kernel, freed with this object."""

    def __init__(self, architecture: Architecture, task: Task, level: int, weights: Weights) -> None:
        self._kernel = kernel_library()
        check_known(architecture.cell, by="native")
        a, machine = architecture, task.machine
        self._task, self._shapes = task, parameter_shapes(a, task)
        sizes = [_CELLS.index(a.cell), a.layers, a.hidden_size, a.embedding_size]
        sizes += [task.base, task.num_operands, task.num_outputs]
        self._pointer = self._kernel.rc_open(np.array(sizes, dtype=np.int32), level)
        check_memory(self._pointer, f"this network ({LEVELS[level]})")
        self.num_state_floats = a.layers * sum(map(prod, a.cell_shape.states(a.hidden_size)))
        self._num_parameters = self._kernel.rc_num_parameters(self._pointer)
        was_given = self._kernel.rc_set_machine(
            self._pointer,
            machine.num_states,
            machine.num_symbols,
            np.ascontiguousarray(machine.next_state, dtype=np.int32),
            np.ascontiguousarray(machine.output),
        )
        check_memory(was_given, "the task's machine")
        self._set_weights(weights)

    def __del__(self) -> None:
        if getattr(self, "_pointer", None):
            self._kernel.rc_close(self._pointer)

    def logits(
        self, operands: UInt8[np.ndarray, "batch position operand"], state: np.ndarray | None = None
    ) -> Float[np.ndarray, "batch position output"]:
        """The logits at each position.

        Args:
            state: what the layers pass on, updated; zero unless given.
        """
        operands = np.ascontiguousarray(operands, dtype=np.uint8)
        if operands.size and operands.max() >= self._task.base:
            raise ConfigurationError(f"digit {operands.max()} is outside base {self._task.base}")
        batch, positions, _ = operands.shape
        result = np.empty((batch, positions, self._task.num_outputs), dtype=np.float32)
        pointer = None if state is None else state.ctypes.data
        was_given = self._kernel.rc_logits(self._pointer, operands, batch, positions, pointer, result)
        check_memory(was_given, f"{positions} positions of {batch} sums")
        return result

    def stream(self) -> PositionStream:
        return NativeStream(self)

    def initial_weights(self, seed: int) -> Weights:
        """The weights that a seed starts from, as `networks.initial_values` has them."""
        flat = np.empty(self._num_parameters, dtype=np.float32)
        check_memory(self._kernel.rc_initial_values(self._pointer, seed, flat), "initial weights")
        return self._unflatten(flat)

    def weights(self) -> Weights:
        flat = np.empty(self._num_parameters, dtype=np.float32)
        self._kernel.rc_get_parameters(self._pointer, flat)
        return self._unflatten(flat)

    def _set_weights(self, weights: Weights) -> None:
        for name, shape in self._shapes.items():  # the kernel reads as much memory as the shapes say
            if weights[name].shape != shape:
                raise ValueError(f"{name} has the shape {weights[name].shape}, not {shape}")
        flat = np.concatenate([weights[name].ravel() for name in self._shapes]).astype(np.float32)
        self._kernel.rc_set_parameters(self._pointer, flat)

    def _unflatten(self, flat: np.ndarray) -> Weights:
        """Arrays by name from all parameters' numbers in a row."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self._shapes.values()])
        parts = np.split(flat, ends[:-1])
        return {
            name: part.reshape(shape).copy()
            for (name, shape), part in zip(self._shapes.items(), parts, strict=True)
        }


class NativeTrainer(NativeComputation, Trainer):
    """A network in training inside the kernel."""

    def __init__(
        self,
        architecture: Architecture,
        optimisation: Optimisation,
        batches: BatchSource,
        level: int,
        weights: Weights,
    ) -> None:
        super().__init__(architecture, batches.task, level, weights)
        self.step = 0
        self._optimisation = optimisation
        self._batches = batches
        self._first, self._second = np.zeros((2, self._num_parameters), dtype=np.float32)

    def advance(self, num_steps: int) -> Float[np.ndarray, " step"]:
        losses: list[np.ndarray] = []
        steps = range(self.step, self.step + num_steps)
        for source, alike in groupby(steps, self._batches.at):
            losses.append(self._advance(source, len(list(alike))))
            if not np.isfinite(losses[-1][-1]):
                break
        return np.concatenate(losses)

    def _advance(self, batches: BatchSource, num_steps: int) -> Float[np.ndarray, " step"]:
        """Trains on batches of one shape."""
        how = self._optimisation
        rates = [how.learning_rate_at(step) for step in range(self.step, self.step + num_steps)]
        losses = np.empty(num_steps, dtype=np.float32)
        drawn: list[np.ndarray] = []
        if not _is_drawn_by_kernel(batches):
            drawn = [
                np.stack(parts) for parts in zip(*batches.draw_steps(self.step, num_steps), strict=True)
            ]
        given = [part.ctypes.data for part in drawn] or [None, None]
        count = self._kernel.rc_train(
            self._pointer,
            batches.seed,
            batches.stream,
            _numbers(batches),
            _OPTIMISERS[how.optimiser],
            how.weight_decay,
            how.clip or 0,
            np.array(rates),
            self.step,
            num_steps,
            self._first,
            self._second,
            losses,
            *given,
        )
        check_memory(count >= 0, f"{batches.positions} positions of {batches.batch_size} sums")
        losses = losses[:count]
        self.step += count - (0 if np.isfinite(losses[-1]) else 1)
        return losses

    def state(self) -> dict[str, np.ndarray]:
        moments = {"optimiser.first": self._first.copy(), "optimiser.second": self._second.copy()}
        return self.weights() | moments

    def restore(self, step: int, state: dict[str, np.ndarray]) -> None:
        moments = [state[f"optimiser.{name}"] for name in ("first", "second")]
        for moment in moments:
            if moment.shape != self._first.shape or moment.dtype != np.float32:
                raise ValueError(f"the optimiser has {moment.shape} moments, not {self._first.shape}")
        self._set_weights(state)
        self._first, self._second = (moment.copy() for moment in moments)
        self.step = step

    def draw(self, source: BatchSource, step: int) -> Batch:
        """The batch of a step as the kernel draws it, where it can."""
        if source.operands not in _OPERANDS:
            return source.draw(step)
        operands = np.empty((source.batch_size, source.positions, source.task.num_operands), dtype=np.uint8)
        answers = np.empty((source.batch_size, source.positions), dtype=np.uint8)
        was_given = self._kernel.rc_draw(
            self._pointer,
            source.seed,
            source.stream,
            _numbers(source),
            step,
            operands,
            answers,
        )
        check_memory(was_given, "a batch")
        return Batch(operands, answers)

    def gradients(self, operands: np.ndarray, answers: np.ndarray) -> tuple[float, Weights]:
        """The mean loss on a batch and its gradient by parameter name."""
        flat = np.empty(self._num_parameters, dtype=np.float32)
        batch, positions, _ = operands.shape
        loss = ctypes.c_double()
        was_given = self._kernel.rc_gradients(
            self._pointer, operands, answers, batch, positions, loss, flat
        )
        check_memory(was_given, f"{positions} positions of {batch} sums")
        return loss.value, self._unflatten(flat)


class NativeEngine(Engine):
    """The C++ kernel.

    Args:
        level: an x86-64 level to use, 2 to 4; the newest that the processor has unless given.
    """

    name = "native"

    def __init__(self, level: int | None = None) -> None:
        best = kernel_library().rc_instruction_set()
        if level is not None and level not in range(2, best + 1):
            raise ConfigurationError(f"instruction set level {level} is not there; up to {best}")
        self._level = best if level is None else level

    @property
    def instruction_set(self) -> str:
        return LEVELS[self._level]

    @property
    def build(self) -> str:
        return kernel_library().rc_build().decode()

    def peak_flops(self) -> float:
        """Multiplications and additions per second of this core's time, measured for at least 30 ms."""
        began, count, spent = time.process_time(), 0, 0.0
        while spent < 0.03:
            count += kernel_library().rc_multiply_add(self._level)
            spent = time.process_time() - began
        return count / spent

    def apply(self, function: str, values: np.ndarray) -> np.ndarray:
        """`tanh` or `sigmoid` of float32 numbers, as the cells compute it."""
        values = np.ascontiguousarray(values, dtype=np.float32)
        result = np.empty_like(values)
        number = ("tanh", "sigmoid").index(function)
        kernel_library().rc_apply(self._level, number, values.size, values, result)
        return result

    def load(self, architecture: Architecture, task: Task, weights: Weights) -> Computation:
        return NativeComputation(architecture, task, self._level, weights)

    def trainer(
        self,
        architecture: Architecture,
        optimisation: Optimisation,
        batches: BatchSource,
        weights: Weights,
    ) -> Trainer:
        return NativeTrainer(architecture, optimisation, batches, self._level, weights)
