"""The native engine: the C++ kernel through ctypes; knows no torch.

Drawing operands, the forward and backward pass and the update all happen inside one call, which holds
no interpreter lock.
"""

import ctypes
import os
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np

from ripplecarry.arithmetic.batches import Batch, BatchSource
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.engines.engine import Computation, Engine, PositionStream, Trainer
from ripplecarry.engines.optimisation import Optimisation
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.architecture import CELL_SHAPES, Architecture, check_known, parameter_shapes
from ripplecarry.networks.initial_values import Weights

_CELLS = {"rnn": 0, "gru": 1, "lstm": 2}
_OPTIMISERS = {"adam": 0, "momentum": 1, "sgd": 2}
_SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
_BUILT = Path(__file__).with_name("_kernel" + _SUFFIX)
_LEVELS = {4: "x86-64-v4", 3: "x86-64-v3", 2: "x86-64-v2", 0: "generic"}

_I32, _I64, _U32, _U64, _F64 = (
    ctypes.c_int32,
    ctypes.c_int64,
    ctypes.c_uint32,
    ctypes.c_uint64,
    ctypes.c_double,
)


def _array(dtype: type) -> type:
    return np.ctypeslib.ndpointer(dtype=dtype, flags="C_CONTIGUOUS")


_FLOATS, _BYTES = _array(np.float32), _array(np.uint8)
_SIGNATURES = {
    "rc_build": (ctypes.c_char_p, []),
    "rc_instruction_set": (_I32, []),
    "rc_multiply_add": (_I64, [_I32]),
    "rc_apply": (None, [_I32, _I32, _I64, _FLOATS, _FLOATS]),
    "rc_open": (ctypes.c_void_p, [_array(np.int32), _I32]),
    "rc_close": (None, [ctypes.c_void_p]),
    "rc_num_parameters": (_I64, [ctypes.c_void_p]),
    "rc_set_parameters": (None, [ctypes.c_void_p, _FLOATS]),
    "rc_get_parameters": (None, [ctypes.c_void_p, _FLOATS]),
    "rc_set_machine": (_I32, [ctypes.c_void_p, _I32, _I32, _array(np.int32), _BYTES]),
    "rc_gradients": (_I32, [ctypes.c_void_p, _BYTES, _BYTES, _I32, _I32, ctypes.POINTER(_F64), _FLOATS]),
    "rc_logits": (_I32, [ctypes.c_void_p, _BYTES, _I32, _I32, ctypes.c_void_p, _FLOATS]),
    "rc_draw": (
        _I32,
        [ctypes.c_void_p, _U64, _U32, _U32, _I32, _I32, _I32, _BYTES, _BYTES],
    ),
    "rc_train": (
        _I32,
        [ctypes.c_void_p, _U64, _U32, _I32, _I32, _I32, _I32, _array(np.float64), _I64, _I32]
        + [_FLOATS] * 3
        + [ctypes.c_void_p] * 2,
    ),
}


@cache
def _library() -> ctypes.CDLL:
    """The kernel's library.

    Raises:
        ImportError: it is not built, or another version's.
        OSError: it does not load on this machine.
    """
    path = os.environ.get("RIPPLECARRY_NATIVE_LIBRARY")  # a build of one's own, as for sanitizers
    if path is None:
        if not _BUILT.exists():
            raise ImportError(f"{_BUILT} is not there")
        path = str(_BUILT)
    library = ctypes.CDLL(path)
    for name, (result, arguments) in _SIGNATURES.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise ImportError(f"{path} is of another version: it has no {name}") from None
        function.restype, function.argtypes = result, arguments
    return library


def is_available() -> bool:
    """Whether the kernel is built and loads here."""
    try:
        _library()
    except (ImportError, OSError):
        return False
    return True


def _check_memory(was_given: int, use: str) -> None:
    if not was_given:
        raise ConfigurationError(f"the system refused the native engine the memory for {use}")


class _Handle:
    """A network inside the library, freed with this object."""

    def __init__(self, architecture: Architecture, task: Task, level: int, weights: Weights) -> None:
        self.kernel = _library()
        check_known(architecture.cell, by="native")
        self._shapes = parameter_shapes(architecture, task)
        shape = np.array(
            [
                _CELLS[architecture.cell],
                architecture.layers,
                architecture.hidden_size,
                architecture.embedding_size,
                task.base,
                task.num_operands,
                task.num_outputs,
            ],
            dtype=np.int32,
        )
        self.pointer = self.kernel.rc_open(shape, level)
        if not self.pointer:
            raise ConfigurationError(
                f"the system refused the native engine the memory for this network ({_LEVELS[level]})"
            )
        self.task = task
        self.num_parameters = self.kernel.rc_num_parameters(self.pointer)
        self.num_state_floats = (
            CELL_SHAPES[architecture.cell].num_states * architecture.layers * architecture.hidden_size
        )
        machine = task.machine
        was_given = self.kernel.rc_set_machine(
            self.pointer,
            machine.num_states,
            machine.num_symbols,
            np.ascontiguousarray(machine.next_state, dtype=np.int32),
            np.ascontiguousarray(machine.output),
        )
        _check_memory(was_given, "the task's machine")
        self.set_weights(weights)

    def __del__(self) -> None:
        if getattr(self, "pointer", None):
            self.kernel.rc_close(self.pointer)

    def set_weights(self, weights: Weights) -> None:
        for name, shape in self._shapes.items():  # the kernel reads as much memory as the shapes say
            if weights[name].shape != shape:
                raise ValueError(f"{name} has the shape {weights[name].shape}, not {shape}")
        flat = np.concatenate([weights[name].ravel() for name in self._shapes]).astype(np.float32)
        self.kernel.rc_set_parameters(self.pointer, flat)

    def weights(self) -> Weights:
        flat = np.empty(self.num_parameters, dtype=np.float32)
        self.kernel.rc_get_parameters(self.pointer, flat)
        return self.unflatten(flat)

    def unflatten(self, flat: np.ndarray) -> Weights:
        """Arrays by name from all parameters' numbers in a row."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self._shapes.values()])
        parts = np.split(flat, ends[:-1])
        return {
            name: part.reshape(shape).copy()
            for (name, shape), part in zip(self._shapes.items(), parts, strict=True)
        }

    def logits(self, operands: np.ndarray, state: np.ndarray | None = None) -> np.ndarray:
        operands = np.ascontiguousarray(operands, dtype=np.uint8)
        if operands.size and operands.max() >= self.task.base:
            raise ConfigurationError(f"digit {operands.max()} is outside base {self.task.base}")
        batch, positions, _ = operands.shape
        result = np.empty((batch, positions, self.task.num_outputs), dtype=np.float32)
        pointer = None if state is None else state.ctypes.data
        was_given = self.kernel.rc_logits(self.pointer, operands, batch, positions, pointer, result)
        _check_memory(was_given, f"{positions} positions of {batch} sums")
        return result


class NativeStream(PositionStream):
    def __init__(self, handle: _Handle) -> None:
        self._handle = handle
        self._state = np.zeros(handle.num_state_floats, dtype=np.float32)

    def feed(self, operands):
        return self._handle.logits(operands[None], self._state)[0]


class NativeComputation(Computation):
    """A network inside the kernel."""

    def __init__(self, handle: _Handle) -> None:
        self._handle = handle

    def logits(self, operands):
        return self._handle.logits(operands)

    def stream(self):
        return NativeStream(self._handle)

    def weights(self):
        return self._handle.weights()


class NativeTrainer(NativeComputation, Trainer):
    """A network in training inside the kernel."""

    def __init__(self, handle: _Handle, optimisation: Optimisation, batches: BatchSource) -> None:
        super().__init__(handle)
        self.step = 0
        self._optimisation = optimisation
        self._batches = batches
        self._first, self._second = np.zeros((2, handle.num_parameters), dtype=np.float32)

    def advance(self, num_steps):
        steps = range(self.step, self.step + num_steps)
        rates = np.array([self._optimisation.learning_rate_at(step) for step in steps])
        losses = np.empty(num_steps, dtype=np.float32)
        b = self._batches
        drawn: list[np.ndarray] = []
        if not b.is_plain:  # which the kernel draws itself
            drawn = [np.stack(parts) for parts in zip(*b.draw_steps(self.step, num_steps), strict=True)]
        given = [part.ctypes.data for part in drawn] or [None, None]
        count = self._handle.kernel.rc_train(
            self._handle.pointer,
            b.seed,
            b.stream,
            b.batch_size,
            b.digits,
            b.positions,
            _OPTIMISERS[self._optimisation.optimiser],
            rates,
            self.step,
            num_steps,
            self._first,
            self._second,
            losses,
            *given,
        )
        _check_memory(count >= 0, f"{b.positions} positions of {b.batch_size} sums")
        losses = losses[:count]
        self.step += count - (0 if np.isfinite(losses[-1]) else 1)
        return losses

    def state(self):
        moments = {"optimiser.first": self._first.copy(), "optimiser.second": self._second.copy()}
        return self.weights() | moments

    def restore(self, step, state):
        moments = [state[f"optimiser.{name}"] for name in ("first", "second")]
        for moment in moments:
            if moment.shape != self._first.shape or moment.dtype != np.float32:
                raise ValueError(f"the optimiser has {moment.shape} moments, not {self._first.shape}")
        self._handle.set_weights(state)
        self._first, self._second = (moment.copy() for moment in moments)
        self.step = step

    def draw(self, source: BatchSource, step: int) -> Batch:
        """The batch of a step as the kernel draws it."""
        operands = np.empty((source.batch_size, source.positions, source.task.num_operands), dtype=np.uint8)
        answers = np.empty((source.batch_size, source.positions), dtype=np.uint8)
        was_given = self._handle.kernel.rc_draw(
            self._handle.pointer,
            source.seed,
            source.stream,
            step,
            source.batch_size,
            source.digits,
            source.positions,
            operands,
            answers,
        )
        _check_memory(was_given, "a batch")
        return Batch(operands, answers)

    def gradients(self, operands: np.ndarray, answers: np.ndarray) -> tuple[float, Weights]:
        """The mean loss on a batch and its gradient by parameter name."""
        flat = np.empty(self._handle.num_parameters, dtype=np.float32)
        batch, positions, _ = operands.shape
        loss = _F64()
        was_given = self._handle.kernel.rc_gradients(
            self._handle.pointer, operands, answers, batch, positions, loss, flat
        )
        _check_memory(was_given, f"{positions} positions of {batch} sums")
        return loss.value, self._handle.unflatten(flat)


class NativeEngine(Engine):
    """The C++ kernel.

    Args:
        level: an x86-64 level to use, 2 to 4; the newest that the processor has unless given.
    """

    name = "native"

    def __init__(self, level: int | None = None) -> None:
        best = _library().rc_instruction_set()
        if level is not None and level not in range(2, best + 1):
            raise ConfigurationError(f"instruction set level {level} is not there; up to {best}")
        self._level = best if level is None else level

    @property
    def instruction_set(self) -> str:
        return _LEVELS[self._level]

    @property
    def build(self) -> str:
        return _library().rc_build().decode()

    def peak_flops(self) -> float:
        """Multiplications and additions per second of this core's time, measured for at least 30 ms."""
        began, count, spent = time.process_time(), 0, 0.0
        while spent < 0.03:
            count += _library().rc_multiply_add(self._level)
            spent = time.process_time() - began
        return count / spent

    def apply(self, function: str, values: np.ndarray) -> np.ndarray:
        """`tanh` or `sigmoid` of float32 numbers, as the cells compute it."""
        values = np.ascontiguousarray(values, dtype=np.float32)
        result = np.empty_like(values)
        number = ("tanh", "sigmoid").index(function)
        _library().rc_apply(self._level, number, values.size, values, result)
        return result

    def load(self, architecture: Architecture, task: Task, weights: Weights) -> Computation:
        return NativeComputation(_Handle(architecture, task, self._level, weights))

    def trainer(
        self,
        architecture: Architecture,
        optimisation: Optimisation,
        batches: BatchSource,
        weights: Weights,
    ) -> Trainer:
        handle = _Handle(architecture, batches.task, self._level, weights)
        return NativeTrainer(handle, optimisation, batches)
