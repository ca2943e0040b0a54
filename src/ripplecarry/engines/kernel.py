"""The C++ kernel's library through ctypes, and networks inside it."""

import ctypes
import os
import sys
from functools import cache
from pathlib import Path

import numpy as np

from ripplecarry.arithmetic.tasks import Task
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.architecture import CELL_SHAPES, Architecture, check_known, parameter_shapes
from ripplecarry.networks.initial_values import Weights

_CELLS = {"rnn": 0, "gru": 1, "lstm": 2}
_SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
_BUILT = Path(__file__).with_name("_kernel" + _SUFFIX)
LEVELS = {4: "x86-64-v4", 3: "x86-64-v3", 2: "x86-64-v2", 0: "generic"}

_I32, _I64, _U32, _U64, _F64 = (
    ctypes.c_int32,
    ctypes.c_int64,
    ctypes.c_uint32,
    ctypes.c_uint64,
    ctypes.c_double,
)


def _array(dtype: type) -> type:
    return np.ctypeslib.ndpointer(dtype=dtype, flags="C_CONTIGUOUS")


_FLOATS, _BYTES, _INTS = _array(np.float32), _array(np.uint8), _array(np.int32)
_SIGNATURES = {
    "rc_build": (ctypes.c_char_p, []),
    "rc_instruction_set": (_I32, []),
    "rc_multiply_add": (_I64, [_I32]),
    "rc_apply": (None, [_I32, _I32, _I64, _FLOATS, _FLOATS]),
    "rc_open": (ctypes.c_void_p, [_INTS, _I32]),
    "rc_close": (None, [ctypes.c_void_p]),
    "rc_num_parameters": (_I64, [ctypes.c_void_p]),
    "rc_set_parameters": (None, [ctypes.c_void_p, _FLOATS]),
    "rc_get_parameters": (None, [ctypes.c_void_p, _FLOATS]),
    "rc_set_machine": (_I32, [ctypes.c_void_p, _I32, _I32, _INTS, _BYTES]),
    "rc_gradients": (_I32, [ctypes.c_void_p, _BYTES, _BYTES, _I32, _I32, ctypes.POINTER(_F64), _FLOATS]),
    "rc_logits": (_I32, [ctypes.c_void_p, _BYTES, _I32, _I32, ctypes.c_void_p, _FLOATS]),
    "rc_draw": (_I32, [ctypes.c_void_p, _U64, _U32, _INTS, _U32, _BYTES, _BYTES]),
    "rc_initial_values": (_I32, [ctypes.c_void_p, _U64, _FLOATS]),
    "rc_train": (
        _I32,
        [ctypes.c_void_p, _U64, _U32, _INTS, _I32, _array(np.float64), _I64, _I32]
        + [_FLOATS] * 3
        + [ctypes.c_void_p] * 2,
    ),
}


@cache
def kernel_library() -> ctypes.CDLL:
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
        kernel_library()
    except (ImportError, OSError):
        return False
    return True


def check_memory(was_given: int, use: str) -> None:
    """Refuses a call for which the system gave the kernel no memory."""
    if not was_given:
        raise ConfigurationError(f"the system refused the native engine the memory for {use}")


class KernelNetwork:
    """A network inside the library, freed with this object."""

    def __init__(self, architecture: Architecture, task: Task, level: int, weights: Weights) -> None:
        self.kernel = kernel_library()
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
                f"the system refused the native engine the memory for this network ({LEVELS[level]})"
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
        check_memory(was_given, "the task's machine")
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

    def initial_weights(self, seed: int) -> Weights:
        """The weights that a seed starts from, as `networks.initial_values` has them."""
        flat = np.empty(self.num_parameters, dtype=np.float32)
        check_memory(self.kernel.rc_initial_values(self.pointer, seed, flat), "initial weights")
        return self.unflatten(flat)

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
        check_memory(was_given, f"{positions} positions of {batch} sums")
        return result
